"""Answers whose head has arrived, on an event loop."""

from __future__ import annotations

import sys
from typing import Protocol

from quintet.core.headers import Headers
from quintet.transport.aio_pool import AsyncPool
from quintet.transport.aio_sockets import AsyncConnection
from quintet.transport.failures import explain
from quintet.transport.http11 import Head
from quintet.transport.sites import warn_unclosed
from quintet.transport.watch import Watch

__all__ = ["AsyncExchange", "WholeExchange"]


class WholeExchange:
    """An answer that came as a whole; its connection has been given back.

    Attributes:
        status: As it came.
        headers: As they came.
        http_version: As it came.
        whole: The body, still compressed.
    """

    __slots__ = ("headers", "http_version", "status", "whole")

    def __init__(self, head: Head, whole: bytes) -> None:
        self.status = head.status
        self.headers: Headers = head.headers
        self.http_version = head.http_version
        self.whole = whole

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        """Return nothing: the body is in ``whole``."""
        return b""

    async def close(self) -> None:
        """Do nothing: there is nothing left to close."""


class _Owner(Protocol):
    @property
    def closed(self) -> bool: ...


class AsyncExchange:
    """An answer whose body is still to be read from its connection.

    Args:
        engine: Kept: an engine that nobody has any more ends its connections.
        pool: Where the connection comes from.
        connection: The connection.
        head: The head of the answer.
        watch: Of the exchange, for what goes wrong from now on.
        site: Where the request was sent, for the warning if the answer is dropped unread.

    Attributes:
        status: As it came.
        headers: As they came.
        http_version: As it came.
    """

    __slots__ = (
        "_connection",
        "_engine",
        "_pool",
        "_site",
        "_watch",
        "headers",
        "http_version",
        "status",
    )

    whole = None

    def __init__(
        self,
        engine: _Owner,
        pool: AsyncPool,
        connection: AsyncConnection,
        head: Head,
        watch: Watch,
        site: str,
    ) -> None:
        self.status = head.status
        self.headers: Headers = head.headers
        self.http_version = head.http_version
        self._engine = engine
        self._pool = pool
        self._watch = watch
        self._site = site
        self._connection: AsyncConnection | None = connection

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        """Return all bytes of the body that have come, at least one; none at its end."""
        connection = self._connection
        if connection is None:
            return b""
        try:
            piece = await connection.read(until)
        except Exception as failure:
            watch = self._watch
            watch.progress, watch.until, watch.seconds = 2, until, seconds
            self._leave(whole=False)
            raise explain(failure, watch, closed=self._pool.network.closed)  # noqa: B904 - it sets the cause
        if not piece or connection.complete():
            self._leave(whole=True)
        return piece

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it."""
        self._leave(whole=False)

    def _leave(self, *, whole: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.leave(connection, whole=whole)

    def __del__(self) -> None:
        # An interrupt may have come before there was anything in it.
        connection = getattr(self, "_connection", None)
        if connection is None:
            return
        # A loop that is closed has ended its connections, and asyncio tells of its own.
        if (
            self._pool.leave_from_elsewhere(connection)
            and not self._engine.closed
            and not sys.is_finalizing()
        ):
            warn_unclosed("answer that was not read to its end", self._site)
