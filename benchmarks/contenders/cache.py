"""Cache operations: `… cache http PORT KEY`, `… cache psycopg DATABASE_URL`, `… cache valkey URL`.

A line `OPERATION CALLERS COUNT` arrives: so many operations, shared by so many callers with a
connection each. `get` and `set` go over `KEYS` keys in turn, `increment` over as many counters;
`mixed` is seven gets, two sets and an increment.
`http` goes through the API, with a raw generator. `psycopg` is the baseline: the statements that
the server has for these operations, one at a time, on the same table. `valkey` is the baseline of a
server whose cache is in Valkey: the plain commands GET, SET and INCRBY.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import uvloop

from benchmarks.contender import serve_lines
from benchmarks.http_load import Connection
from quintet_server.engines.kv import statements

KEYS = 1000
VALUE = {"name": "Reader", "roles": ["reader", "writer"], "visits": 12, "active": True}
TEXT = b'{"name":"Reader","roles":["reader","writer"],"visits":12,"active":true}'
MIX = ("get", "get", "get", "set", "get", "get", "increment", "get", "set", "get")
SPACE = "bench"

Step = Callable[[str], Awaitable[Any]]
Caller = dict[str, Step]
"""What one caller can do with a key, by the operation's name."""


def steps(operation: str, count: int) -> Iterator[tuple[str, str]]:
    """Yield so many pairs of an operation and a key; every caller takes its next ones from here."""
    mix = itertools.cycle(MIX if operation == "mixed" else (operation,))
    for number, name in zip(range(count), mix):  # noqa: B905 - the mix has no end
        kind = "counter" if name == "increment" else "key"
        yield name, f"{kind}-{number * 7 % KEYS}"


class Cache(ABC):
    """One way to a cache."""

    def __init__(self) -> None:
        self._callers: list[Caller] = []

    @abstractmethod
    async def open(self) -> Caller:
        """Make a caller with a connection of its own."""

    async def work(self, operation: str, callers: int, count: int) -> None:
        """Do so many operations from so many callers."""
        while len(self._callers) < callers:
            self._callers.append(await self.open())
        taken = steps(operation, count)

        async def call(caller: Caller) -> None:
            for name, key in taken:
                await caller[name](key)

        await asyncio.gather(*map(call, self._callers[:callers]))


class OverHttp(Cache):
    """Through the API."""

    def __init__(self, port: str, key: str) -> None:
        super().__init__()
        self._port, self._key = int(port), key

    async def open(self) -> Caller:
        """Connect to the server."""
        post = (await Connection.open(self._port, self._key)).post
        return {
            "get": lambda key: post("/v1/cache/get", {"key": key}),
            "set": lambda key: post("/v1/cache/set", {"key": key, "value": VALUE}),
            "increment": lambda key: post("/v1/cache/increment", {"key": key}),
        }


class Bare(Cache):
    """Straight to the table."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def open(self) -> Caller:
        """Connect to the database."""
        conn = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, prepare_threshold=0
        )
        cursor = conn.cursor(binary=True)

        async def get(key: str) -> Any:
            return await (await cursor.execute(statements.GET, (SPACE, key))).fetchone()

        async def set_(key: str) -> None:
            await cursor.execute(statements.SET, ([SPACE], [key], [TEXT], [None]))

        async def increment(key: str) -> Any:
            values = ([SPACE], [key], [1], [0], [None])
            return await (await cursor.execute(statements.INCREMENT, values)).fetchone()

        return {"get": get, "set": set_, "increment": increment}


class Valkey(Cache):
    """Straight to Valkey."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def open(self) -> Caller:
        """Connect to Valkey."""
        from valkey.asyncio import Valkey as Client

        client = Client.from_url(self._url, single_connection_client=True)
        return {
            "get": lambda key: client.get(f"bare:{key}"),
            "set": lambda key: client.set(f"bare:{key}", TEXT),
            "increment": lambda key: client.incrby(f"bare:{key}", 1),
        }


def main(who: str, *where: str) -> None:
    """Serve one contender."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    ways: dict[str, Callable[..., Cache]] = {"http": OverHttp, "psycopg": Bare, "valkey": Valkey}
    cache = ways[who](*where)

    def work(line: str) -> None:
        operation, callers, count = line.split()
        loop.run_until_complete(cache.work(operation, int(callers), int(count)))

    serve_lines(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
