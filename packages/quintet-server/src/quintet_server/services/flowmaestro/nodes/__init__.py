"""The node types: for each its configuration, what it does and what it puts out.

:data:`~.registry.REGISTRY` knows them all and executes most; `loop`, `wait` and `humanReview`
decide here, as pure functions, and are carried out by whoever runs the workflow.
"""
