"""The audit log: one row per operation, written behind the answer.

Rows are gathered and written together, at most half a second later: the log is read by people, and
no call should wait for it. Whoever reads it sees everything up to the call before. A process that
is killed loses the rows of its last half second; the changes themselves are where they belong.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog

from quintet_server.store.background import end, repeat
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.ids import new_id

__all__ = ["EVENT", "Audit"]

_log = structlog.get_logger(__name__)

EVENT = "audit_log.entry_created"
_PERIOD_SECONDS = 0.5
_TIDY_SECONDS = 3600.0
_HELD_MAX = 50_000
_NOT_WRITTEN = "audit_not_written"

_INSERT = """
WITH told AS (
    SELECT * FROM unnest(%(id)s::text[], %(project_id)s::text[], %(created_at)s::timestamptz[],
        %(operation)s::text[], %(subject)s::text[], %(user_id)s::text[], %(key_id)s::text[],
        %(status)s::int[], %(request_id)s::text[]) AS t (id, project_id, created_at, operation,
        subject, user_id, key_id, status, request_id)
), kept AS (
    INSERT INTO amdahl_audit SELECT * FROM told ON CONFLICT DO NOTHING RETURNING *
)
INSERT INTO events (project_id, stream, type, data)
SELECT k.project_id, 'audit:' || k.project_id, %(event)s, jsonb_build_object('entry',
    jsonb_build_object('id', k.id, 'operation', k.operation, 'subject', k.subject,
        'user_id', k.user_id, 'key_id', k.key_id, 'status', k.status,
        'request_id', k.request_id))
FROM kept k
WHERE EXISTS (SELECT FROM hook_subscriptions s WHERE s.service = 'amdahl' AND s.enabled
              AND s.project_id = k.project_id AND %(event)s = ANY (s.matches))
ORDER BY k.created_at, k.id
"""
_PRUNE = "DELETE FROM amdahl_audit WHERE created_at < quintet_now() - make_interval(days => %s)"


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    project_id: str
    created_at: datetime
    operation: str
    subject: str
    user_id: str
    key_id: str
    status: int
    request_id: str


class Audit:
    """Takes notes, and writes them down a moment later."""

    def __init__(self, db: Database, clock: Clock, *, kept_days: int) -> None:
        self._db = db
        self._clock = clock
        self._kept_days = kept_days
        self._rows: list[_Row] = []
        self._writing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write."""
        writing = repeat(self.flush, every_seconds=_PERIOD_SECONDS, failure=_NOT_WRITTEN)
        tidying = repeat(self._tidy, every_seconds=_TIDY_SECONDS, failure="audit_tidy_failed")
        self._tasks = [
            asyncio.create_task(writing, name="amdahl-audit"),
            asyncio.create_task(tidying, name="amdahl-audit-tidy"),
        ]

    async def stop(self) -> None:
        """Write what is left."""
        for task in self._tasks:
            await end(task)
        try:
            await self.flush()
        except psycopg.Error as error:
            _log.warning(_NOT_WRITTEN, error=str(error).strip(), rows=len(self._rows))

    def note(
        self,
        *,
        project_id: str,
        operation: str,
        subject: str,
        user_id: str,
        key_id: str,
        status: int,
        request_id: str,
    ) -> None:
        """Note an operation that was answered with `status`. Returns at once."""
        if len(self._rows) >= _HELD_MAX:  # the database has been away for long
            return
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        self._rows.append(
            _Row(
                *(new_id("aud"), project_id, now, operation, _kept(subject)),
                *(user_id, key_id, status, request_id),
            )
        )

    async def flush(self) -> None:
        """Return once everything noted so far is in the table."""
        async with self._writing:
            rows, self._rows = self._rows, []
            if not rows:
                return
            columns: dict[str, Any] = {
                name: [getattr(row, name) for row in rows] for name in _Row.__slots__
            }
            try:
                async with self._db.transaction() as conn:
                    await conn.execute(_INSERT, {**columns, "event": EVENT})
            except BaseException:
                self._rows = rows + self._rows
                raise

    async def _tidy(self) -> None:
        async with self._db.connection() as conn:
            await conn.execute(_PRUNE, (self._kept_days,))


def _kept(subject: str) -> str:
    """PostgreSQL keeps no NUL, and one row that it refuses would hold up all the others."""
    return subject[:500].replace("\x00", "\ufffd")
