"""Reading the rows of one statement as they arrive, in chunks, no further than is wanted."""

from __future__ import annotations

import array
from typing import Any

import orjson
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.pq import abc
from psycopg.waiting import Wait

from quintet_server.engines.sql.model import Column, SqlRefused
from quintet_server.engines.sql.results import new_transformer, type_of
from quintet_server.engines.sql.statement import Statement

__all__ = ["Fetch", "describe"]

_CHUNK_ROWS = 200
_LEAST_READ_BYTES = 8_192
"""libpq sees to so much room before it reads."""
_OPTIONS = orjson.OPT_NON_STR_KEYS


class Fetch:
    """The result of a statement, growing while it is read.

    Attributes:
        rows: at most `limit`, and together at most `max_bytes` as JSON.
        is_complete: whether the server has said that it is done, so that the connection is usable.
    """

    def __init__(self, statement: Statement, limit: int, max_bytes: int):
        self._statement = statement
        self._limit = limit
        self._max_bytes = max_bytes
        self._transformer = new_transformer()
        self._names: list[str] = []
        self._size = 2  # the brackets
        self._received = 0
        self._is_overfull = False
        self.columns: tuple[Column, ...] = ()
        self.rows: list[dict[str, Any]] = []
        self.encoded: list[bytes] = []
        self.is_truncated = False
        self.is_complete = False

    def run(self, pgconn: abc.PGconn) -> PQGen[None]:
        """Send the statement and read its rows; ends early once there are more than enough."""
        # One row more than is wanted tells whether there was one. The text stands on lines of its
        # own, so that a comment at its end ends there.
        text = f"SELECT * FROM (\n{self._statement.sql}\n) AS q LIMIT {self._limit + 1}"
        pgconn.send_query_params(text.encode(), self._statement.values, self._statement.types)
        pgconn.set_chunked_rows_mode(_CHUNK_ROWS)
        yield from _flush(pgconn)
        while not self.is_truncated or len(self.rows) == self._limit:
            result = yield from self._next_result(pgconn)
            if result is None:
                self.is_complete = not self._is_overfull
                return
            self._add(result)

    def _next_result(self, pgconn: abc.PGconn) -> PQGen[abc.PGresult | None]:
        while pgconn.is_busy():
            yield from _until_readable()
            # A read takes some of what waits while more arrives: what is certain counts.
            waiting = _pending(pgconn.socket)
            pgconn.consume_input()
            taken = waiting - _pending(pgconn.socket)
            self._received += max(taken, min(waiting, _LEAST_READ_BYTES))
            if self._received > 2 * self._max_bytes + 65_536:
                # One value or row beyond all bounds; what it is made of is not read into memory.
                self.is_truncated = self._is_overfull = True
                return None
        return pgconn.get_result()

    def _add(self, result: abc.PGresult) -> None:
        status = result.status
        if status == pq.ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
        if not self.columns:
            self.columns = columns_of(result, self._statement)
            self._names = [column.name for column in self.columns]
            self._transformer.set_pgresult(result)
        elif result.ntuples:
            self._transformer.set_pgresult(result)
        names = self._names
        if result.ntuples and not self.is_truncated:
            self._keep(
                self._transformer.load_rows(
                    0,
                    result.ntuples,
                    lambda values: dict(zip(names, values)),  # noqa: B905 - of every row
                )
            )

    def _keep(self, rows: list[dict[str, Any]]) -> None:
        room = self._limit - len(self.rows)
        if len(rows) > room:
            self.is_truncated = True
            rows = rows[:room]
        encoded = orjson.dumps(rows, option=_OPTIONS)[1:-1]
        if self._size + len(encoded) + 1 > self._max_bytes:
            self.is_truncated = True
            rows = self._that_fit(rows)
            encoded = orjson.dumps(rows, option=_OPTIONS)[1:-1]
        if rows:
            self.rows += rows
            self.encoded.append(encoded)
            self._size += len(encoded) + 1

    def _that_fit(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        size = self._size
        for count, row in enumerate(rows):
            size += len(orjson.dumps(row, option=_OPTIONS)) + 1
            if size > self._max_bytes:
                return rows[:count]
        return rows


def describe(pgconn: abc.PGconn, statement: Statement) -> PQGen[tuple[Column, ...]]:
    """Have the statement understood, and return its columns; nothing is run."""
    text = f"SELECT * FROM (\n{statement.sql}\n) AS q"
    pgconn.send_prepare(b"", text.encode(), statement.types)
    yield from _result(pgconn)
    pgconn.send_describe_prepared(b"")
    return columns_of((yield from _result(pgconn)), statement)


def columns_of(result: abc.PGresult, statement: Statement) -> tuple[Column, ...]:
    """The columns of a result, named as they were written. Raises when two have one name."""
    columns = []
    seen = set()
    for index in range(result.nfields):
        name = (result.fname(index) or b"").decode()
        if name in seen:
            raise SqlRefused(
                "duplicate_column",
                f"Two columns of the result are called {name!r}: give one of them another name "
                "(AS), since a row names its values.",
                {"column": name},
            )
        seen.add(name)
        spelled = statement.spellings.get(name, name)
        columns.append(Column(spelled, type_of(result.ftype(index))))
    return tuple(columns)


def _result(pgconn: abc.PGconn) -> PQGen[abc.PGresult]:
    yield from _flush(pgconn)
    last: abc.PGresult | None = None
    while True:
        while pgconn.is_busy():
            yield from _until_readable()
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            break
        last = result
    assert last is not None  # every message is answered, if only by an error
    if last.status == pq.ExecStatus.FATAL_ERROR:
        raise error_from_result(last)
    return last


def _flush(pgconn: abc.PGconn) -> PQGen[None]:
    while pgconn.flush():
        ready = yield Wait.RW
        if ready & Wait.R:
            pgconn.consume_input()


def _until_readable() -> PQGen[None]:
    while not (yield Wait.R) & Wait.R:
        pass


def _pending(descriptor: int) -> int:
    """How many bytes wait in the socket."""
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
