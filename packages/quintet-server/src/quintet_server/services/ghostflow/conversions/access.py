"""How the statements about conversions reach the database: alone, or together with others.

Under load, most of what a conversion costs is not its own: the round trip, the commit, the wake-up
of whoever listens. What arrives while others are being written shares these with the next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from quintet_server.engines.work.batching import Batcher
from quintet_server.store.database import Connection, Database

__all__ = ["Access", "Direct", "Place", "Shared"]

_TOGETHER_MAX_COUNT = 50
# Of what psycopg counts as operational, what befalls one statement and not the connection.
_OF_ONE = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.PipelineAborted,
)

Values = Mapping[str, Any]
Found = Mapping[str, Any] | None
"""The row that a statement returns, by names."""
Place = tuple[UUID, str, str]
"""Click, event and transaction of a conversion: all who lock several do it in this order."""


class Access(Protocol):
    """Runs statements that return one row or none."""

    async def read(self, statement: bytes, values: Values) -> Found:
        """Run one that only reads."""

    async def write(self, statement: bytes, values: Values, place: Place) -> Found:
        """Run one that writes about the conversion at this place; it is committed by itself,
        unless there is a transaction around it.
        """

    def alone(self) -> Any:
        """A connection in a transaction, `async with`."""


class Direct:
    """On a connection of the caller's, in its transaction if there is one."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    async def read(self, statement: bytes, values: Values) -> Found:
        """Run it."""
        return await _fetch(self._conn, statement, values)

    async def write(self, statement: bytes, values: Values, _place: Place) -> Found:
        """Run it."""
        return await _fetch(self._conn, statement, values)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Connection]:
        """The connection."""
        async with self._conn.transaction():
            yield self._conn


@dataclass(frozen=True, slots=True)
class _Statement:
    text: bytes
    values: Values
    place: Place | None = None


class Shared:
    """In a pipeline with what others run at the same time: writes in one transaction.

    Nothing waits for company: a statement that comes alone runs alone. Should one of several fail,
    they have all written nothing, and each is run again by itself.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        most = _TOGETHER_MAX_COUNT
        self._reads: Batcher[_Statement, Found] = Batcher(self._read, max_count=most)
        self._writes: Batcher[_Statement, Found] = Batcher(self._write, max_count=most)

    async def read(self, statement: bytes, values: Values) -> Found:
        """Run it with the next ones."""
        return await self._reads.submit(_Statement(statement, values))

    async def write(self, statement: bytes, values: Values, place: Place) -> Found:
        """Run it with the next ones; it is committed when this returns."""
        return await self._writes.submit(_Statement(statement, values, place))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Connection]:
        """A connection of its own."""
        async with self._db.transaction() as conn:
            yield conn

    async def _read(self, statements: Sequence[_Statement]) -> Sequence[Found | Exception]:
        async with self._db.connection() as conn:
            if len(statements) == 1:
                return [await _fetch(conn, statements[0].text, statements[0].values)]
            async with conn.pipeline():
                return await _fetch_all(conn, statements)

    async def _write(self, statements: Sequence[_Statement]) -> Sequence[Found | Exception]:
        if len(statements) > 1:
            try:
                return await self._write_together(statements)
            except psycopg.OperationalError as error:
                if not isinstance(error, _OF_ONE):
                    raise  # the database is away: alone they would fare no better
            except (psycopg.DatabaseError, TypeError, ValueError):
                pass  # whose fault it is shows when each is alone
        return [await self._write_alone(one) for one in statements]

    async def _write_together(self, statements: Sequence[_Statement]) -> Sequence[Found]:
        order = sorted(range(len(statements)), key=lambda number: statements[number].place or ())
        async with self._db.connection() as conn, conn.pipeline(), conn.transaction():
            found = await _fetch_all(conn, [statements[number] for number in order])
        by_number = dict(zip(order, found, strict=True))
        return [by_number[number] for number in range(len(statements))]

    async def _write_alone(self, one: _Statement) -> Found | Exception:
        try:
            async with self._db.connection() as conn:
                return await _fetch(conn, one.text, one.values)
        except Exception as error:
            return error


async def _fetch(conn: Connection, statement: bytes, values: Values) -> Found:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def _fetch_all(conn: Connection, statements: Sequence[_Statement]) -> list[Found]:
    """Send all of them, then receive."""
    cursors = [conn.cursor(row_factory=dict_row) for _ in statements]
    for cursor, one in zip(cursors, statements, strict=True):
        await cursor.execute(one.text, one.values)
    return [await cursor.fetchone() for cursor in cursors]
