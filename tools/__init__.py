"""The repository's own tools: the sync generator and the gates of `scripts/check`."""
