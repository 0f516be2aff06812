"""The append-only log behind every stream and every webhook.

An event belongs to a stream (a job id, a run id) and to a project, and has a number that grows over
the whole log. Readers ask for "what came after number n" and are woken by a notification, so late
subscribers, reconnecting ones and slow ones are all the same case and cost no queue.

Numbers are handed out before a transaction commits. Within one stream, events must therefore be
appended while holding something that orders its writers, or a reader could see 6, then miss a 5
that commits later. :func:`append` takes a lock per stream for that; statements that insert directly
(the work engine's) do it while they hold the row the stream is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from quintet_server.store.database import Connection, Database
from quintet_server.store.ids import encode_ulid
from quintet_server.store.notify import NotifyBus

__all__ = ["CHANNEL", "Event", "EventFollower", "append", "event_ulid", "prune", "read"]

CHANNEL = "events"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COLUMNS = "seq, project_id, stream, type, data, terminal, created_at"
_READ = f"SELECT {_COLUMNS} FROM events WHERE stream = %s AND seq > %s ORDER BY seq LIMIT %s"
_APPEND = """
INSERT INTO events (project_id, stream, type, data, terminal)
SELECT %s, %s, %s, %s, %s FROM (SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))) AS turn
RETURNING seq
"""
_LAST = "SELECT seq, terminal FROM events WHERE stream = %s ORDER BY seq DESC LIMIT 1"
_PRUNE = """
DELETE FROM events WHERE seq IN (
    SELECT seq FROM events WHERE created_at < quintet_now() - %s ORDER BY created_at LIMIT %s)
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log."""

    seq: int
    project_id: str
    stream: str
    type: str
    data: dict[str, Any]
    terminal: bool
    created_at: datetime


async def append(
    conn: Connection,
    project_id: str,
    stream: str,
    type: str,
    data: Mapping[str, Any],
    terminal: bool = False,
) -> int:
    """Append one event in the caller's transaction and return its number.

    Waits for another transaction that is appending to the same stream.
    """
    values = (project_id, stream, type, Jsonb(data), terminal, stream)
    cursor = await conn.execute(_APPEND, values)
    row = await cursor.fetchone()
    assert row is not None  # INSERT … RETURNING of one row
    return int(row[0])


async def read(conn: Connection, stream: str, *, after: int = 0, limit: int = 500) -> list[Event]:
    """Return up to ``limit`` events of a stream whose number is greater than ``after``."""
    async with conn.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(_READ, (stream, after, limit))
        return await cursor.fetchall()


async def prune(db: Database, *, older_than: timedelta, batch: int = 5_000) -> int:
    """Delete events older than the retention, in short transactions; returns how many."""
    total = 0
    while True:
        async with db.connection() as conn:
            deleted = (await conn.execute(_PRUNE, (older_than, batch))).rowcount
        total += deleted
        if deleted < batch:
            return total


def event_ulid(created_at: datetime, seq: int) -> str:
    """Return a ULID that is always the same for an event and sorts as the log does.

    The time part is the event's time, the rest its number.
    """
    milliseconds = (created_at - _EPOCH) // timedelta(milliseconds=1)
    return encode_ulid((milliseconds << 80) | seq)


# What was read longer ago is not shared any more, should a notification have got lost.
_STALE_SECONDS = 1.0


@dataclass(slots=True)
class _Shared:
    """One look at the log, for all who want to read on from the same place."""

    look: asyncio.Task[list[Event]]
    begun: float


@dataclass(slots=True, eq=False)
class _Group:
    """The followers of one stream, and what has been read since it was last told of news."""

    signals: set[asyncio.Event] = field(default_factory=set)
    looks: dict[int, _Shared] = field(default_factory=dict)


class EventFollower:
    """Streams as async iterators; one bus subscription for all of them.

    Followers that stand at the same place share one look at the log.
    """

    def __init__(self, db: Database, bus: NotifyBus, *, heartbeat: float = 15.0, limit: int = 500):
        """``heartbeat``: seconds of silence after which a follower yields ``None``."""
        self._db = db
        self._heartbeat = heartbeat
        self._limit = limit
        self._groups: dict[str, _Group] = {}
        self._closing = False
        self._unsubscribe = bus.subscribe(CHANNEL, self._notified)

    def close(self) -> None:
        """End every stream at its next step, so that clients reconnect elsewhere."""
        self._closing = True
        self._unsubscribe()
        self._notified(None)

    def _notified(self, stream: str | None) -> None:
        if stream is None:
            groups = list(self._groups.values())
        else:
            groups = [self._groups[stream]] if stream in self._groups else []
        for group in groups:
            group.looks.clear()  # before anybody wakes: what was read may lack the news
            for signal in group.signals:
                signal.set()

    async def follow(
        self, stream: str, after: int = 0, *, until_terminal: bool = True
    ) -> AsyncIterator[Event | None]:
        """Yield the events of a stream after number ``after``, past and future.

        ``None`` means a heartbeat is due. Ends after the last event of the stream if that is a
        terminal one: a stream that was re-opened (a job retried by hand) has events behind the
        terminal one and goes on. Nothing is held while waiting: no connection, no queue.
        """
        signal = asyncio.Event()
        group = self._groups.setdefault(stream, _Group())
        group.signals.add(signal)
        try:
            # Resuming after the last event of a finished stream finds nothing to read, now or ever.
            ended = after > 0 and await self._has_ended(stream, after)
            while not self._closing:
                signal.clear()
                events = await self._look(group, stream, after)
                for event in events:
                    after, ended = event.seq, event.terminal
                    yield event
                if len(events) == self._limit:
                    continue
                if ended and until_terminal:
                    return
                if not await self._wait(signal):
                    yield None
        finally:
            group.signals.discard(signal)
            if not group.signals and self._groups.get(stream) is group:
                del self._groups[stream]

    async def _look(self, group: _Group, stream: str, after: int) -> list[Event]:
        """Read on from a place, or get what somebody else has read there since the last news."""
        now = asyncio.get_running_loop().time()
        shared = group.looks.get(after)
        if shared is None or now - shared.begun > _STALE_SECONDS:
            shared = _Shared(asyncio.create_task(self._read(stream, after)), now)
            group.looks[after] = shared
        # Whoever leaves while it is read must not take it from the others.
        return await asyncio.shield(shared.look)

    async def _read(self, stream: str, after: int) -> list[Event]:
        """Read once; a database that is away yields nothing now, the next wake-up asks again."""
        try:
            async with self._db.connection() as conn:
                return await read(conn, stream, after=after, limit=self._limit)
        except (psycopg.OperationalError, PoolTimeout):
            return []

    async def _has_ended(self, stream: str, after: int) -> bool:
        try:
            async with self._db.connection() as conn:
                row = await (await conn.execute(_LAST, (stream,))).fetchone()
        except (psycopg.OperationalError, PoolTimeout):
            return False
        return row is not None and row[0] <= after and row[1]

    async def _wait(self, signal: asyncio.Event) -> bool:
        try:
            # Not wait_for(): up to Python 3.11 it can swallow a cancellation.
            async with asyncio.timeout(self._heartbeat):
                await signal.wait()
        except TimeoutError:
            return False
        return True
