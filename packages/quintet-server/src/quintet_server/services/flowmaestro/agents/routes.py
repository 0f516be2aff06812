"""The paths of agents, threads and memory, and the program that runs turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from quintet_server.services.flowmaestro.agents import (
    agent_routes,
    memory,
    recall,
    sending,
    streams,
    thread_routes,
)
from quintet_server.services.flowmaestro.agents.definitions import KINDS as KINDS
from quintet_server.services.flowmaestro.agents.turn import TurnProgram

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["KINDS", "ROUTES", "start"]

# `stats` and `search` come before `{user_id}`, which would take them for users.
ROUTES: tuple[tuple[str, str, object], ...] = (
    ("POST", "/threads/{id}/messages", sending.send_message),
    ("GET", "/threads/{id}/events", streams.thread_events),
    ("GET", "/threads/{id}/messages", thread_routes.get_messages),
    ("GET", "/threads/{id}", thread_routes.get_thread),
    ("DELETE", "/threads/{id}", thread_routes.delete_thread),
    ("GET", "/agents", agent_routes.get_agents),
    ("GET", "/agents/{id}", agent_routes.get_agent),
    ("POST", "/agents/{id}/threads", agent_routes.create_thread),
    ("GET", "/agents/{id}/memory", memory.list_memories),
    ("GET", "/agents/{id}/memory/stats", recall.memory_stats),
    ("POST", "/agents/{id}/memory/search", recall.search_memory),
    ("GET", "/agents/{id}/memory/{user_id}", memory.get_memory),
    ("PUT", "/agents/{id}/memory/{user_id}", memory.put_memory),
    ("DELETE", "/agents/{id}/memory/{user_id}", memory.delete_memory),
)


async def start(parts: FlowMaestro) -> Callable[[], Awaitable[None]]:
    """Make turns known to the engine; it runs them from its own start on."""
    parts.runs.register(TurnProgram(parts), concurrency=parts.settings.turn_concurrency_count)

    async def stop() -> None:
        """Nothing of ours runs beside the engine."""

    return stop
