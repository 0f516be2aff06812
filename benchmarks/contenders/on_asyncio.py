"""The ways of `blocking`, on asyncio: each is awaited in the loop and returns what fetches once."""

from __future__ import annotations

import asyncio
import atexit
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contenders.blocking import check, client_parts, constant_request, request_parts
from benchmarks.contenders.things import Thing

AsyncFetch = Callable[[], Awaitable[Any]]


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that stays, with what is open in it, until the process ends."""
    loop = asyncio.new_event_loop()

    def end() -> None:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    atexit.register(end)
    return loop


def close_at_exit(session: Any) -> None:
    """Have something closed before its loop is: what is left open says so on the way out."""
    loop = asyncio.get_running_loop()
    atexit.register(lambda: loop.run_until_complete(session.close()))


class _Connection(asyncio.Protocol):
    """One connection of the floor: a request out, an answer with a length in."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._data = b""
        self._wanted = 0
        self._body_at = 0
        self._waiter: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def exchange(self, request: bytes) -> asyncio.Future[bytes]:
        self._data, self._wanted = b"", 0
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiter

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        if not self._wanted:
            at = self._data.find(b"\r\n\r\n")
            if at < 0:
                return
            head = self._data[:at]
            length = int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            self._body_at = at + 4
            self._wanted = at + 4 + length
        if len(self._data) >= self._wanted and self._waiter is not None:
            self._waiter.set_result(self._data[self._body_at :])


async def protocol(thing: Thing, base: str) -> AsyncFetch:
    """The floor: a protocol of our own, as many connections as tasks, the one used last first."""
    parts = urlsplit(base)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    constant = constant_request(thing, parts.netloc)
    loop = asyncio.get_running_loop()
    idle: list[_Connection] = []

    async def fetch() -> Any:
        if idle:
            connection = idle.pop()
        else:
            _, connection = await loop.create_connection(
                _Connection, "127.0.0.1", parts.port or 0, ssl=context
            )
        body = await connection.exchange(constant)
        idle.append(connection)
        return json.loads(body)

    return fetch


async def bare_httpx(thing: Thing, base: str) -> AsyncFetch:
    """The bare library, with its default limits."""
    import httpx

    client = httpx.AsyncClient(base_url=base, headers=thing.headers, timeout=30)

    async def fetch() -> Any:
        response = await client.request(thing.method, thing.path, json=thing.body)
        response.raise_for_status()
        return response.json()

    return fetch


async def bare_httpx2(thing: Thing, base: str) -> AsyncFetch:
    """The bare library, with its default limits."""
    import httpx2

    client = httpx2.AsyncClient(base_url=base, headers=thing.headers, timeout=30)

    async def fetch() -> Any:
        response = await client.request(thing.method, thing.path, json=thing.body)
        response.raise_for_status()
        return response.json()

    return fetch


async def bare_aiohttp(thing: Thing, base: str) -> AsyncFetch:
    """The bare library, with its default limits."""
    import aiohttp

    session = aiohttp.ClientSession(
        headers=thing.headers, timeout=aiohttp.ClientTimeout(total=30), raise_for_status=True
    )
    close_at_exit(session)

    async def fetch() -> Any:
        async with session.request(
            thing.method, f"{base}{thing.path}", json=thing.body
        ) as response:
            return await response.json()

    return fetch


async def engine(thing: Thing, base: str) -> AsyncFetch:
    """Our engine without the client above it."""
    from quintet.core.request import Request
    from quintet.transport.aio_engine import AsyncEngine

    sender = AsyncEngine(time.monotonic)
    pairs = tuple(thing.all_headers.items())
    request = Request(thing.method, f"{base}{thing.path}", pairs, thing.content)

    async def fetch() -> Any:
        until = time.monotonic() + 30
        exchange = await sender.send(request, until, 30)
        check(exchange.status)
        return json.loads(await read_all(exchange, until))

    return fetch


async def read_all(exchange: Any, until: float) -> bytes:
    """Return the body of an exchange of our engine, as the client above it reads it."""
    body: bytes | None = getattr(exchange, "whole", None)
    if body is not None:
        return body
    pieces = []
    while piece := await exchange.read(until, 30):
        pieces.append(piece)
    await exchange.close()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def client(thing: Thing, base: str) -> AsyncFetch:
    """Our client without the SDK above it."""
    from quintet import AsyncApiClient

    api = AsyncApiClient(*client_parts(thing, base))
    parts = request_parts(thing)

    async def fetch() -> Any:
        return (await api.request(**parts)).json()

    return fetch


WAYS = {
    "protocol": protocol,
    "httpx-async": bare_httpx,
    "httpx2-async": bare_httpx2,
    "aiohttp": bare_aiohttp,
    "engine-async": engine,
    "api-client-async": client,
}
