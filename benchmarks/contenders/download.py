"""Fetch a body of so many bytes: `python -m benchmarks.contenders.download WHO BASE SIZE`.

WHO is a way to do it, most of them those of `blocking` and `on_asyncio`; each hands over the whole
body in memory, and it is compared with what the peer sends. `api-client-stream` is our client's
stream of pieces, for which the memory of one piece is enough.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contender import serve
from benchmarks.contenders.blocking import check, client_parts, constant_request, read_all
from benchmarks.contenders.on_asyncio import close_at_exit, new_loop, read_all as async_read_all
from benchmarks.contenders.things import THINGS, Thing, pattern

Get = Callable[[], Any]
AsyncGet = Callable[[], Awaitable[Any]]


def blob(size: int) -> Thing:
    """Return the thing that is fetched: the headers of another, at a path of its own."""
    return Thing(
        path=f"/blob/{size}",
        key=THINGS["model"].key,
        is_in=bool,
        client=THINGS["model"].client,
        client_async=THINGS["model"].client_async,
    )


def raw_socket(thing: Thing, base: str) -> Get:
    """The floor: a fresh buffer of the right length, filled by the kernel, handed out as it is."""
    parts = urlsplit(base)
    connection = socket.create_connection(("127.0.0.1", parts.port or 0))
    request = constant_request(thing, parts.netloc)

    def get() -> bytearray:
        connection.sendall(request)
        head, _, begun = connection.recv(65536).partition(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        body = bytearray(length)
        body[: len(begun)] = begun
        at, view = len(begun), memoryview(body)
        while at < length:
            count = connection.recv_into(view[at:])
            if not count:
                raise ConnectionError("the body is not whole")
            at += count
        return body

    return get


def http_client(thing: Thing, base: str) -> Get:
    """The standard library."""
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", urlsplit(base).port, timeout=30)

    def get() -> bytes:
        connection.request("GET", thing.path, headers=thing.headers)
        response = connection.getresponse()
        check(response.status)
        return response.read()

    return get


def urllib3(thing: Thing, base: str) -> Get:
    """Its pool manager."""
    import urllib3

    pool = urllib3.PoolManager(headers=thing.headers, timeout=30)

    def get() -> bytes:
        response = pool.request("GET", f"{base}{thing.path}")
        check(response.status)
        return bytes(response.data)

    return get


def requests(thing: Thing, base: str) -> Get:
    """A session."""
    import requests

    session = requests.Session()
    session.headers.update(thing.headers)

    def get() -> bytes:
        response = session.get(f"{base}{thing.path}", timeout=30)
        response.raise_for_status()
        return response.content

    return get


def httpx(thing: Thing, base: str) -> Get:
    """The bare library."""
    import httpx

    client = httpx.Client(base_url=base, headers=thing.headers, timeout=30)
    return lambda: client.get(thing.path).raise_for_status().content


def httpx2(thing: Thing, base: str) -> Get:
    """The bare library."""
    import httpx2

    client = httpx2.Client(base_url=base, headers=thing.headers, timeout=30)
    return lambda: client.get(thing.path).raise_for_status().content


def engine(thing: Thing, base: str) -> Get:
    """Our engine, its pieces joined as the client joins them."""
    from quintet.core.request import Request
    from quintet.transport.engine import Engine

    sender = Engine(time.monotonic)
    request = Request("GET", f"{base}{thing.path}", tuple(thing.headers.items()))

    def get() -> bytes:
        until = time.monotonic() + 30
        return read_all(sender.send(request, until, 30), until)

    return get


def api_client(thing: Thing, base: str) -> Get:
    """Our client, the whole answer."""
    from quintet import ApiClient, Operation, RetryClass

    api = ApiClient(*client_parts(thing, base))
    operation = Operation("blob", "GET", thing.path, RetryClass.SAFE)
    return lambda: api.request(operation).body


def api_client_stream(thing: Thing, base: str) -> Get:
    """Our client's stream of pieces."""
    from quintet import ApiClient, Operation, RetryClass

    api = ApiClient(*client_parts(thing, base))
    operation = Operation("blob", "GET", thing.path, RetryClass.SAFE)

    def get() -> bytes:
        with api.download(operation) as pieces:
            return b"".join(pieces)

    return get


async def httpx_async(thing: Thing, base: str) -> AsyncGet:
    """The bare library."""
    import httpx

    client = httpx.AsyncClient(base_url=base, headers=thing.headers, timeout=30)

    async def get() -> bytes:
        return (await client.get(thing.path)).raise_for_status().content

    return get


async def httpx2_async(thing: Thing, base: str) -> AsyncGet:
    """The bare library."""
    import httpx2

    client = httpx2.AsyncClient(base_url=base, headers=thing.headers, timeout=30)

    async def get() -> bytes:
        return (await client.get(thing.path)).raise_for_status().content

    return get


async def aiohttp(thing: Thing, base: str) -> AsyncGet:
    """The bare library."""
    import aiohttp

    session = aiohttp.ClientSession(headers=thing.headers, raise_for_status=True)
    close_at_exit(session)

    async def get() -> bytes:
        async with session.get(f"{base}{thing.path}") as response:
            return bytes(await response.read())

    return get


async def engine_async(thing: Thing, base: str) -> AsyncGet:
    """Our engine, its pieces joined as the client joins them."""
    from quintet.core.request import Request
    from quintet.transport.aio_engine import AsyncEngine

    sender = AsyncEngine(time.monotonic)
    request = Request("GET", f"{base}{thing.path}", tuple(thing.headers.items()))

    async def get() -> bytes:
        until = time.monotonic() + 30
        return await async_read_all(await sender.send(request, until, 30), until)

    return get


async def api_client_async(thing: Thing, base: str) -> AsyncGet:
    """Our client, the whole answer."""
    from quintet import AsyncApiClient, Operation, RetryClass

    api = AsyncApiClient(*client_parts(thing, base))
    operation = Operation("blob", "GET", thing.path, RetryClass.SAFE)

    async def get() -> bytes:
        return (await api.request(operation)).body

    return get


BLOCKING: dict[str, Callable[[Thing, str], Get]] = {
    "socket": raw_socket,
    "http.client": http_client,
    "urllib3": urllib3,
    "requests": requests,
    "httpx": httpx,
    "httpx2": httpx2,
    "engine": engine,
    "api-client": api_client,
    "api-client-stream": api_client_stream,
}
ASYNC: dict[str, Callable[[Thing, str], Awaitable[AsyncGet]]] = {
    "httpx-async": httpx_async,
    "httpx2-async": httpx2_async,
    "aiohttp": aiohttp,
    "engine-async": engine_async,
    "api-client-async": api_client_async,
}


def expect(body: Any, wanted: bytes) -> None:
    """Refuse a body that is not the one."""
    if body != wanted:
        raise RuntimeError(f"{len(body)} bytes came, and they are not the peer's {len(wanted)}")


def contender(who: str, base: str, size: int) -> Callable[[int], None]:
    """Return the work that the command line names; the first body of each turn is compared."""
    thing, wanted = blob(size), pattern(size)
    if who in BLOCKING:
        get = BLOCKING[who](thing, base)

        def work(count: int) -> None:
            expect(get(), wanted)
            for _ in range(count - 1):
                assert len(get()) == size

        return work
    loop = new_loop()

    async def made() -> AsyncGet:
        return await ASYNC[who](thing, base)

    awaited = loop.run_until_complete(made())

    async def turn(count: int) -> None:
        expect(await awaited(), wanted)
        for _ in range(count - 1):
            assert len(await awaited()) == size

    return lambda count: loop.run_until_complete(turn(count))


if __name__ == "__main__":
    who, base, size = sys.argv[1:]
    serve(contender(who, base, int(size)))
