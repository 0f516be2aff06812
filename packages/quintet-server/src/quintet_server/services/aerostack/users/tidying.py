"""Forgetting failures that have drained, and sessions and ended tokens that would be over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from quintet_server.services.aerostack.context import Aerostack
from quintet_server.store.background import end, repeat

__all__ = ["start", "tidy"]

_PERIOD_SECONDS = 600.0
_STATEMENTS = (
    "DELETE FROM aerostack_signin_failures "
    "WHERE at < quintet_now() - make_interval(secs => %(window)s)",
    "DELETE FROM aerostack_sessions WHERE expires_at < quintet_now()",
    "DELETE FROM aerostack_ended_tokens WHERE expires_at < quintet_now()",
)


async def start(parts: Aerostack) -> Callable[[], Awaitable[None]]:
    """Begin, with a first round at once; returns what stops it."""
    tidying = repeat(
        partial(tidy, parts),
        every_seconds=_PERIOD_SECONDS,
        failure="aerostack_users_tidying_failed",
    )
    task = asyncio.create_task(tidying, name="aerostack-users-tidying")

    async def stop() -> None:
        await end(task)

    return stop


async def tidy(parts: Aerostack) -> None:
    """One round. Raises psycopg errors."""
    values = {"window": parts.settings.signin_failures_window_seconds}
    async with parts.db.connection() as conn:
        for statement in _STATEMENTS:
            await conn.execute(statement.encode(), values)
