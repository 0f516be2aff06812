"""Tasks that run beside everything else, until they are told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import structlog

__all__ = ["end", "repeat"]

_log = structlog.get_logger(__name__)


async def repeat(
    action: Callable[[], Awaitable[object]],
    *,
    every_seconds: float,
    failure: str,
    tolerate: tuple[type[Exception], ...] = (),
) -> None:
    """Do something at once, and again `every_seconds` after it is done, until cancelled.

    A database that is away ends one round and not the loop: the warning `failure` says so. So do
    errors of the kinds in `tolerate`; any other is raised.
    """
    tolerated: tuple[type[Exception], ...] = (psycopg.Error, *tolerate)
    while True:
        try:
            await action()
        except tolerated as error:
            _log.warning(failure, error=str(error).strip())
        await asyncio.sleep(every_seconds)


async def end(*tasks: asyncio.Task[Any], patience_seconds: float = 0.5) -> None:
    """Cancel tasks and wait until they are over; raises what one of them died of.

    Cancelled again if need be: up to Python 3.11 `asyncio.wait_for` swallows a cancellation that
    arrives together with what it waits for, and the connection pool waits that way. A loop that
    loses its only cancellation would run for ever, and whoever stops it would wait for ever.
    `patience_seconds`: how long a task may take to clean up before it is cancelled again.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=patience_seconds)
    for task in tasks:
        if not task.cancelled():
            task.result()
