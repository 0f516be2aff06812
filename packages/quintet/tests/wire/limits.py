"""Limits that pass soon, and longer ones for where a busy machine has let them pass too soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from quintet.errors import TimeoutFailure

__all__ = ["HUNG_SECONDS", "LIMITS", "ends_in", "eventually"]

LIMITS = (0.25, 1.0, 8.0)
"""To be tried in turn, until one was long enough for what has to happen before it passes."""

HUNG_SECONDS = 60.0
"""However busy the machine, what takes longer has not noticed its limit."""

# What an attempt does before it reads.
_BEFORE = {"read": ("pool", "connect", "write"), "write": ("pool", "connect")}


async def ends_in(phase: str, call: Callable[[float], Awaitable[Any]]) -> TimeoutFailure:
    """Make a call whose limit has to pass in a phase of it; return the failure.

    If the limit passed before the call came to that phase, it is made again with a longer one.
    """
    for limit in LIMITS:
        began = time.monotonic()
        with pytest.raises(TimeoutFailure) as caught:
            await call(limit)
        assert limit * 0.9 <= time.monotonic() - began < limit + HUNG_SECONDS
        if caught.value.phase not in _BEFORE.get(phase, ()):
            break
    assert caught.value.phase == phase
    assert caught.value.seconds == limit
    return caught.value


async def eventually(happened: Callable[[], bool]) -> None:
    """Wait until something has happened; fail if it does not."""
    hung = time.monotonic() + HUNG_SECONDS
    while not happened():
        assert time.monotonic() < hung
        await asyncio.sleep(0.01)
