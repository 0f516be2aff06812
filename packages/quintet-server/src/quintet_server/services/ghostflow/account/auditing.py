"""What is noted of a key: what was done to it, at once; what was done with it, a moment later.

Uses come with every call, so they are gathered, one row per key, path and minute, and written
together at most half a second later. Whoever reads the log sees everything up to the call before.
A process that is killed loses the uses of its last half second. What is done to a key itself is
written in the transaction that does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog

from quintet_server.services.ghostflow.account.callers import actor_of, signed_in
from quintet_server.services.ghostflow.account.origins import Origin, origin_of
from quintet_server.services.ghostflow.context import Call, GhostFlow
from quintet_server.store.background import end, repeat
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection, Database
from quintet_server.store.ids import new_uuid7

__all__ = ["Audit", "note_change", "start"]

_log = structlog.get_logger(__name__)

_PERIOD_SECONDS = 0.5
_TIDY_SECONDS = 3600.0
_HELD_MAX = 50_000
_NOT_WRITTEN = "audit_not_written"

_COLUMNS = (
    *("id", "project_id", "key_id", "action", "at", "actor", "ip", "user_agent", "method", "path"),
    *("status", "count", "minute"),
)
# In one order everywhere: two processes that write the same rows must not wait for each other.
_ADD = f"""
INSERT INTO ghostflow_key_audit AS a ({", ".join(_COLUMNS)})
SELECT * FROM unnest(%(id)s::uuid[], %(project_id)s::text[], %(key_id)s::text[],
    %(action)s::text[], %(at)s::timestamptz[], %(actor)s::text[], %(ip)s::text[],
    %(user_agent)s::text[], %(method)s::text[], %(path)s::text[], %(status)s::int[],
    %(count)s::bigint[], %(minute)s::bigint[]) AS t ({", ".join(_COLUMNS)})
ORDER BY key_id, minute, action, method, path, status
ON CONFLICT (key_id, minute, action, method, path, status) WHERE minute IS NOT NULL
DO UPDATE SET count = a.count + excluded.count
"""
_NOTE = """
INSERT INTO ghostflow_key_audit
    (id, project_id, key_id, action, at, actor, ip, user_agent, method, path, status)
VALUES (%s, %s, %s, %s, quintet_now(), %s, %s, %s, %s, %s, %s)
"""
_PRUNE = """
DELETE FROM ghostflow_key_audit WHERE at < quintet_now() - make_interval(days => %s)
"""


@dataclass(slots=True)
class _Uses:
    """Calls that are one row."""

    id: UUID
    project_id: str
    key_id: str
    action: str
    at: datetime
    actor: str
    ip: str
    user_agent: str
    method: str
    path: str
    status: int
    count: int
    minute: int


async def note_change(
    conn: Connection, call: Call, key_id: str, action: str, status: int = 200
) -> None:
    """Write down what is done to a key, in the transaction that does it."""
    origin = call_origin(call)
    values = (
        *(new_uuid7(), call.principal.project_id, key_id, action, actor_of(call.principal)),
        *(origin.ip, origin.user_agent, origin.method, origin.path, status),
    )
    await conn.execute(_NOTE, values)


def call_origin(call: Call) -> Origin:
    """Where a call came from."""
    return origin_of(call.parts, call.request.scope)


class Audit:
    """Takes notes of uses, and writes them down a moment later."""

    def __init__(self, db: Database, clock: Clock, *, kept_days: int) -> None:
        self._db = db
        self._clock = clock
        self._kept_days = kept_days
        self._uses: dict[tuple[Any, ...], _Uses] = {}
        self._writing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write."""
        writing = repeat(self.flush, every_seconds=_PERIOD_SECONDS, failure=_NOT_WRITTEN)
        tidying = repeat(self._tidy, every_seconds=_TIDY_SECONDS, failure="audit_tidy_failed")
        self._tasks = [
            asyncio.create_task(writing, name="ghostflow-audit"),
            asyncio.create_task(tidying, name="ghostflow-audit-tidy"),
        ]

    async def stop(self) -> None:
        """Write what is left."""
        for task in self._tasks:
            await end(task)
        try:
            await self.flush()
        except psycopg.Error as error:
            _log.warning(_NOT_WRITTEN, error=str(error).strip(), rows=len(self._uses))

    def note(
        self, *, project_id: str, key_id: str, action: str, origin: Origin, status: int
    ) -> None:
        """Note a use (`used`, `denied`) of a key. Returns at once."""
        now = self._clock.now()
        minute = int(now // 60)
        same = (key_id, minute, action, origin.method, origin.path, status)
        found = self._uses.get(same)
        if found is not None:
            found.count += 1
        elif len(self._uses) < _HELD_MAX:  # else the database has been away for long
            self._uses[same] = _Uses(
                *(new_uuid7(), project_id, key_id, action, datetime.fromtimestamp(now, UTC)),
                *(f"key:{key_id}", origin.ip, origin.user_agent, origin.method, origin.path),
                *(status, 1, minute),
            )

    async def flush(self) -> None:
        """Return once everything noted so far is in the table."""
        async with self._writing:
            uses, self._uses = self._uses, {}
            if not uses:
                return
            columns: Mapping[str, list[Any]] = {
                name: [getattr(row, name) for row in uses.values()] for name in _COLUMNS
            }
            try:
                async with self._db.connection() as conn:
                    await conn.execute(_ADD.encode(), columns)
            except BaseException:
                self._put_back(uses)
                raise

    def _put_back(self, uses: dict[tuple[Any, ...], _Uses]) -> None:
        for same, row in uses.items():
            if (newer := self._uses.get(same)) is not None:
                row.count += newer.count
            self._uses[same] = row

    async def _tidy(self) -> None:
        async with self._db.connection() as conn:
            await conn.execute(_PRUNE, (self._kept_days,))


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Observe every call of a key; returns what ends that."""
    audit = Audit(parts.db, parts.clock, kept_days=parts.settings.audit_kept_days)
    parts.rooms[Audit] = audit

    def observe(call: Call, status: int) -> None:
        if signed_in(call.principal) is None:
            audit.note(
                project_id=call.principal.project_id,
                key_id=call.principal.key_id,
                action="denied" if status == 403 else "used",
                origin=call_origin(call),
                status=status,
            )

    parts.observers.append(observe)
    audit.start()
    return audit.stop
