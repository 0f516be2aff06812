"""asyncio connections that obey the watch of the exchange under way.

A stream is a plain asyncio protocol with one waiter.  That gives a limit per step without a task
per step, and a way to end a connection at once and without awaiting: ``close``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from typing import Any

from quintet.transport.sockets import SOCKET_OPTIONS, resolve_error, shut
from quintet.transport.watch import (
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    Watch,
    WriteError,
    WriteTimeout,
)

__all__ = ["AsyncNetwork", "AsyncStream"]

# Reading pauses at this many unread bytes: a consumer that is slow makes its server slow.
_PAUSE_BYTES = 256 * 1024


class _Wire(asyncio.Protocol):
    """Collects what arrives and wakes the one task that waits for something."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._failure: Exception | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = False
        self._paused = False
        self._full = False
        self._waiter: asyncio.Future[None] | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size >= _PAUSE_BYTES and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self._ended = True
        self._failure = exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self, watch: Watch, expired: type[Exception]) -> None:
        left = watch.left(expired)
        self._waiter = waiter = self.loop.create_future()
        timer = None if left is None else self.loop.call_later(left, _expire, waiter, expired)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    # What a stream calls.

    @property
    def spent(self) -> bool:
        """True if something arrived that nobody asked for, or the peer has closed."""
        return bool(self._pieces) or self._ended

    async def receive(self, watch: Watch) -> bytes:
        """Return what has come, at least one byte; none at the end."""
        while not self._pieces and not self._ended:
            await self._wait(watch, ReadTimeout)
        if not self._pieces:
            if self._failure is not None:
                raise ReadError(str(self._failure)) from self._failure
            return b""
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            if self.transport is not None and not self.lost:
                self.transport.resume_reading()
        return data

    async def send(self, data: bytes, watch: Watch) -> None:
        """Hand ``data`` over, and wait while the peer is behind."""
        if self.lost or self.transport is None:
            raise WriteError("the connection is closed")
        watch.left(WriteTimeout)
        self.transport.write(data)
        while self._full and not self.lost:
            await self._wait(watch, WriteTimeout)
        if self.lost:
            raise WriteError(str(self._failure or "the connection is closed"))

    def abort(self) -> None:
        """End the connection at once; unsent bytes are dropped."""
        # A transport that has told us of its end has let go of its loop: it takes no more calls.
        if self.transport is not None and not self.lost:
            # A loop that is closed already cannot even be told.
            with contextlib.suppress(RuntimeError):
                self.transport.abort()


def _expire(waiter: asyncio.Future[None], expired: type[Exception]) -> None:
    if not waiter.done():
        waiter.set_exception(expired())


class AsyncStream:
    """One connection, plain or TLS."""

    __slots__ = ("_network", "_wire")

    def __init__(self, wire: _Wire, network: AsyncNetwork) -> None:
        self._wire = wire
        self._network = network

    async def read(self, watch: Watch) -> bytes:
        """Return what has come, at least one byte; none at the end."""
        return await self._wire.receive(watch)

    async def write(self, data: bytes, watch: Watch) -> None:
        """Send all of ``data``."""
        await self._wire.send(data, watch)

    def close(self) -> None:
        """End the connection at once; asyncio closes the socket on its next round."""
        self._network.live.discard(self)
        self._wire.abort()

    async def start_tls(self, context: ssl.SSLContext, host: str, watch: Watch) -> None:
        """Speak TLS from here on, with a peer that must prove to be ``host``."""
        plain, secure = self._wire, _Wire(self._wire.loop)
        try:
            left = watch.left(ConnectTimeout)
            handshake = plain.loop.start_tls(
                plain.transport,  # type: ignore[arg-type]
                secure,
                context,
                server_hostname=host,
            )
            secure.transport = await asyncio.wait_for(handshake, left)
        except (asyncio.TimeoutError, TimeoutError) as late:
            self.close()
            raise ConnectTimeout from late
        except OSError as broken:
            self.close()
            raise ConnectError(str(broken)) from broken
        except BaseException:
            self.close()
            raise
        self._wire = secure

    def answering(self) -> bool:
        """Tell, while a request is sent, whether the peer speaks already."""
        return self._wire.spent

    def spent(self) -> bool:
        """Tell of an idle connection whether the peer has closed it, or spoke out of turn."""
        return self._wire.spent


class AsyncNetwork:
    """Opens connections on the running loop.

    Attributes:
        live: Every open stream of this loop.
        connecting: Every socket on its way to become one.
        closed: Set when the transport is closed: what is still connecting then must not go on.
    """

    def __init__(self) -> None:
        self.live: set[AsyncStream] = set()
        self.connecting: set[socket.socket] = set()
        self.closed = False

    async def connect(self, host: str, port: int, watch: Watch) -> AsyncStream:
        """Return a connection to the first address of the host that takes one."""
        watch.fresh = True
        loop = asyncio.get_running_loop()
        failure: Exception = ConnectError(f"no address for {host}")
        found = await _resolve(loop, host, port, watch)
        for number, (family, address) in enumerate(found):
            left = watch.left(ConnectTimeout)
            # One address that swallows packets must not use up the time of the others.
            share = None if left is None else left / (len(found) - number)
            try:
                return await self._connect(loop, family, address, share)
            except (ConnectError, ConnectTimeout) as next_may_work:
                failure = next_may_work
        try:
            raise failure
        finally:
            # Else the error and this frame hold each other, and with them the caller's frames.
            del failure

    async def _connect(
        self, loop: asyncio.AbstractEventLoop, family: int, address: Any, seconds: float | None
    ) -> AsyncStream:
        wire = _Wire(loop)
        sock = socket.socket(family, socket.SOCK_STREAM)
        self.connecting.add(sock)
        try:
            if self.closed:
                raise ConnectionAbortedError("the client was closed")
            sock.setblocking(False)
            for option in SOCKET_OPTIONS:
                sock.setsockopt(*option)
            await asyncio.wait_for(loop.sock_connect(sock, address), seconds)
            if self.closed:
                raise ConnectionAbortedError("the client was closed")
            await loop.create_connection(lambda: wire, sock=sock)
        except (asyncio.TimeoutError, TimeoutError) as late:
            sock.close()
            raise ConnectTimeout from late
        except OSError as broken:
            sock.close()
            raise ConnectError(str(broken)) from broken
        except BaseException:
            if wire.transport is None:
                sock.close()
            wire.abort()
            raise
        finally:
            self.connecting.discard(sock)
        stream = AsyncStream(wire, self)
        self.live.add(stream)
        return stream

    def end(self) -> None:
        """End every connection at once, those still being made included."""
        for sock in tuple(self.connecting):
            shut(sock)
        for stream in tuple(self.live):
            stream.close()


async def _resolve(
    loop: asyncio.AbstractEventLoop, host: str, port: int, watch: Watch
) -> list[tuple[int, Any]]:
    """Return (family, address) pairs; a literal address needs no thread to look it up."""
    with contextlib.suppress(ValueError):
        literal = ipaddress.ip_address(host)
        return [(socket.AF_INET if literal.version == 4 else socket.AF_INET6, (host, port))]
    left = watch.left(ConnectTimeout)
    try:
        looking = loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = await asyncio.wait_for(looking, left)
    except (asyncio.TimeoutError, TimeoutError) as late:
        raise ConnectTimeout from late
    except (OSError, UnicodeError) as unknown:
        raise resolve_error(host, unknown) from unknown
    return [(family, address) for family, _, _, _, address in found]
