"""Knowing that the client has gone while its request is still being worked on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.requests import Request

__all__ = ["watch_disconnect"]


@contextlib.asynccontextmanager
async def watch_disconnect(request: Request) -> AsyncIterator[asyncio.Event]:
    """Yield an event that is set when the client closes the connection.

    Only after the body has been read, since both read the same messages. The event also becomes set
    if the server closes the connection, at the end of a graceful shutdown that took too long.
    """
    gone = asyncio.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    watcher = asyncio.create_task(watch(), name="watch-disconnect")
    try:
        yield gone
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher
