"""The client, written once in its async form; ``_sync`` is generated from it."""
