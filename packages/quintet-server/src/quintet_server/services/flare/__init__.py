"""Zeridion Flare: background jobs over HTTP, on the server's own queue."""
