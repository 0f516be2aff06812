"""One HTTP connection on an event loop, as close to the socket as asyncio lets us.

The protocol object *is* the connection: what arrives goes straight into the parser, and the task
that waits is woken once, when the head of its answer is complete, often with the whole answer.
Ending a connection needs no ``await``.

======  ==========================================================================
RESTS   no exchange: whatever arrives now was not asked for, and spoils the connection
HEAD    the request is being sent or was; bytes go to the parser until the head is there
BODY    bytes are kept as they come until somebody reads; too many pause the reading
BROKEN  something was wrong: what comes behind it counts for nothing
CLOSED  by us; whoever still waits is told
======  ==========================================================================
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Protocol

from quintet.transport.aio_waiter import OneWaiter
from quintet.transport.http11 import UNASKED, Head, Http11, RemoteProtocolError, looks_like
from quintet.transport.readiness import IN, Ready, poller
from quintet.transport.watch import ReadError, ReadTimeout, WriteError

__all__ = ["AsyncConnection", "Keeper"]

_RESTS, _HEAD, _BODY, _BROKEN, _CLOSED = range(5)
# Reading pauses at this many unread bytes: a consumer that is slow makes its server slow.
_PAUSE_BYTES = 256 * 1024


class Keeper(Protocol):
    """Who keeps connections while they rest."""

    def spoilt(self, connection: AsyncConnection) -> None:
        """Take note of one that must not be used again."""
        ...

    def gone(self, connection: AsyncConnection) -> None:
        """Take note of one that is closed."""
        ...


class AsyncConnection(OneWaiter, asyncio.Protocol):
    """A connection, plain or TLS, and the exchange that runs on it.

    Args:
        loop: Where it lives.
        now: The clock in which time limits are given.
        keeper: Is told when the connection is over.
        base: The origin it leads to.

    Attributes:
        sock: Its socket, while its bytes are not encrypted.
        born: When it was made.
        fresh: Whether no exchange has run on it yet.
        full: Whether the peer is behind in reading.
        idle_until: When it must not be used any more, while it rests.
        since: When the exchange under way began, None while it rests.
        head: The head of the answer, once it is there.
        whole: The body of the answer, if it came with the head.
        spoilt: Whether the peer has closed it, or sent what nobody asked for.
        lost: Whether it is closed.
    """

    __slots__ = (
        "_ended",
        "_failure",
        "_keeper",
        "_paused",
        "_pieces",
        "_readable",
        "_size",
        "_state",
        "base",
        "born",
        "fresh",
        "full",
        "head",
        "http",
        "idle_until",
        "lost",
        "since",
        "sock",
        "spoilt",
        "transport",
        "whole",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, now: Callable[[], float], keeper: Keeper, base: str
    ) -> None:
        super().__init__(loop, now)
        self._keeper = keeper
        self.base = base
        self.http = Http11()
        self.sock: socket.socket | None = None
        self._readable: Ready | None = None
        self.transport: asyncio.Transport | None = None
        self.born = now()
        self.since: float | None = None
        self.idle_until = 0.0
        self.fresh = True
        self.head: Head | None = None
        self.whole: bytes | None = None
        self.spoilt = self.lost = False
        self._state = _BODY
        self._failure: Exception | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = self._paused = self.full = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self.transport = transport  # type: ignore[assignment]
        if self.base.startswith("https:"):
            # What comes in clear text is left to TLS, which does not take it; read here, it would
            # be part of an answer that TLS is believed to vouch for.
            self.listen(False)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self._state == _HEAD:
            self._parse(data)
        elif self._state == _BODY:
            self._pieces.append(data)
            self._size += len(data)
            if self._size >= _PAUSE_BYTES and not self._paused:
                self._paused = True
                self.listen(False)
            self._wake()
        elif self._state == _RESTS:
            self._spoil()

    def eof_received(self) -> bool:
        """Note that the peer sends no more; asyncio then closes the connection."""
        self._end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed."""
        self.lost = True
        if self._state == _HEAD and exc is not None and self.sock is not None:
            self._rescue(self.sock)
        self._end(exc)
        self._keeper.gone(self)
        self._stop_timer()
        if sys.version_info < (3, 11) and self.transport is not None and self._state != _CLOSED:
            # There a TLS transport does not note that it has ended, and complains when it is freed.
            self.transport.abort()
        self._wake()

    def pause_writing(self) -> None:
        """Note that the peer is behind."""
        self.full = True

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        self.full = False
        self._wake()

    def _parse(self, data: bytes) -> None:
        http = self.http
        try:
            http.feed(data)
            head = http.head()
            if head is None:
                return
            whole = http.whole()
        except Exception as failure:
            self._fail(failure)
            return
        self.whole = whole
        self._state = _BODY if whole is None else _RESTS
        self.head = head
        self._wake()

    def _end(self, exc: Exception | None) -> None:
        if self._ended:
            return
        self._ended = True
        if self._state == _RESTS:
            self._spoil()
        elif self._state in (_BROKEN, _CLOSED):
            return
        elif exc is not None:
            # As its cause TLS is recognised.  Its traceback would keep this connection, too.
            failure = ReadError(str(exc))
            failure.__cause__ = exc.with_traceback(None)
            self._fail(failure)
        elif self._cut():
            self._fail(ReadError("TLS ended without notice"))
        elif self._state == _HEAD:
            self._parse(b"")
        else:
            self._wake()

    def _cut(self) -> bool:
        """Tell whether TLS ended without notice: a body could be cut short so (RFC 9112 §9.8)."""
        if self.transport is None or not self.base.startswith("https:"):
            return False
        secure = self.transport.get_extra_info("ssl_object")
        if secure is None:
            return False
        try:
            secure.read(1)
        except ssl.SSLWantReadError:
            return True
        except (ssl.SSLError, ValueError):
            return False
        return False

    def _rescue(self, sock: socket.socket) -> None:
        """Take the answer that was there before the connection broke.

        A server that refuses a request may close on what it has not read.  The next write then
        fails, and asyncio drops the connection without a look at what came in (RFC 9112 §9.6).
        """
        with contextlib.suppress(OSError):
            while self._state in (_HEAD, _BODY) and (data := sock.recv(_PAUSE_BYTES)):
                self.data_received(data)

    def _spoil(self) -> None:
        self.spoilt = True
        self._keeper.spoilt(self)

    def _fail(self, failure: Exception) -> None:
        self.spoilt = True
        self._state = _BROKEN
        if self._failure is None:
            # Its traceback would keep this connection, and this connection keeps the failure.
            self._failure = failure.with_traceback(None)
        self._wake()

    # What an exchange does.

    def attach(self, sock: socket.socket) -> None:
        """Know the socket below, to look at it where the loop has not yet."""
        self.sock = sock
        self._readable = poller(sock, IN)

    def unseen(self) -> bool:
        """Tell of a connection that rests whether something has come that the loop has not read.

        The loop may not have had a turn since the last answer, and what lies there would be taken
        for the next one.  Under TLS it may be a mere session ticket; that costs a connection.
        """
        return self._readable is not None and bool(self._readable(0))

    def begin(self) -> None:
        """Make ready for a request; what arrives from now on is its answer.

        Raises:
            ReadError: The connection broke, and why is known.
            WriteError: The connection is closed.
            RemoteProtocolError: The peer has spoken before it was asked.
        """
        if self._pieces:
            raise RemoteProtocolError(looks_like(self._pieces[0], UNASKED))
        if self.lost or self._ended:
            self._raise_failure()
            raise WriteError("the connection is closed")
        self._state = _HEAD
        self.head = self.whole = None

    def write(self, data: bytes | memoryview) -> None:
        """Hand bytes over; whether the peer is behind then is in ``full``.

        Raises:
            WriteError: The connection is closed.
        """
        try:
            self.transport.write(data)  # type: ignore[union-attr]
        except RuntimeError:  # uvloop says so, and sooner than it calls connection_lost
            raise WriteError("the connection is closed") from None
        finally:
            del data  # it may hold credentials, and crash reports show what is in local variables

    def closing(self) -> bool:
        """Tell whether nothing more can be written."""
        transport = self.transport
        return self._failure is not None or transport is None or transport.is_closing()

    async def answer(self, until: float | None) -> Head:
        """Return the head of the answer."""
        while (head := self.head) is None:
            self._raise_failure()
            self.check(until, ReadTimeout)
            await self.wait(until)
        return head

    async def read(self, until: float | None) -> bytes:
        """Return all bytes of the body that have come, at least one; none at its end."""
        self.check(until, ReadTimeout)
        while (piece := self._take()) is None:
            await self.wait(until)
            if not self._pieces and not self._ended:
                self.check(until, ReadTimeout)
        return piece

    def _take(self) -> bytes | None:
        http = self.http
        if self._pieces:
            http.feed(self._received())
        piece = http.body()
        if piece is not None:
            return piece
        self._raise_failure()
        if not self._ended:
            return None
        http.feed(b"")
        return http.body()

    def complete(self) -> bool:
        """Tell whether the body has been read to its end."""
        try:
            return not self._pieces and self.http.body() == b""
        except RemoteProtocolError:
            return False  # it is raised again by the read that comes to it

    def listen(self, on: bool) -> None:
        """Read what comes, or leave it where it is."""
        if self.transport is not None and not self.lost:
            with contextlib.suppress(RuntimeError):  # closed, of which uvloop tells later
                if on:
                    self.transport.resume_reading()
                else:
                    self.transport.pause_reading()

    def heard(self) -> bool:
        """Tell whether something came that nobody has received."""
        return bool(self._pieces)

    async def receive(self, until: float | None) -> bytes:
        """Return what has come as it is, for whoever speaks before HTTP does; none at the end."""
        while not self._pieces:
            self._raise_failure()
            if self._ended:
                return b""
            self.check(until, ReadTimeout)
            await self.wait(until)
        return self._received()

    def _received(self) -> bytes:
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self.listen(True)
        return data

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
            if self._state == _CLOSED:
                raise ReadError("the connection was closed")
        finally:
            # Else the error and this frame hold each other, and with them the caller's frames.
            del failure

    def rest(self) -> bool:
        """End the exchange; tell whether the connection may be used for another one."""
        self._state = _RESTS
        self.fresh = False
        self.head = self.whole = None
        return not (self.spoilt or self._ended or self._pieces) and self.http.next_exchange()

    def close(self) -> None:
        """End the connection at once; unsent bytes are dropped, the socket goes a round later."""
        self._state = _CLOSED
        self.spoilt = True
        self._failure = None
        self._stop_timer()
        self._keeper.gone(self)
        # A transport that has told us of its end has let go of its loop: it takes no more calls.
        if self.transport is not None and not self.lost:
            # A loop that is closed already cannot even be told.
            with contextlib.suppress(RuntimeError):
                self.transport.abort()
        self._wake()
