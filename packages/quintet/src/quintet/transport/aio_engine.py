"""The default engine, for asyncio: the same as :mod:`~quintet.transport.engine` on an event loop.

Connections belong to one loop.  A client may be used on several, in turn or in several threads;
each has connections of its own, which end with it.  Nothing that gives a connection back awaits, so
a task can be cancelled at any moment without one being lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any

from quintet.core.body import Body
from quintet.core.request import Request
from quintet.errors import ClientClosedError
from quintet.transport.aio_sockets import AsyncNetwork, AsyncStream
from quintet.transport.engine import IDLE_SECONDS
from quintet.transport.environment import Proxies, tls_context
from quintet.transport.failures import explain
from quintet.transport.forks import renew_after_fork
from quintet.transport.http11 import Head, Http11, ProxyAnswer
from quintet.transport.targets import Target, Targets, header_lines
from quintet.transport.turns import MAX_CONNECTIONS, AsyncTurns
from quintet.transport.uploads import async_outgoing
from quintet.transport.watch import ProxyError, ReadTimeout, Watch, WriteError

__all__ = ["AsyncEngine"]


class _Connection:
    __slots__ = ("http", "stream", "until")

    def __init__(self, stream: AsyncStream) -> None:
        self.stream = stream
        self.http = Http11()
        self.until = 0.0


class _Pool:
    """The connections of one event loop."""

    def __init__(self, now: Callable[[], float], verify: str | bool, cert: str | None) -> None:
        self.network = AsyncNetwork()
        self._now = now
        self._verify = verify
        self._cert = cert
        self._turns = AsyncTurns()
        self._idle: dict[str, list[_Connection]] = {}
        self._guard: AsyncGenerator[None, None] | None = None

    async def start(self) -> None:
        """Tie the connections to the loop's end: loops close their async generators last."""
        self._guard = _guard(self.network)
        await self._guard.__anext__()

    async def take(self, target: Target, watch: Watch) -> _Connection:
        """Return a connection that is ready for an exchange; give it back by :meth:`leave`."""
        await self._turns.take(watch)
        try:
            return self._idle_one(target.base) or _Connection(await self._connect(target, watch))
        except BaseException:
            self._turns.give()
            raise

    def _idle_one(self, base: str) -> _Connection | None:
        idle = self._idle.get(base)
        while idle:
            connection = idle.pop()  # the one used last: the others may grow old
            if self._now() < connection.until and not connection.stream.spent():
                return connection
            connection.stream.close()
        return None

    async def _connect(self, target: Target, watch: Watch) -> AsyncStream:
        host, port = target.proxy or (target.host, target.port)
        stream = await self.network.connect(host, port, watch)
        if target.secure:
            if target.proxy is not None:
                await _open_tunnel(stream, target, watch)
            await stream.start_tls(tls_context(self._verify, self._cert), target.host, watch)
        return stream

    def leave(self, base: str, connection: _Connection, *, whole: bool) -> None:
        """Take a connection back: to be used again after a whole exchange, else to be closed."""
        try:
            if whole and connection.http.next_exchange() and not self.network.closed:
                now = self._now()
                connection.until = now + IDLE_SECONDS
                idle = self._idle.setdefault(base, [])
                idle.append(connection)
                if idle[0].until < now or len(idle) > MAX_CONNECTIONS:
                    idle.pop(0).stream.close()
            else:
                connection.stream.close()
        finally:
            self._turns.give()

    def end(self) -> None:
        """End every connection, and with it whatever waits for one."""
        self.network.closed = True
        self._idle.clear()
        self.network.end()

    async def finish(self) -> None:
        """End every connection and wait until their sockets are closed."""
        self.end()
        if self._guard is not None:
            await self._guard.aclose()
        # asyncio closes an aborted socket on its next round.
        await asyncio.sleep(0)


async def _guard(network: AsyncNetwork) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        network.end()


async def _open_tunnel(stream: AsyncStream, target: Target, watch: Watch) -> None:
    """Have the proxy connect to the origin."""
    answer = ProxyAnswer(target.authority, target.proxy_lines)
    try:
        await stream.write(answer.request, watch)
        refusal = None
        while refusal is None:
            refusal = answer.feed(await stream.read(watch))
        if refusal:
            raise ProxyError(refusal)
    except BaseException:
        stream.close()
        raise


def _end_all(pools: dict[asyncio.AbstractEventLoop, _Pool]) -> None:
    """End the connections of loops that may run in other threads, or not at all just now."""
    for loop, pool in tuple(pools.items()):
        pool.network.closed = True
        with contextlib.suppress(RuntimeError):  # the loop is closed, and all it had with it
            loop.call_soon_threadsafe(pool.end)


class AsyncEngine:
    """Requests on the running event loop over pooled connections.

    Args:
        now: The monotonic clock in which time limits are given.
        verify: See :func:`quintet.transport.environment.tls_context`.
        cert: PEM file of a client certificate and its key.
        proxies: Which proxies to use; None reads the environment once, here.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        verify: str | bool = True,
        cert: str | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._now = now
        self._trust = verify, cert
        self._targets = Targets(proxies)
        self._closed = False
        self._inherited: list[dict[asyncio.AbstractEventLoop, _Pool]] = []
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._finalizer = weakref.finalize(self, _end_all, self._pools)
        self._finalizer.atexit = False  # by then every loop has ended, or never will

    def renew(self) -> None:
        """Forget the parent's connections in a forked child; the parent goes on using them."""
        self._finalizer.detach()
        # Kept unused: closing an asyncio transport would change the selector both share.
        self._inherited.append(self._pools)
        self._start()

    async def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for other in [other for other in tuple(self._pools) if other.is_closed()]:
                self._pools.pop(other, None)
            pool = self._pools[loop] = _Pool(self._now, *self._trust)
            await pool.start()
        return pool

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> _AsyncExchange:
        """Send the request and return once the head of the answer has arrived."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        target, path = self._targets.split(request.url)
        watch = Watch(until, seconds, self._now)
        try:
            pool = await self._pool()
            connection = await pool.take(target, watch)
            try:
                lines = header_lines(request, target)
                head = await _write(connection, request, path, lines, watch)
                if head is None:
                    head = await _read_head(connection, watch)
            except BaseException:
                pool.leave(target.base, connection, whole=False)
                raise
        except Exception as failure:
            raise explain(failure, watch, closed=self._closed)  # noqa: B904 - it sets the cause
        return _AsyncExchange(self, pool, target.base, connection, head, watch)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    async def close(self) -> None:
        """Close every connection of every loop this engine was used on."""
        self._closed = True
        here = self._pools.pop(asyncio.get_running_loop(), None)
        _end_all(self._pools)
        self._pools.clear()
        if here is not None:
            await here.finish()

    def abandon(self) -> None:
        """Have every loop close its connections at its next round, if it has one."""
        self._closed = True
        _end_all(self._pools)
        self._pools.clear()


async def _write(
    connection: _Connection,
    request: Request,
    path: bytes,
    lines: list[tuple[bytes, bytes]],
    watch: Watch,
) -> Head | None:
    """Send the request; return the head of the answer if it came before the end of that."""
    http, stream, body = connection.http, connection.stream, request.body
    if isinstance(body, Body):
        head = http.streamed(request.method, path, lines)
        parts: Any = async_outgoing(body, watch)
    else:
        head, *parts = http.request(request.method, path, lines, body)
    # Before the first byte: whether the kernel took any is not known if this fails.
    watch.progress = 1
    try:
        await stream.write(head, watch)
        del head  # it holds the credentials, and crash reports show what is in local variables
        if not isinstance(body, Body):
            for part in parts:
                await stream.write(part, watch)
            return None
        early: Head | None = None
        # Closed at once if it is left early: a thread may be reading ahead for it.
        async with contextlib.aclosing(parts):
            async for chunk in parts:
                await stream.write(http.data(chunk), watch)
                # Neither a fast peer nor a body in memory may keep the loop from its other tasks.
                await asyncio.sleep(0)
                if early is None and stream.answering():
                    early = await _look(connection, watch)
                    if early is not None and early.status >= 400:
                        return early  # RFC 9112 §9.5: what is refused need not be sent to its end
        await stream.write(http.end(), watch)
    except WriteError:
        # A server may refuse a request before it has read it, and say so: the answer counts.
        return None
    return early


async def _look(connection: _Connection, watch: Watch) -> Head | None:
    """Take what has come; return the head of the answer if it is there."""
    data = await connection.stream.read(watch)
    if data:
        watch.progress = 2
    connection.http.feed(data)
    return connection.http.head()


async def _read_head(connection: _Connection, watch: Watch) -> Head:
    http, stream = connection.http, connection.stream
    while (head := http.head()) is None:
        data = await stream.read(watch)
        if data:
            watch.progress = 2
        http.feed(data)
    return head


class _AsyncExchange:
    __slots__ = (
        "_base",
        "_connection",
        "_engine",
        "_pool",
        "_watch",
        "headers",
        "http_version",
        "status",
    )

    def __init__(
        self,
        engine: AsyncEngine,
        pool: _Pool,
        base: str,
        connection: _Connection,
        head: Head,
        watch: Watch,
    ) -> None:
        self.status = head.status
        self.headers = head.headers
        self.http_version = head.http_version
        self._engine = engine
        self._pool = pool
        self._base = base
        self._connection: _Connection | None = connection
        self._watch = watch

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        connection = self._connection
        if connection is None:
            return b""
        watch = self._watch
        watch.until, watch.seconds = until, seconds
        try:
            watch.left(ReadTimeout)
            while (piece := connection.http.body()) is None:
                connection.http.feed(await connection.stream.read(watch))
        except Exception as failure:
            self._leave(whole=False)
            raise explain(failure, watch, closed=self._engine.closed)  # noqa: B904 - it sets the cause
        if not piece:
            self._leave(whole=True)
        return piece

    async def close(self) -> None:
        self._leave(whole=False)

    def _leave(self, *, whole: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.leave(self._base, connection, whole=whole)
