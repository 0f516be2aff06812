"""Answers whose head has arrived, read by blocking."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Protocol

from quintet.core.headers import Headers
from quintet.transport.failures import explain
from quintet.transport.http11 import Head
from quintet.transport.pool import Connection, Pool
from quintet.transport.sites import warn_unclosed
from quintet.transport.sockets import READ_BYTES
from quintet.transport.watch import ReadTimeout, Watch

__all__ = ["ConnectedExchange", "WholeExchange"]

# A large body is read in larger pieces: fewer calls, and each still small beside the memory of any
# program that takes bodies of megabytes.
_LARGE_READ_BYTES = 256 * 1024
# So much is taken from the system for a body that has only been announced.
_MAX_REST_BYTES = 16 * 1024 * 1024


class _Owner(Protocol):
    @property
    def closed(self) -> bool: ...


class WholeExchange:
    """An answer that came all at once; its connection serves others already.

    Attributes:
        status: As it came.
        headers: As they came.
        http_version: As it came.
        whole: The body, still compressed.
    """

    __slots__ = ("headers", "http_version", "status", "whole")

    def __init__(self, head: Head, whole: bytes) -> None:
        self.status = head.status
        self.headers = head.headers
        self.http_version = head.http_version
        self.whole = whole

    def read(self, until: float | None, seconds: float | None) -> bytes:
        """Return nothing: the body is in ``whole``."""
        return b""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class ConnectedExchange:
    """An answer of which the body, or the end of it, is yet to come.

    Args:
        engine: Kept: an engine that nobody has any more ends its connections.
        pool: Where the connection comes from.
        connection: The connection.
        head: The head of the answer.
        watch: Of the exchange.
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
        pool: Pool,
        connection: Connection,
        head: Head,
        watch: Watch,
        site: str,
    ) -> None:
        self.status: int = head.status
        self.headers: Headers = head.headers
        self.http_version: str = head.http_version
        self._engine = engine
        self._pool = pool
        self._watch = watch
        self._site = site
        self._connection: Connection | None = connection

    def __del__(self) -> None:
        # An interrupt may have come before there was anything in it.
        if getattr(self, "_connection", None) is not None:
            self.close()
            if not self._engine.closed and not sys.is_finalizing():
                warn_unclosed("answer that was not read to its end", self._site)

    def read(self, until: float | None, seconds: float | None) -> bytes:
        """Return the next piece of the body, ``b""`` at its end."""
        return self._read(_read_piece, until, seconds)

    def read_rest(self, until: float | None, seconds: float | None) -> bytes:
        """Return all that is left of a body of known length; of others, or a huge one, a piece."""
        return self._read(_read_rest, until, seconds)

    def _read(
        self,
        read: Callable[[Connection, Watch], bytes],
        until: float | None,
        seconds: float | None,
    ) -> bytes:
        connection = self._connection
        if connection is None:
            return b""
        watch = self._watch
        watch.until, watch.seconds = until, seconds
        try:
            watch.left(ReadTimeout)
            piece = read(connection, watch)
        except Exception as failure:
            self.close()
            raise explain(failure, watch, closed=self._engine.closed)  # noqa: B904 - it sets the cause
        except BaseException:
            self.close()  # bytes may have been taken and lost
            raise
        if not piece:
            self._connection = None
            self._pool.leave(connection)
        return piece

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.stream.close()


def _read_piece(connection: Connection, watch: Watch) -> bytes:
    """Return the next piece of the body, ``b""`` at its end."""
    http, stream = connection.http, connection.stream
    while (piece := http.body()) is None:
        if http.missing:
            # There is nothing to decide in these bytes, so they pass the parser by.
            size = READ_BYTES if http.missing <= READ_BYTES else _LARGE_READ_BYTES
            piece = stream.read(watch, min(http.missing, size))
            if piece:
                http.fill(len(piece))
                return piece
            http.feed(piece)
        else:
            http.feed(stream.read(watch))
    return piece


def _read_rest(connection: Connection, watch: Watch) -> bytes:
    """Return the rest of the body, received where it is going to stay."""
    http, stream = connection.http, connection.stream
    if not READ_BYTES < http.missing <= _MAX_REST_BYTES:
        return _read_piece(connection, watch)
    begun = http.body() or b""
    # The one way to fill what will be ``bytes`` without a copy at the end: alone with its content,
    # a BytesIO writes into it, and then hands out that same object.
    rest = io.BytesIO(bytes(len(begun) + http.missing))
    with rest.getbuffer() as buffer:
        at = len(begun)
        buffer[:at] = begun
        while http.missing:
            # Let go of also on failure: a traceback would keep it, and a BytesIO that is in use
            # complains when it is dropped.
            with buffer[at:] as room:
                count = stream.read_into(room, watch)
            if count:
                http.fill(count)
                at += count
            else:
                http.feed(b"")  # which says what is wrong
    return rest.getvalue()
