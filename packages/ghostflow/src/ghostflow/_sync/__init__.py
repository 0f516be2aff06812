# Generated from ghostflow/_async/__init__.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The client, written once in its async form; ``_sync`` is generated from it."""
