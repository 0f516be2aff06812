"""The default engine, for asyncio: the same as :mod:`~quintet.transport.engine` on an event loop.

Connections belong to one loop.  A client may be used on several, in turn or in several threads;
each has connections of its own, which end with it.  Nothing that gives a connection back awaits, so
a task can be cancelled at any moment without one being lost.

A small request on a kept connection is the case that counts, and costs one write, one future and
one turn of its task: whatever it does not need is in functions that it does not call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import weakref
from collections.abc import Callable

from quintet.core.request import Request
from quintet.errors import ClientClosedError
from quintet.transport.aio_exchanges import AsyncExchange, WholeExchange
from quintet.transport.aio_pool import AsyncPool
from quintet.transport.aio_sending import send_body
from quintet.transport.environment import GivenProxies
from quintet.transport.failures import explain
from quintet.transport.forks import renew_after_fork
from quintet.transport.limits import ConnectionLimits
from quintet.transport.sites import creation_site, warn_unclosed
from quintet.transport.targets import Targets, header_lines
from quintet.transport.trust import Cert, Trust, Verify
from quintet.transport.watch import Watch, WriteTimeout

__all__ = ["AsyncEngine"]

_LIMITS = ConnectionLimits()
_Pools = dict[asyncio.AbstractEventLoop, AsyncPool]


class AsyncEngine:
    """Requests on the running event loop over pooled connections.

    Args:
        now: The monotonic clock in which time limits are given.
        verify: See :class:`quintet.transport.trust.Trust`, like the next two.
        cert: The client's certificate.
        proxies: Which proxies to use; None reads the environment once, here.
        unix_socket: Path of a socket where every request goes; excludes proxies.
        limits: How many connections each loop has, and for how long.
        ssl_context: In place of ``verify`` and ``cert``.
        site: Where the client was made, for the warning if it is not closed; None: here.

    Raises:
        ConfigurationError: A value is of the wrong kind, or two exclude each other.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        verify: Verify = True,
        cert: Cert | None = None,
        proxies: GivenProxies = None,
        unix_socket: str | os.PathLike[str] | None = None,
        limits: ConnectionLimits = _LIMITS,
        ssl_context: ssl.SSLContext | None = None,
        site: str | None = None,
    ) -> None:
        self._now = now
        self._trust = Trust(verify, cert, ssl_context)
        self._targets = Targets(proxies, unix_socket)
        self._limits = limits
        self._closed = False
        self._site = creation_site() if site is None else site
        self._inherited: list[_Pools] = []
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._pools: _Pools = {}
        self._finalizer = weakref.finalize(self, _forgotten, self._pools, self._site)
        self._finalizer.atexit = False  # by then every loop has ended, or never will

    def renew(self) -> None:
        """Forget the parent's connections in a forked child; the parent goes on using them."""
        self._finalizer.detach()
        for pool in self._pools.values():
            pool.rest()
        # Kept unused: closing an asyncio transport would change the selector both share.
        self._inherited.append(self._pools)
        self._start()

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> WholeExchange | AsyncExchange:
        """Send the request and return once the head of the answer has arrived.

        Raises:
            TransportError: With ``progress`` telling how far the exchange got.
            ClientClosedError: The engine is closed, or was while the request was under way.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        target, path = self._targets.split(request.url)
        now = self._now()
        watch = Watch(until, seconds, self._now)
        try:
            pool = self._pools.get(asyncio.get_running_loop()) or await self._new_pool()
            connection = pool.ready(target.base, now) or await pool.take(target, watch)
            try:
                if until is not None and now >= until:
                    raise WriteTimeout
                connection.begin()
                lines = header_lines(request, target)
                body = request.body
                if body is None:
                    (data,) = connection.http.request(request.method, path, lines, None)
                    watch.progress = 1
                    connection.write(data)
                    del data  # it holds the credentials, and crash reports show local variables
                    await connection.wait(until)
                    head = connection.head or await connection.answer(until)
                else:
                    head = await send_body(connection, request, path, lines, body, watch)
            except BaseException:
                if connection.http.begun:
                    watch.progress = 2
                pool.leave(connection, whole=False)
                raise
        except Exception as failure:
            raise explain(  # noqa: B904 - it sets the cause
                failure,
                watch,
                closed=self._closed,
                where=target.place,
                anonymous=target.secure and self._trust.anonymous,
            )
        whole = connection.whole
        if whole is None:
            return AsyncExchange(self, pool, connection, head, watch, creation_site())
        pool.leave(connection, whole=True)
        return WholeExchange(head, whole)

    async def _new_pool(self) -> AsyncPool:
        for other in [other for other in tuple(self._pools) if other.is_closed()]:
            self._pools.pop(other, None)
        pool = AsyncPool(self._now, self._limits, self._trust)
        self._pools[asyncio.get_running_loop()] = pool
        # Another thread may have closed the engine just now, and not seen this pool.
        pool.network.closed = self._closed
        await pool.start()
        return pool

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


def _end_all(pools: _Pools) -> None:
    """End the connections of loops that may run in other threads, or not at all just now."""
    for loop, pool in tuple(pools.items()):
        pool.network.closed = True
        with contextlib.suppress(RuntimeError):  # the loop is closed, and all it had with it
            loop.call_soon_threadsafe(pool.end)


def _forgotten(pools: _Pools, site: str) -> None:
    """Close what an engine has left open that nobody can reach any more, and say so."""
    count = sum(len(pool.network.live) for pool in pools.values())
    _end_all(pools)
    if count:
        plural = "s" if count > 1 else ""
        warn_unclosed(f"asyncio client with {count} open connection{plural}", site)
