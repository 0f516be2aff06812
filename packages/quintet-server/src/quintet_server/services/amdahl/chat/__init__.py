"""The chat lane: conversations whose every run is an agent session with a memory."""
