"""Tasks that run beside everything else, until they are told to end."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["end"]


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
