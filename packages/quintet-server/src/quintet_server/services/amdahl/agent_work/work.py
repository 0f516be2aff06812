"""One session, from its task to its result: which of the four works a profile is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agent_work.content_writer import content_writer
from quintet_server.services.amdahl.agent_work.copilot import copilot
from quintet_server.services.amdahl.agent_work.orchestrator import orchestrator
from quintet_server.services.amdahl.agent_work.researcher import researcher
from quintet_server.services.amdahl.agents.model import Kind, Result

if TYPE_CHECKING:
    from quintet_server.services.amdahl.agents.desk import Desk

__all__ = ["work"]

_WORKS: Mapping[Kind, Callable[[Bench], Awaitable[Result]]] = {
    "content_writer": content_writer,
    "researcher": researcher,
    "copilot": copilot,
    "orchestrator": orchestrator,
}


async def work(desk: Desk) -> Result:
    """Carry out a session. Everything it does goes through the desk, so replays repeat nothing."""
    return await _WORKS[desk.profile.kind](Bench(desk))
