"""The calls of this package, written once in their async form; ``_sync`` is generated from it."""
