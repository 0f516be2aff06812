# Generated from aerostack/_async/__init__.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The calls of this package, written once in their async form; ``_sync`` is generated from it."""
