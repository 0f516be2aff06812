"""Makes the engine when the first request needs it.

Importing an engine takes longer than importing everything else of an SDK together, and a client is
often built (at import time of an application, say) without being used.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

from quintet.core.open_files import out_of_files
from quintet.core.request import Request
from quintet.errors import ClientClosedError
from quintet.transport.forks import renew_after_fork
from quintet.transport.interface import AsyncExchange, AsyncTransport, Exchange, Transport
from quintet.transport.sites import creation_site

__all__ = ["AsyncLazyTransport", "LazyTransport"]


class LazyTransport:
    """Stands in for a blocking engine until it is needed.

    Args:
        make: Makes it; called once, by the first request, with the place in the user's program
            where this was made.
    """

    def __init__(self, make: Callable[[str], Transport]) -> None:
        self._make = make
        self._site = creation_site()
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
            engine = self._made()
        return engine.send(request, until, seconds)

    def _made(self) -> Transport:
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed")
            if self._engine is None:
                try:
                    self._engine = self._make(self._site)
                except (OSError, ImportError) as failure:
                    raise out_of_files(failure) or failure  # noqa: B904 - it has its cause
            return self._engine

    def close(self) -> None:
        """Close the engine, if it was made."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            self._engine.close()


class AsyncLazyTransport:
    """Stands in for an asyncio engine until it is needed.

    Args:
        make: Makes it; called once, by the first request, with the place in the user's program
            where this was made.
    """

    def __init__(self, make: Callable[[str], AsyncTransport]) -> None:
        self._make = make
        self._site = creation_site()
        self._engine: AsyncTransport | None = None
        self._lock = threading.Lock()
        self._closed = False
        renew_after_fork(self)

    def renew(self) -> None:
        """Replace the lock in a forked child; the engine looks after itself."""
        self._lock = threading.Lock()

    def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> Awaitable[AsyncExchange]:
        """Send the request with the engine, made now if there is none yet."""
        # The engine's own coroutine: one more around it would be awaited by every call.
        engine = self._engine
        if engine is None:
            engine = self._made()
        return engine.send(request, until, seconds)

    def _made(self) -> AsyncTransport:
        # Two loops in two threads may send their first requests at the same time.
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed")
            if self._engine is None:
                try:
                    self._engine = self._make(self._site)
                except (OSError, ImportError) as failure:
                    raise out_of_files(failure) or failure  # noqa: B904 - it has its cause
            return self._engine

    async def close(self) -> None:
        """Close the engine, if it was made."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            await self._engine.close()

    def abandon(self) -> None:
        """Close the engine without awaiting, if it was made."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            self._engine.abandon()
