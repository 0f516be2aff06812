"""SQL queries: `… database http PORT KEY`, or `… database apsw FILE`.

A line `OPERATION CALLERS COUNT` arrives. `select` asks for rows of a table of `ROWS` by their
primary keys, `insert` adds rows to another. `http` goes through the API with a raw generator, a
connection per caller; `apsw` is the baseline: one connection inside the process to the file of the
same project, opened as the server opens it (write-ahead log, `synchronous = FULL`), every statement
a transaction. It has one caller, whatever the line says: a file has one writer, and a second thread
of one interpreter only gets in its way.

Besides the usual: the milliseconds that each call took, in order.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import apsw
import uvloop

from benchmarks.contender import serve_lines
from benchmarks.http_load import Connection

ROWS = 10_000
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT, price REAL)",
    "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, item INTEGER, note TEXT)",
)
FILL = """
    INSERT OR IGNORE INTO items (id, name, price)
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n LIMIT 10000)
    SELECT id, 'item ' || id, id * 1.5 FROM n
"""
SELECT = "SELECT id, name, price FROM items WHERE id = ?"
INSERT = "INSERT INTO orders (item, note) VALUES (?, ?)"
NOTE = "to be left at the door"

Timed = list[float]


def parameters(operation: str, number: int) -> tuple[str, list[Any]]:
    """Return the statement and the values of one call."""
    key = number * 7 % ROWS + 1
    return (SELECT, [key]) if operation == "select" else (INSERT, [key, NOTE])


class OverHttp:
    """Through the API; the table is made on the first line."""

    def __init__(self, port: str, key: str) -> None:
        self._port, self._key = int(port), key
        self._connections: list[Connection] = []
        self._loop = uvloop.new_event_loop()
        self._loop.run_until_complete(self._prepare())

    async def _prepare(self) -> None:
        [connection] = await self._opened(1)
        for sql in (*SCHEMA, FILL):
            await connection.post("/v1/db/query", {"sql": sql})

    async def _opened(self, count: int) -> list[Connection]:
        while len(self._connections) < count:
            self._connections.append(await Connection.open(self._port, self._key))
        return self._connections[:count]

    def work(self, operation: str, callers: int, count: int) -> Timed:
        """Do it; return the seconds of each call."""
        return self._loop.run_until_complete(self._work(operation, callers, count))

    async def _work(self, operation: str, callers: int, count: int) -> Timed:
        numbers, taken = iter(range(count)), [0.0] * count

        async def call(connection: Connection) -> None:
            for number in numbers:
                sql, params = parameters(operation, number)
                started = time.perf_counter()
                answer = await connection.post("/v1/db/query", {"sql": sql, "params": params})
                taken[number] = time.perf_counter() - started
                assert answer["count"] == 1

        calls: list[Awaitable[None]] = [call(one) for one in await self._opened(callers)]
        await asyncio.gather(*calls)
        return taken


class InProcess:
    """Straight to the file."""

    def __init__(self, file: str) -> None:
        self._db = apsw.Connection(file, flags=apsw.SQLITE_OPEN_READWRITE)
        self._db.set_busy_timeout(2000)
        self._db.pragma("journal_mode", "WAL")
        self._db.pragma("synchronous", "FULL")
        self._db.pragma("cache_size", -2048)

    def work(self, operation: str, _callers: int, count: int) -> Timed:
        """Do it; return the seconds of each call."""
        taken = []
        for number in range(count):
            sql, params = parameters(operation, number)
            started = time.perf_counter()
            rows = self._db.execute(sql, params).fetchall()
            taken.append(time.perf_counter() - started)
            assert len(rows) == (operation == "select")
        return taken


def main(who: str, *where: str) -> None:
    """Serve one contender."""
    ways: dict[str, Callable[..., OverHttp | InProcess]] = {"http": OverHttp, "apsw": InProcess}
    database = ways[who](*where)

    def work(line: str) -> Mapping[str, Any]:
        operation, callers, count = line.split()
        taken = database.work(operation, int(callers), int(count))
        return {"ms": [seconds * 1e3 for seconds in taken]}

    serve_lines(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
