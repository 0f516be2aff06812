"""Webhooks: who is told what happened, how it is told, and what came of it (the contract, 8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quintet_server.services.flowmaestro.context import SERVICE, FlowMaestro
from quintet_server.services.flowmaestro.webhooks.definitions import KINDS
from quintet_server.services.flowmaestro.webhooks.format import hook_format
from quintet_server.services.flowmaestro.webhooks.routes import ROUTES

__all__ = ["KINDS", "ROUTES", "start"]


async def start(parts: FlowMaestro) -> Callable[[], Awaitable[None]]:
    """Say how FlowMaestro's webhooks look; the engine sends them. Nothing needs to be stopped."""
    parts.hooks.formats.register(SERVICE, hook_format(parts.settings))

    async def stop() -> None:
        return

    return stop
