"""Makes connections on an event loop: addresses, proxies, TLS, all within one limit.

The addresses of a host are tried as RFC 8305 has it: families in turn, each attempt beside the
ones before as soon as the last has failed or has been waited for long enough; the first that
stands wins.  Whoever is cancelled here leaves no socket behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from quintet.transport.aio_sockets import AsyncConnection, Keeper
from quintet.transport.connecting import Address, families_in_turn
from quintet.transport.http11 import ProxyAnswer
from quintet.transport.limits import ConnectionLimits
from quintet.transport.sockets import SOCKET_OPTIONS, resolve_error, shut
from quintet.transport.targets import Target
from quintet.transport.trust import Trust, check_spoken
from quintet.transport.watch import (
    LONGEST_SECONDS,
    ConnectError,
    ConnectTimeout,
    ProxyError,
    ReadTimeout,
    Watch,
)

__all__ = ["AsyncNetwork"]

_T = TypeVar("_T")
# How long to wait before knocking again at a Unix socket whose queue is full.
_QUEUE_FULL_SECONDS = 0.01


class AsyncNetwork:
    """Opens connections on one loop.

    Args:
        loop: The loop.
        now: The clock in which time limits are given.
        keeper: Keeps the connections.
        limits: Their bounds.
        trust: The TLS configuration.

    Attributes:
        live: Every open connection of this loop.
        connecting: Every socket on its way to become one.
        closed: Set when the transport is closed: what is still connecting then must not go on.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        now: Callable[[], float],
        keeper: Keeper,
        limits: ConnectionLimits,
        trust: Trust,
    ) -> None:
        self.live: set[AsyncConnection] = set()
        self.connecting: set[socket.socket] = set()
        self.closed = False
        self._loop = loop
        self._now = now
        self._keeper = keeper
        self._limits = limits
        self._trust = trust

    async def connect(self, target: Target, watch: Watch) -> AsyncConnection:
        """Return a new connection to a target, ready for a request.

        Raises:
            ConnectTimeout: It did not stand in time.
            ConnectError: No address took it, or TLS could not be agreed on.
            ProxyError: The proxy refused.
        """
        watch.fresh = True
        if target.unix_socket is not None:
            kind = socket.SOCK_STREAM
            addresses: list[Address] = [(socket.AF_UNIX, kind, 0, target.unix_socket)]
        else:
            host, port = target.proxy or (target.host, target.port)
            addresses = await self._resolve(host, port, watch)
        connection = await self._first(addresses, target.base, watch)
        self.live.add(connection)
        if target.secure:
            try:
                if target.proxy is not None:
                    await _open_tunnel(connection, target, watch)
                await self._start_tls(connection, target.host, watch)
            except BaseException:
                connection.close()
                raise
        return connection

    async def _resolve(self, host: str, port: int, watch: Watch) -> list[Address]:
        """Return the addresses of a host; a literal one needs no thread to look it up."""
        with contextlib.suppress(ValueError):
            family = socket.AF_INET if ipaddress.ip_address(host).version == 4 else socket.AF_INET6
            return [(family, socket.SOCK_STREAM, 0, (host, port))]
        looking = self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        try:
            found = await _within(looking, watch)
        except (OSError, UnicodeError) as unknown:
            raise resolve_error(host, unknown) from unknown
        return families_in_turn(
            [(family, kind, protocol, address) for family, kind, protocol, _, address in found]
        )

    async def _first(self, addresses: list[Address], base: str, watch: Watch) -> AsyncConnection:
        """Return a connection to the address that answers first."""
        untried = deque(addresses)
        trying: set[asyncio.Task[AsyncConnection]] = set()
        failure: BaseException = ConnectError("the host has no address")
        try:
            while untried or trying:
                if untried:
                    trying.add(self._loop.create_task(self._try(untried.popleft(), base)))
                left = watch.left(ConnectTimeout)
                if untried:
                    stagger = self._limits.connect_stagger
                    left = stagger if left is None else min(left, stagger)
                done, trying = await asyncio.wait(
                    trying, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                outcome = _outcome(done)
                if isinstance(outcome, AsyncConnection):
                    return outcome
                if outcome is not None:
                    failure = outcome
                del outcome
            raise failure
        finally:
            # Else the error and this frame hold each other, and with them the caller's frames.
            del failure
            for attempt in trying:
                attempt.cancel()
                attempt.add_done_callback(_close_late)

    async def _try(self, address: Address, base: str) -> AsyncConnection:
        connection = AsyncConnection(self._loop, self._now, self._keeper, base)
        sock: socket.socket | None = None
        try:
            sock = socket.socket(*address[:3])
            # Known before it is connected, so that closing the client ends the attempt.
            self.connecting.add(sock)
            await self._open(sock, address[3], connection)
        except BaseException as failure:
            if sock is not None and connection.transport is None:
                sock.close()
            connection.close()
            if isinstance(failure, OSError):
                raise ConnectError(str(failure)) from failure
            raise
        finally:
            if sock is not None:
                self.connecting.discard(sock)
        return connection

    async def _open(self, sock: socket.socket, address: Any, connection: AsyncConnection) -> None:
        loop = self._loop
        sock.setblocking(False)
        self._check_open()
        if sock.family == getattr(socket, "AF_UNIX", None):
            await self._knock(sock, address)
            await loop.create_unix_connection(lambda: connection, sock=sock)
        else:
            for option in SOCKET_OPTIONS:
                sock.setsockopt(*option)
            await loop.sock_connect(sock, address)
            self._check_open()
            await loop.create_connection(lambda: connection, sock=sock)
        connection.attach(sock)

    async def _knock(self, sock: socket.socket, path: str) -> None:
        """Connect to a Unix socket, which happens at once or not at all.

        But for a queue that is full: nothing tells the end of that, and asyncio takes the socket
        for connected.
        """
        while (code := sock.connect_ex(path)) in (errno.EAGAIN, errno.EINTR):
            await asyncio.sleep(_QUEUE_FULL_SECONDS)
            self._check_open()
        if code:
            raise OSError(code, f"{os.strerror(code)}: {path}")

    def _check_open(self) -> None:
        if self.closed:
            raise ConnectionAbortedError("the client was closed")

    async def _start_tls(self, connection: AsyncConnection, host: str, watch: Watch) -> None:
        """Speak TLS from here on, with a peer that must prove to be ``host``."""
        connection.sock = None
        context = self._trust.context()
        try:
            await _within(self._shake_hands(connection, context, host), watch)
        except OSError as broken:
            raise ConnectError(str(broken)) from broken

    async def _shake_hands(
        self, connection: AsyncConnection, context: ssl.SSLContext, host: str
    ) -> None:
        plain = connection.transport
        assert plain is not None
        if connection.lost or plain.is_closing():
            # Nobody would tell TLS of an end that has come before it.
            raise ConnectError("the connection was closed before the TLS handshake")
        secure = await self._loop.start_tls(
            plain,
            connection,
            context,
            server_hostname=host,
            ssl_handshake_timeout=LONGEST_SECONDS,  # the limit of the exchange counts, and no other
        )
        if secure is None:
            raise ConnectError("the connection was closed during the TLS handshake")
        # In this task and not in the one that waits, which may be cancelled in the same moment:
        # whoever closes the connection then must close this side of it.
        connection.transport = secure
        check_spoken(secure.get_extra_info("ssl_object").selected_alpn_protocol())

    def end(self) -> None:
        """End every connection at once, those still being made included."""
        self.closed = True
        for sock in tuple(self.connecting):
            shut(sock)
        for connection in tuple(self.live):
            connection.close()


def _outcome(done: set[asyncio.Task[AsyncConnection]]) -> AsyncConnection | BaseException | None:
    """Return what attempts came to: a connection if one has one, else a failure if there is one."""
    outcome: AsyncConnection | BaseException | None = None
    for attempt in done:
        failure = attempt.exception()
        if isinstance(outcome, AsyncConnection):
            _close_late(attempt)
        else:
            outcome = attempt.result() if failure is None else failure
    done.clear()
    return outcome


def _close_late(attempt: asyncio.Task[AsyncConnection]) -> None:
    """Close a connection that came to stand although its attempt was called off."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _within(work: Coroutine[Any, Any, _T], watch: Watch) -> _T:
    """Return the result of ``work`` if it comes in time; call it off otherwise.

    ``asyncio.wait_for`` would do, if it did not lose a cancellation that comes together with the
    result (Python 3.10 and 3.11), and with it the promise that a cancelled call ends.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_seen)
    try:
        await asyncio.wait((task,), timeout=watch.left(ConnectTimeout))
        if not task.done():
            raise ConnectTimeout
        return task.result()
    finally:
        task.cancel()
        # Else a failure and this frame hold each other.
        del task


def _seen(task: asyncio.Future[Any]) -> None:
    """Look at the failure of something nobody waits for any more, lest asyncio log it."""
    if not task.cancelled():
        task.exception()


async def _open_tunnel(connection: AsyncConnection, target: Target, watch: Watch) -> None:
    """Have the proxy connect to the origin."""
    answer = ProxyAnswer(target.authority, target.proxy_lines)
    connection.listen(True)
    connection.write(answer.request)
    refusal = None
    while refusal is None:
        try:
            data = await connection.receive(watch.until)
        except ReadTimeout as late:
            raise ConnectTimeout from late
        refusal = answer.feed(data)
    if refusal:
        raise ProxyError(refusal, bool(target.proxy_lines))
    connection.listen(False)
    if connection.heard():
        raise ProxyError("it sent more than its answer")
