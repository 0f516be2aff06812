"""Writes that are done once, however often they are sent.

The record of the reply and the write itself are one transaction. So there is no moment at which one
exists without the other, and a crash leaves neither. Two requests with one key meet in the primary
key: the second INSERT waits inside PostgreSQL until the first transaction ends, then finds its
reply. Duplicates within one process wait in memory instead and hold no connection.

Only successes (2xx) are stored; after anything else the transaction is rolled back and the key is
free again. A service may have refusals (4xx) kept as well: what the action wrote is undone, and the
record of the refusal alone is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg.types.json import Jsonb

from quintet_server.store.database import Connection, Database

__all__ = ["Entry", "IdempotencyStore", "InProgress", "KeyReuse", "Reply"]

_WAIT_SECONDS = 10.0
# Many share a recording: none of them waits long for a key that another transaction holds.
_RECORD_PATIENCE = "250ms"

_CLAIM = """
INSERT INTO idempotency AS i (project_id, key, fingerprint) VALUES (%s, %s, %s)
ON CONFLICT (project_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = NULL, headers = NULL, body = NULL,
       completed_at = NULL
 WHERE i.completed_at < quintet_now() - %s
RETURNING 1
"""
_READ = """
SELECT fingerprint, status, headers, body FROM idempotency WHERE project_id = %s AND key = %s
"""
_COMPLETE = """
UPDATE idempotency SET status = %s, headers = %s, body = %s, completed_at = quintet_now()
 WHERE project_id = %s AND key = %s
"""
_RECORD = """
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', %s, true))
INSERT INTO idempotency AS i (project_id, key, fingerprint, status, headers, body, completed_at)
SELECT e.project_id, e.key, e.fingerprint, e.status, e.headers, e.body, quintet_now()
  FROM patience, unnest(%s::text[], %s::text[], %s::bytea[], %s::int[], %s::jsonb[], %s::bytea[])
       AS e (project_id, key, fingerprint, status, headers, body)
 ORDER BY e.project_id, e.key
ON CONFLICT (project_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
       body = excluded.body, completed_at = excluded.completed_at
 WHERE i.completed_at < quintet_now() - %s
"""
_PURGE = """
DELETE FROM idempotency WHERE (project_id, key) IN (
    SELECT project_id, key FROM idempotency
     WHERE completed_at < quintet_now() - %s ORDER BY completed_at LIMIT %s)
"""


class KeyReuse(Exception):
    """The key was used before with another request."""


class InProgress(Exception):
    """The first request with this key is still running."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that can be stored and sent again byte for byte."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply to be stored for a request that was recognised by these."""

    project_id: str
    key: str
    fingerprint: bytes
    reply: Reply


Action = Callable[[Connection], Awaitable[Reply]]


class _NotStored(Exception):
    """Carries a reply out of a transaction that is to be rolled back."""

    def __init__(self, reply: Reply):
        self.reply = reply


class IdempotencyStore:
    """Runs actions under keys and replays their replies."""

    def __init__(self, db: Database, *, ttl: timedelta, wait_seconds: float = _WAIT_SECONDS):
        """``ttl``: how long a reply is kept, from its completion."""
        self._db = db
        self._ttl = ttl
        self._wait = wait_seconds
        self._running: dict[tuple[str, str], asyncio.Future[None]] = {}

    async def run(
        self,
        project_id: str,
        key: str,
        fingerprint: bytes,
        action: Action,
        *,
        keeps_refusals: bool = False,
    ) -> tuple[Reply, bool]:
        """Run ``action`` unless it has been run under this key; returns (reply, replayed).

        ``action`` writes on the connection it is given, which is inside the transaction that stores
        its reply. Raises :class:`KeyReuse` if the stored fingerprint differs, :class:`InProgress`
        if another request with this key takes longer than the wait allowed (10 s), and whatever
        ``action`` raises, after rolling back.
        """
        name = (project_id, key)
        await self._await_turn(name)
        turn = self._running[name] = asyncio.get_running_loop().create_future()
        try:
            return await self._run(name, fingerprint, action, keeps_refusals)
        finally:
            del self._running[name]
            turn.set_result(None)

    async def record(self, conn: Connection, entries: Sequence[Entry]) -> bool:
        """Store the replies of many writes made in the caller's transaction, in one statement.

        Returns False when a key among them has been used, or is being used at this moment: then the
        caller rolls back and gives each write to :meth:`run`, which sorts it out. Each key may
        occur once.
        """
        columns = (
            [entry.project_id for entry in entries],
            [entry.key for entry in entries],
            [entry.fingerprint for entry in entries],
            [entry.reply.status for entry in entries],
            [Jsonb(entry.reply.headers) for entry in entries],
            [entry.reply.body for entry in entries],
        )
        try:
            stored = await conn.execute(_RECORD, (_RECORD_PATIENCE, *columns, self._ttl))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            return False
        return stored.rowcount == len(entries)

    async def _await_turn(self, name: tuple[str, str]) -> None:
        """Wait until no other request of this process runs under the key."""
        if name not in self._running:
            return
        try:
            async with asyncio.timeout(self._wait):
                while (running := self._running.get(name)) is not None:
                    await asyncio.shield(running)
        except TimeoutError:
            raise InProgress from None

    async def _run(
        self, name: tuple[str, str], fingerprint: bytes, action: Action, keeps_refusals: bool
    ) -> tuple[Reply, bool]:
        try:
            async with self._db.transaction() as conn:
                if not await self._claim(conn, name, fingerprint):
                    return await self._stored(conn, name, fingerprint), True
                reply = await self._act(conn, action, keeps_refusals)
                await conn.execute(
                    _COMPLETE, (reply.status, Jsonb(reply.headers), reply.body, *name)
                )
                return reply, False
        except _NotStored as outcome:
            return outcome.reply, False

    async def _act(self, conn: Connection, action: Action, keeps_refusals: bool) -> Reply:
        """Run the action; a refusal leaves nothing of what it wrote."""
        if not keeps_refusals:
            reply = await action(conn)
            if not 200 <= reply.status < 300:
                raise _NotStored(reply)
            return reply
        try:
            async with conn.transaction():  # a savepoint
                reply = await action(conn)
                if not 200 <= reply.status < 300:
                    raise _NotStored(reply)
        except _NotStored as outcome:
            if not 400 <= outcome.reply.status < 500:
                raise
            return outcome.reply
        return reply

    async def _claim(self, conn: Connection, name: tuple[str, str], fingerprint: bytes) -> bool:
        try:
            cursor = await conn.execute(_CLAIM, (*name, fingerprint, self._ttl))
        except psycopg.errors.LockNotAvailable:
            raise InProgress from None
        return await cursor.fetchone() is not None

    async def _stored(self, conn: Connection, name: tuple[str, str], fingerprint: bytes) -> Reply:
        row = await (await conn.execute(_READ, name)).fetchone()
        if row is None or row[1] is None:  # purged just now
            raise InProgress
        if row[0] != fingerprint:
            raise KeyReuse
        return Reply(row[1], row[3], tuple((header, value) for header, value in row[2]))

    async def purge(self, batch: int = 5_000) -> int:
        """Delete expired replies in short transactions; returns how many."""
        total = 0
        while True:
            async with self._db.connection() as conn:
                deleted = (await conn.execute(_PURGE, (self._ttl, batch))).rowcount
            total += deleted
            if deleted < batch:
                return total
