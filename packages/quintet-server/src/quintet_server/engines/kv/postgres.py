"""The cache in PostgreSQL: one statement per call, shared by the calls that come together.

A call outside a transaction waits for the statement that is running, if there is one, and shares
the next with everybody who waits by then. So a lone call is as quick as it can be, and a crowd
pays for one round trip and one commit. Large values have statements of their own: nobody waits
behind one, and a crowd of them does not fill the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from quintet_server.engines.kv import statements
from quintet_server.engines.kv.model import (
    INT64_MAX,
    INT64_MIN,
    AnswerTooLarge,
    Entry,
    Flushed,
    ListedKey,
    NotAnInteger,
    OutOfRange,
    Page,
    check_key,
)
from quintet_server.engines.kv.prefixes import end_of_prefix
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.engines.kv.sweeping import Sweeper
from quintet_server.engines.work.batching import Batcher
from quintet_server.store.database import Connection, Database

__all__ = ["PostgresKv"]

Name = tuple[str, str]  # space and key
_ELSEWHERE = object()  # there, but too large for a shared answer


@dataclass(frozen=True, slots=True)
class _Addition:
    space: str
    key: str
    amount: int
    initial: int
    ttl: int | None


class PostgresKv:
    """The cache of every project, in the table `kv_entries`."""

    def __init__(self, db: Database, settings: KvSettings) -> None:
        self._db = db
        self._settings = settings
        most = settings.batch_max_count
        self._gets: Batcher[Name, Any] = Batcher(self._get_batch, max_count=most)
        self._sets: Batcher[tuple[str, Entry], None] = Batcher(self._set_batch, max_count=most)
        self._deletes: Batcher[Name, bool] = Batcher(self._delete_batch, max_count=most)
        self._additions: Batcher[_Addition, int] = Batcher(self._add_batch, max_count=most)
        self._sweeper = Sweeper(
            self.sweep, settings.sweep_period_seconds, (psycopg.Error, PoolTimeout)
        )

    async def start(self) -> None:
        """Begin to sweep."""
        self._sweeper.start()

    async def stop(self) -> None:
        """End the sweeping."""
        await self._sweeper.stop()

    async def get(self, space: str, key: str) -> bytes | None:
        """See :meth:`Kv.get`."""
        check_key(key)
        value = await self._gets.submit((space, key))
        if value is _ELSEWHERE:
            [[value]] = await self._rows(None, statements.GET, (space, key))
        assert value is None or isinstance(value, bytes)
        return value

    async def get_many(
        self, space: str, keys: Sequence[str], *, max_bytes: int
    ) -> list[bytes | None]:
        """See :meth:`Kv.get_many`."""
        _check(keys)
        rows = await self._rows(None, statements.GET_MANY, (space, list(keys), max_bytes))
        if rows and rows[0][0] > max_bytes:
            raise AnswerTooLarge(rows[0][0])
        found = {key: value for _, key, value in rows}
        return [found.get(key) for key in keys]

    async def set(self, space: str, entry: Entry, *, conn: Connection | None = None) -> None:
        """See :meth:`Kv.set`."""
        check_key(entry.key)
        if conn is None and len(entry.value) <= self._settings.batch_value_max_bytes:
            await self._sets.submit((space, entry))
        else:
            await self._write(conn, [(space, entry)])

    async def set_many(
        self, space: str, entries: Sequence[Entry], *, conn: Connection | None = None
    ) -> None:
        """See :meth:`Kv.set_many`."""
        _check([entry.key for entry in entries])
        if entries:
            await self._write(conn, [(space, entry) for entry in entries])

    async def delete(self, space: str, key: str, *, conn: Connection | None = None) -> bool:
        """See :meth:`Kv.delete`."""
        check_key(key)
        if conn is None:
            return await self._deletes.submit((space, key))
        return (space, key) in await self._remove(conn, [(space, key)])

    async def delete_many(
        self, space: str, keys: Sequence[str], *, conn: Connection | None = None
    ) -> int:
        """See :meth:`Kv.delete_many`."""
        _check(keys)
        return len(await self._remove(conn, [(space, key) for key in keys]))

    async def page(self, space: str, *, prefix: str, after: str | None, limit: int) -> Page:
        """See :meth:`Kv.page`."""
        values = (space, prefix, end_of_prefix(prefix), after or "", limit + 1)
        rows = await self._rows(None, statements.LIST, values)
        keys = [ListedKey(*row) for row in rows[:limit]]
        return Page(keys, is_last=len(rows) <= limit)

    async def flush(
        self, space: str, *, prefix: str, cap: int, conn: Connection | None = None
    ) -> Flushed:
        """See :meth:`Kv.flush`."""
        values = (space, prefix, end_of_prefix(prefix), cap)
        [[deleted, is_truncated]] = await self._rows(conn, statements.FLUSH, values)
        return Flushed(deleted, is_truncated)

    async def expire(
        self, space: str, key: str, ttl: int, *, conn: Connection | None = None
    ) -> bool:
        """See :meth:`Kv.expire`."""
        check_key(key)
        [[is_there]] = await self._rows(conn, statements.EXPIRE, (space, key, ttl))
        return bool(is_there)

    async def increment(
        self,
        space: str,
        key: str,
        amount: int,
        *,
        initial: int = 0,
        ttl: int | None = None,
        conn: Connection | None = None,
        once: str | None = None,
    ) -> int:
        """See :meth:`Kv.increment`; `once` is the business of the caller's transaction."""
        check_key(key)
        if not (INT64_MIN <= amount <= INT64_MAX and INT64_MIN <= initial <= INT64_MAX):
            raise OutOfRange
        addition = _Addition(space, key, amount, initial, ttl)
        if conn is None:
            return await self._additions.submit(addition)
        [total] = await self._add(conn, [addition])
        if isinstance(total, Exception):
            raise total
        return total

    async def sweep(self) -> int:
        """Delete expired entries in short statements; returns how many.

        Several processes may do this at once: each steps over what another has locked.
        """
        most = self._settings.sweep_batch_count
        total = 0
        while True:
            rows = await self._rows(None, statements.SWEEP, (most,))
            swept: int = rows[0][0]
            total += swept
            if swept < most:
                return total

    async def _get_batch(self, names: Sequence[Name]) -> Sequence[Any]:
        if len(names) == 1:  # the usual case when all is quiet, and the cheaper statement
            [[value]] = await self._rows(None, statements.GET, names[0])
            return [value]
        values = (self._settings.batch_value_max_bytes, *_columns(names))
        rows = await self._rows(None, statements.GET_BATCH, values)
        found = {number: _ELSEWHERE if value is None else value for number, value in rows}
        return [found.get(number) for number in range(1, len(names) + 1)]

    async def _set_batch(self, items: Sequence[tuple[str, Entry]]) -> Sequence[None]:
        await self._write(None, items)
        return [None] * len(items)

    async def _write(self, conn: Connection | None, items: Sequence[tuple[str, Entry]]) -> None:
        # Of equal keys the last one counts: the others were overwritten at once.
        final = {(space, entry.key): entry for space, entry in items}
        values = [entry.value for entry in final.values()]
        ttls = [entry.ttl for entry in final.values()]
        await self._count(conn, statements.SET, (*_columns(list(final)), values, ttls))

    async def _delete_batch(self, names: Sequence[Name]) -> Sequence[bool]:
        removed = dict.fromkeys(await self._remove(None, names), True)
        # The second one to ask for the same has come too late.
        return [removed.pop(name, False) for name in names]

    async def _remove(self, conn: Connection | None, names: Sequence[Name]) -> frozenset[Name]:
        columns = _columns(list(dict.fromkeys(names)))
        rows = await self._rows(conn, statements.DELETE, columns)
        return frozenset((space, key) for space, key in rows)

    async def _add_batch(self, additions: Sequence[_Addition]) -> Sequence[int | Exception]:
        return await self._add(None, additions)

    async def _add(
        self, conn: Connection | None, additions: Sequence[_Addition]
    ) -> list[int | Exception]:
        values = (
            [each.space for each in additions],
            [each.key for each in additions],
            [each.amount for each in additions],
            [each.initial for each in additions],
            [each.ttl for each in additions],
        )
        rows = await self._rows(conn, statements.INCREMENT, values)
        return [_sum(verdict, total) for _, verdict, total in sorted(rows)]

    async def _rows(
        self, conn: Connection | None, statement: bytes, values: Any
    ) -> list[tuple[Any, ...]]:
        """The rows of a statement; binary, or values would travel as hexadecimal text."""
        if conn is None:
            async with self._db.connection() as own:
                return await self._rows(own, statement, values)
        async with conn.cursor(binary=True) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchall()

    async def _count(self, conn: Connection | None, statement: bytes, values: Any) -> int:
        """How many rows a statement has changed."""
        if conn is None:
            async with self._db.connection() as own:
                return await self._count(own, statement, values)
        return (await conn.execute(statement, values)).rowcount


def _check(keys: Sequence[str]) -> None:
    for key in keys:
        check_key(key)


def _columns(names: Sequence[Name]) -> tuple[list[str], list[str]]:
    return [space for space, _ in names], [key for _, key in names]


def _sum(verdict: str, total: int | None) -> int | Exception:
    if verdict == "not_an_integer":
        return NotAnInteger()
    if verdict == "out_of_range" or total is None:
        return OutOfRange()
    return total
