# Generated from zeridion_flare/_async/__init__.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The client and the worker as written: async. ``_sync`` is generated from here."""
