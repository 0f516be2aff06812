"""A look into tokens, and a clock that has moved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from quintet_server.engines.identity import Tokens

from ..conftest import Api

Advance = Callable[[float], Awaitable[None]]


async def claims_of(api: Api, token: str) -> dict[str, Any]:
    """What a token says, verified as the server does."""
    runtime = api.runtime
    return await Tokens(runtime.db, runtime.bus, runtime.clock).verify(token)


async def moved(api: Api, advance: Advance, seconds: float) -> None:
    """Move the server's clock, and wait until the server has heard of it."""
    clock = api.runtime.clock
    before = clock.shift_seconds
    await advance(seconds)
    async with asyncio.timeout(60):
        while clock.shift_seconds == before:
            await asyncio.sleep(0.001)
