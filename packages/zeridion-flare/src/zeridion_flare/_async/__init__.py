"""The client and the worker as written: async. ``_sync`` is generated from here."""
