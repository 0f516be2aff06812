"""Zeridion Flare: background jobs over HTTP, on the server's own queue."""

from __future__ import annotations

from quintet_server.services.flare.service import service

__all__ = ["service"]
