"""The database's time, known in the process without asking each time.

For what is decided before a statement runs (rate limits) and for display. Anything stored or
compared in SQL uses ``quintet_now()`` there.
"""

from __future__ import annotations

import asyncio
import time

import psycopg
from psycopg_pool import PoolTimeout

from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus

__all__ = ["CHANNEL", "Clock", "advance", "reset"]

CHANNEL = "clock"

_READ = """
SELECT extract(epoch FROM clock_timestamp())::float8, extract(epoch FROM shift)::float8 FROM clock
"""


class Clock:
    """``now()`` as PostgreSQL would say it, within a few milliseconds."""

    def __init__(self, db: Database, bus: NotifyBus):
        self._db = db
        self._bus = bus
        self._offset = time.time() - time.monotonic()
        self._shift = 0.0
        self._news_count = 0
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the database's time and follow its jumps."""
        await self._refresh()
        self._bus.subscribe(CHANNEL, self._moved)

    def now(self) -> float:
        """Return seconds since the epoch, jumps included."""
        return time.monotonic() + self._offset + self._shift

    @property
    def shift_seconds(self) -> float:
        """How far the clock has been moved."""
        return self._shift

    def _moved(self, payload: str | None) -> None:
        self._news_count += 1
        if payload:
            self._shift = float(payload)
        elif self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh_if_possible())

    async def _refresh(self) -> None:
        while True:
            known = self._news_count
            now, shift = await self._read()
            if known == self._news_count:  # else it may have been read before the clock was moved
                self._offset = now - time.monotonic()
                self._shift = shift
                return

    async def _read(self) -> tuple[float, float]:
        async with self._db.connection() as conn:
            row = await (await conn.execute(_READ)).fetchone()
        assert row is not None  # the table has exactly one row
        return row[0], row[1]

    async def _refresh_if_possible(self) -> None:
        try:
            await self._refresh()
        except (psycopg.Error, PoolTimeout):
            return  # the next connection of the bus asks again


async def advance(db: Database, seconds: float) -> float:
    """Move time forward for every process on this database; returns the whole shift in seconds."""
    return await _set(db, "shift + make_interval(secs => %s)", seconds)


async def reset(db: Database) -> float:
    """Return to real time."""
    return await _set(db, "make_interval(secs => %s)", 0.0)


async def _set(db: Database, expression: str, seconds: float) -> float:
    statement = f"UPDATE clock SET shift = {expression} RETURNING extract(epoch FROM shift)::float8"
    async with db.connection() as conn:
        row = await (await conn.execute(statement.encode(), (seconds,))).fetchone()
    assert row is not None  # the table has exactly one row
    return float(row[0])
