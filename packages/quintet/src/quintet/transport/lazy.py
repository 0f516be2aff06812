"""Makes the engine when the first request needs it.

Importing an HTTP library takes longer than importing everything else of an SDK together, and a
client is often built (at import time of an application, say) without being used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from quintet.core.request import Request
from quintet.errors import ClientClosedError
from quintet.transport.forks import renew_after_fork
from quintet.transport.interface import AsyncExchange, AsyncTransport, Exchange, Transport

__all__ = ["AsyncLazyTransport", "LazyTransport"]


class LazyTransport:
    """Stands in for the blocking engine until it is needed."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._engine: Transport | None = None
        self._lock = threading.Lock()
        self._closed = False
        renew_after_fork(self)

    def renew(self) -> None:
        """Replace the lock in a forked child; the engine looks after itself."""
        self._lock = threading.Lock()

    def send(self, request: Request, until: float | None, seconds: float | None) -> Exchange:
        """Send the request with the engine, made now if there is none yet."""
        engine = self._engine
        if engine is None:
            engine = self._make()
        return engine.send(request, until, seconds)

    def _make(self) -> Transport:
        from quintet.transport.engine import Engine

        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed")
            if self._engine is None:
                self._engine = Engine(self._now)
            return self._engine

    def close(self) -> None:
        """Close the engine, if it was made."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            self._engine.close()


class AsyncLazyTransport:
    """Stands in for the asyncio engine until it is needed."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._engine: AsyncTransport | None = None
        self._closed = False

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> AsyncExchange:
        """Send the request with the engine, made now if there is none yet."""
        engine = self._engine
        if engine is None:
            if self._closed:
                raise ClientClosedError("the client is closed")
            from quintet.transport.aio_engine import AsyncEngine

            engine = self._engine = AsyncEngine(self._now)
        return await engine.send(request, until, seconds)

    async def close(self) -> None:
        """Close the engine, if it was made."""
        self._closed = True
        if self._engine is not None:
            await self._engine.close()

    def abandon(self) -> None:
        """Close the engine without awaiting, if it was made."""
        self._closed = True
        if self._engine is not None:
            self._engine.abandon()
