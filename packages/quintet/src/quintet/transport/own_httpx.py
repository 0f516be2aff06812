"""httpx with our rules, for ``transport="httpx"``: made, used and closed by the runtime.

It is the way out if the native engine should stand in the way, and the way to proxies it does not
speak to (SOCKS, https).  Trust, proxies and bounds are those of the native engine; no cookies are
kept, no netrc is read, no redirect is followed.  What a foreign client cannot promise is said in
:mod:`~quintet.transport.httpx`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConfigurationError
from quintet.transport.environment import Proxies
from quintet.transport.forks import renew_after_fork
from quintet.transport.httpx import AsyncHttpxTransport, HttpxTransport
from quintet.transport.interface import AsyncExchange, Exchange
from quintet.transport.limits import ConnectionLimits
from quintet.transport.sites import warn_unclosed
from quintet.transport.trust import tls_context

__all__ = ["AsyncOwnHttpxTransport", "OwnHttpxTransport"]


def _settings() -> dict[str, Any]:
    """Return what both kinds of client are made with, besides their transport."""
    nobody = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return {"cookies": nobody, "trust_env": False, "follow_redirects": False, "timeout": None}


def _pool(proxy: str | None) -> dict[str, Any]:
    """Return what both kinds of pool are made with."""
    limits = ConnectionLimits()
    return {
        "verify": tls_context(),
        "proxy": proxy,
        "trust_env": False,
        "limits": httpx.Limits(
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_connections,
            keepalive_expiry=limits.idle_seconds,
        ),
    }


def _open(make: Callable[[str | None], Any], proxy: str | None) -> Any:
    if proxy is not None and "://" not in proxy:
        proxy = f"http://{proxy}"  # as our engine reads it
    try:
        return make(proxy)
    except (ImportError, ValueError) as unusable:
        # Its text may show the URL, and with it a password.
        raise ConfigurationError(
            "httpx cannot use the proxy of the environment; for a SOCKS proxy it needs: "
            'pip install "httpx[socks]"'
        ) from (unusable if isinstance(unusable, ImportError) else None)


class _Routes(httpx.BaseTransport):
    """One pool for each proxy in use; which one a request takes is decided as in our engine."""

    def __init__(self) -> None:
        self._proxies = Proxies.from_environment()
        self._pools: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        proxy = self._proxies.choose(url.scheme, url.host, _port(url))
        pool = self._pools.get(proxy)
        if pool is None:
            made = _open(lambda proxy: httpx.HTTPTransport(**_pool(proxy)), proxy)
            # Two threads may have made one; nothing was connected yet.
            pool = self._pools.setdefault(proxy, made)
        return pool.handle_request(request)

    @property
    def connected(self) -> bool:
        """Whether there is an open connection."""
        return _connected(self._pools.values())

    def close(self) -> None:
        for pool in tuple(self._pools.values()):
            pool.close()


class _AsyncRoutes(httpx.AsyncBaseTransport):
    """The same for asyncio."""

    def __init__(self) -> None:
        self._proxies = Proxies.from_environment()
        self._pools: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        proxy = self._proxies.choose(url.scheme, url.host, _port(url))
        pool = self._pools.get(proxy)
        if pool is None:
            pool = _open(lambda proxy: httpx.AsyncHTTPTransport(**_pool(proxy)), proxy)
            self._pools[proxy] = pool
        return await pool.handle_async_request(request)

    @property
    def connected(self) -> bool:
        """Whether there is an open connection."""
        return _connected(self._pools.values())

    async def aclose(self) -> None:
        for pool in tuple(self._pools.values()):
            await pool.aclose()


def _connected(pools: Iterable[Any]) -> bool:
    # httpx itself does not tell, only what it stands on.
    return any(not each.is_closed() for pool in pools for each in pool._pool.connections)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


class OwnHttpxTransport:
    """A blocking httpx client of our own; safe to share between threads.

    Args:
        now: The monotonic clock in which time limits are given.
        site: Where the client was made, for the warning if it is not closed.
    """

    def __init__(self, now: Callable[[], float], site: str) -> None:
        self._now = now
        self._site = site
        self._inherited: list[object] = []
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        routes = _Routes()
        self._client = httpx.Client(transport=routes, **_settings())
        self._transport = HttpxTransport(self._client, self._now, own=True)
        self._finalizer = weakref.finalize(
            self, _forgotten, weakref.ref(self), self._client, routes, self._site
        )

    def renew(self) -> None:
        """Use a client of its own in a forked child; the parent goes on using the other one."""
        self._finalizer.detach()
        # Kept unused: another thread may have held its locks at the moment of the fork.
        self._inherited.append(self._client)
        closed = self._client.is_closed
        self._start()
        if closed:
            self.close()

    def send(self, request: Request, until: float | None, seconds: float | None) -> Exchange:
        """Send the request and return once the head of the answer has arrived."""
        return self._transport.send(request, until, seconds)

    def close(self) -> None:
        """Close every connection that no exchange uses, and refuse further requests."""
        self._finalizer.detach()
        self._transport.close()
        self._client.close()


def _forgotten(
    owner: weakref.ref[OwnHttpxTransport], client: httpx.Client, routes: _Routes, site: str
) -> None:
    """Close a client that nobody closed; at the exit of the program, say nothing."""
    connected = routes.connected
    client.close()
    # At the exit it is called although the owner is still there.
    if connected and owner() is None and not sys.is_finalizing():
        warn_unclosed("client on httpx", site)


class _Loop:
    """The client of one event loop."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.routes = _AsyncRoutes()
        self.client = httpx.AsyncClient(transport=self.routes, **_settings())
        self.transport = AsyncHttpxTransport(self.client, now, own=True)
        self._guard = self._closing()

    async def start(self) -> None:
        """Tie the connections to the loop's end: loops close their async generators last."""
        await self._guard.__anext__()

    async def _closing(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.client.aclose()

    async def close(self) -> None:
        await self._guard.aclose()


class AsyncOwnHttpxTransport:
    """An httpx client of our own for each event loop that it is used on.

    Args:
        now: The monotonic clock in which time limits are given.
        site: Where the client was made, for the warning if it is not closed.
    """

    def __init__(self, now: Callable[[], float], site: str) -> None:
        self._now = now
        self._site = site
        self._closed = False
        self._inherited: list[object] = []
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}
        self._finalizer = weakref.finalize(self, _left_open, self._loops, self._site)
        self._finalizer.atexit = False  # by then every loop has ended, or never will

    def renew(self) -> None:
        """Use clients of its own in a forked child; the parent goes on using the others."""
        self._finalizer.detach()
        self._inherited.append(self._loops)
        self._start()

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> AsyncExchange:
        """Send the request and return once the head of the answer has arrived."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        loop = asyncio.get_running_loop()
        mine = self._loops.get(loop)
        if mine is None:
            for other in [other for other in tuple(self._loops) if other.is_closed()]:
                self._loops.pop(other, None)
            mine = self._loops[loop] = _Loop(self._now)
            await mine.start()
        return await mine.transport.send(request, until, seconds)

    async def close(self) -> None:
        """Close every connection of this event loop, and have the other loops close theirs."""
        here = asyncio.get_running_loop()
        mine = self._loops.pop(here, None)
        self.abandon()
        if mine is not None:
            mine.transport.abandon()
            await mine.close()

    def abandon(self) -> None:
        """The same from blocking code, which cannot wait for the loops to do it."""
        self._closed = True
        self._finalizer.detach()
        _end_all(self._loops)


def _left_open(loops: dict[asyncio.AbstractEventLoop, _Loop], site: str) -> None:
    """Close what nobody closed and nobody can reach any more, and say so."""
    open_ones = any(not loop.is_closed() and loops[loop].routes.connected for loop in loops)
    _end_all(loops)
    if open_ones:
        warn_unclosed("asyncio client on httpx", site)


def _end_all(loops: dict[asyncio.AbstractEventLoop, _Loop]) -> None:
    for loop, there in tuple(loops.items()):
        there.transport.abandon()
        with contextlib.suppress(RuntimeError):  # the loop is closed, and all it had with it
            loop.call_soon_threadsafe(_close_here, there)
    loops.clear()


def _close_here(there: _Loop) -> None:
    _closing.add(task := asyncio.ensure_future(there.close()))
    task.add_done_callback(_closing.discard)


# A loop holds its tasks weakly.
_closing: set[asyncio.Future[None]] = set()
