"""FlowMaestro: workflows, agents with threads, and knowledge bases, on the server's engines."""

from __future__ import annotations

from quintet_server.services.flowmaestro.service import service

__all__ = ["service"]
