"""What a call costs above the engine: `python -m benchmarks.contenders.layer WHAT WHO BASE`.

WHAT is one of `things.THINGS`; WHO is `api-client` or `client` (the SDK), `-async` for asyncio.
In one process, over one connection each, blocks of calls alternate: the client, and the engine
sending the very request that the client sends, without a client above it. Answers the CPU seconds
of either, of the client on a canned transport that has the answer ready (there the engine is next
to nothing), and of decoding the JSON alone, which is part of what the client does and of nothing
that the engine does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.contender import serve
from benchmarks.contenders import blocking, on_asyncio
from benchmarks.contenders.blocking import client_parts, request_parts
from benchmarks.contenders.things import THINGS, Thing

BLOCK = 20
Call = Callable[[], Any]
Times = dict[str, float]


class _Answer:
    """An answer of which everything has come."""

    __slots__ = ("headers", "http_version", "status", "whole")

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.whole = status, headers, body
        self.http_version = "HTTP/1.1"

    def read(self, until: float | None, seconds: float | None) -> bytes:
        return b""

    def close(self) -> None:
        pass


class _AsyncAnswer(_Answer):
    """The same, awaited."""

    __slots__ = ()

    async def read(self, until: float | None, seconds: float | None) -> bytes:  # type: ignore[override]
        return b""

    async def close(self) -> None:  # type: ignore[override]
        pass


class Canned:
    """A transport that gives one answer at once, and remembers what it was last asked."""

    def __init__(self, status: int = 200, headers: Any = None, body: bytes = b"") -> None:
        self.asked: Any = None
        self.answer = status, headers, body
        self.body = body
        self._answer = _Answer(status, headers, body)

    def send(self, request: Any, until: float | None, seconds: float | None) -> _Answer:
        """Answer."""
        self.asked = request
        return self._answer

    def close(self) -> None:
        """Nothing is open."""


class AsyncCanned:
    """The same, awaited."""

    def __init__(self, canned: Canned) -> None:
        self.asked: Any = None
        self._answer = _AsyncAnswer(*canned.answer)

    async def send(self, request: Any, until: float | None, seconds: float | None) -> _AsyncAnswer:
        """Answer."""
        self.asked = request
        return self._answer

    async def close(self) -> None:
        """Nothing is open."""

    def abandon(self) -> None:
        """Nothing is open."""


def first_answer(thing: Thing, base: str) -> Canned:
    """Ask the peer once, and return a transport that always answers the same."""
    from quintet.core.request import Request
    from quintet.transport.engine import Engine

    engine = Engine(time.monotonic)
    pairs = tuple(thing.all_headers.items())
    until = time.monotonic() + 30
    request = Request(thing.method, f"{base}{thing.path}", pairs, thing.content)
    exchange = engine.send(request, until, 30)
    canned = Canned(exchange.status, exchange.headers, blocking.read_all(exchange, until))
    engine.close()
    return canned


def pair(thing: Thing, who: str, base: str) -> Callable[[int], Times]:
    """Blocking calls of a client and of the engine."""
    from quintet import ApiClient
    from quintet.transport.engine import Engine

    parts = request_parts(thing)

    def client(**options: Any) -> Call:
        if who == "client":
            return thing.client(thing.key, base, **options)
        api = ApiClient(*client_parts(thing, base), **options)
        return lambda: api.request(**parts).json()

    canned = first_answer(thing, base)
    on_canned, on_engine = client(transport=canned), client()
    assert thing.is_in(on_canned())
    assert thing.is_in(on_engine())
    request, engine = canned.asked, Engine(time.monotonic)

    def engine_alone() -> bytes:
        until = time.monotonic() + 30
        return blocking.read_all(engine.send(request, until, 30), until)

    def block(call: Call) -> float:
        started = time.process_time()
        for _ in range(BLOCK):
            call()
        return time.process_time() - started

    calls = {
        "engine": engine_alone,
        "client": on_engine,
        "canned": on_canned,
        "json": lambda: json.loads(canned.body),
    }

    def work(count: int) -> Times:
        spent = dict.fromkeys(calls, 0.0)
        for turn in range(count // BLOCK):
            for name in in_turn(list(calls), turn):
                spent[name] += block(calls[name])
        return spent

    return work


def pair_async(thing: Thing, who: str, base: str) -> Callable[[int], Times]:
    """The same, awaited."""
    from quintet import AsyncApiClient
    from quintet.transport.aio_engine import AsyncEngine

    loop = on_asyncio.new_loop()
    parts = request_parts(thing)

    def client(**options: Any) -> Callable[[], Awaitable[Any]]:
        if who == "client":
            return thing.client_async(thing.key, base, **options)
        api = AsyncApiClient(*client_parts(thing, base), **options)

        async def call() -> Any:
            return (await api.request(**parts)).json()

        return call

    canned = first_answer(thing, base)
    at_once = AsyncCanned(canned)
    on_canned, on_engine = client(transport=at_once), client()

    async def look() -> None:
        assert thing.is_in(await on_canned())
        assert thing.is_in(await on_engine())

    loop.run_until_complete(look())
    request, engine = at_once.asked, AsyncEngine(time.monotonic)

    async def engine_alone() -> bytes:
        until = time.monotonic() + 30
        return await on_asyncio.read_all(await engine.send(request, until, 30), until)

    async def block(call: Callable[[], Awaitable[Any]]) -> float:
        started = time.process_time()
        for _ in range(BLOCK):
            await call()
        return time.process_time() - started

    async def decode() -> Any:
        return json.loads(canned.body)

    calls = {"engine": engine_alone, "client": on_engine, "canned": on_canned, "json": decode}

    async def work(count: int) -> Times:
        spent = dict.fromkeys(calls, 0.0)
        for turn in range(count // BLOCK):
            for name in in_turn(list(calls), turn):
                spent[name] += await block(calls[name])
        return spent

    return lambda count: loop.run_until_complete(work(count))


def in_turn(names: list[str], turn: int) -> list[str]:
    """Return the names in an order that rotates."""
    shift = turn % len(names)
    return names[shift:] + names[:shift]


def main(what: str, who: str, base: str) -> None:
    """Serve one contender."""
    make = pair_async if who.endswith("-async") else pair
    serve(make(THINGS[what], who.removesuffix("-async"), base))


if __name__ == "__main__":
    main(*sys.argv[1:])
