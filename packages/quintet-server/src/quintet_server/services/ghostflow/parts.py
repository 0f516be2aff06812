"""The engines that only GhostFlow needs, and the parts of the service."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from quintet_server.engines.identity import Passwords, Tokens
from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.currencies import Currencies
from quintet_server.services.ghostflow.settings import GhostFlowSettings
from quintet_server.services.ghostflow.teams import Teams

__all__ = ["start_parts"]

FOLDER = "ghostflow"


async def start_parts(
    runtime: Any, settings: GhostFlowSettings, stack: AsyncExitStack
) -> GhostFlow:
    """Start the engines; `stack` stops them, last started first."""
    passwords = Passwords()
    stack.push_async_callback(passwords.stop)
    tokens = Tokens(runtime.db, runtime.bus, runtime.clock)
    stack.push_async_callback(tokens.stop)
    await tokens.start()
    teams = Teams(runtime.db, runtime.bus)
    stack.callback(teams.stop)
    return GhostFlow(
        settings=settings,
        db=runtime.db,
        bus=runtime.bus,
        clock=runtime.clock,
        keys=runtime.keys,
        queue=runtime.queue,
        schedules=runtime.schedules,
        hooks=runtime.hooks,
        follower=runtime.follower,
        teams=teams,
        currencies=Currencies(settings),
        tokens=tokens,
        passwords=passwords,
        allow_private_targets=runtime.settings.server.allow_private_targets,
        data_dir=runtime.settings.server.data_dir / FOLDER,
        stopping=runtime.stopping,
    )
