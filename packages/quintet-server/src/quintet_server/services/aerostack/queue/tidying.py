"""Forgetting jobs that ended long ago, and what was answered to them."""

from __future__ import annotations

from functools import partial

from quintet_server.services.aerostack.context import SERVICE, Aerostack
from quintet_server.store.background import repeat
from quintet_server.store.database import Database

_BATCH_COUNT = 5_000
_JOBS = """
DELETE FROM work_jobs WHERE id IN (
    SELECT j.id FROM projects p CROSS JOIN LATERAL (
        SELECT o.id FROM work_jobs o
        WHERE o.lane = 'aerostack:' || p.id
          AND o.created_at < quintet_now() - make_interval(secs => %(seconds)s)
          AND o.completed_at < quintet_now() - make_interval(secs => %(seconds)s)
        LIMIT %(count)s FOR UPDATE SKIP LOCKED) j
    WHERE p.service = %(service)s LIMIT %(count)s)
"""
_RESULTS = """
DELETE FROM aerostack_queue_results WHERE job_id IN (
    SELECT r.job_id FROM aerostack_queue_results r
    WHERE r.written_at < quintet_now() - make_interval(secs => %(seconds)s)
    LIMIT %(count)s FOR UPDATE SKIP LOCKED)
"""


async def keep_tidy(parts: Aerostack) -> None:
    """Delete now and then, until cancelled. Several processes may do this at once."""
    settings = parts.settings
    await repeat(
        partial(tidy, parts.db, settings.queue_retention_seconds),
        every_seconds=settings.queue_tidy_period_seconds,
        failure="queue_tidy_failed",
    )


async def tidy(db: Database, retention_seconds: float) -> int:
    """Delete what ended longer ago than that, in short transactions; returns how many rows."""
    values = {"seconds": retention_seconds, "count": _BATCH_COUNT, "service": SERVICE}
    total = 0
    for statement in (_JOBS, _RESULTS):
        deleted = _BATCH_COUNT
        while deleted == _BATCH_COUNT:
            async with db.connection() as conn:
                deleted = (await conn.execute(statement, values)).rowcount
            total += deleted
    return total
