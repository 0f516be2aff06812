"""Pages of jobs: filters, newest first, by position and not by offset.

A cursor is the (created_at, id) of the last job of a page. Jobs created later sort before every
page that was already read, so paging neither repeats nor skips older ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.sql import SQL, Composed
from psycopg.types.json import Jsonb

from quintet_server.engines.work import statements
from quintet_server.engines.work.model import Job, JobFilter
from quintet_server.store.database import Database

Cursor = tuple[datetime, str]
_WITHOUT_PAYLOAD = statements.JOB_COLUMNS.replace("j.payload", "''")


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, and where the next page starts; None at the end."""

    jobs: list[Job]
    next_cursor: Cursor | None


async def list_jobs(
    db: Database,
    lane: str,
    filters: JobFilter,
    limit: int,
    cursor: Cursor | None,
    *,
    payloads: bool = True,
) -> Page:
    """Return up to `limit` jobs after `cursor`; without `payloads` none is read, and all are ""."""
    condition, params = _condition(lane, filters, cursor)
    query = SQL(
        "SELECT {} FROM work_jobs j WHERE {} ORDER BY j.created_at DESC, j.id DESC LIMIT %s"
    ).format(SQL(statements.JOB_COLUMNS if payloads else _WITHOUT_PAYLOAD), condition)
    async with db.connection() as conn:
        # Planned each time: the best index depends on the values and on how many jobs there are.
        found = await conn.execute(query, [*params, limit + 1], prepare=False)
        rows = await found.fetchall()
    jobs = [Job.from_row(row) for row in rows[:limit]]
    has_more = len(rows) > limit
    return Page(jobs, (jobs[-1].created_at, jobs[-1].id) if has_more and jobs else None)


def _condition(lane: str, filters: JobFilter, cursor: Cursor | None) -> tuple[Composed, list[Any]]:
    tests = [SQL("j.lane = %s")]
    params: list[Any] = [lane]
    if filters.state is not None:
        # Written out, not a parameter: only so can the planner use the partial indexes.
        tests.append(statements.STATE_TESTS[filters.state])
    for test, value in (
        (SQL("j.queue = %s"), filters.queue),
        (SQL("j.job_type = %s"), filters.job_type),
        (SQL("j.created_at >= %s"), filters.created_from),
        (SQL("j.created_at < %s"), filters.created_until),
        (SQL("j.schedule_id = %s"), filters.schedule_id),
        (SQL("j.parent_id = %s"), filters.parent_id),
        (
            SQL("j.tags IS NOT NULL AND j.tags @> %s"),
            Jsonb(dict(filters.tags or {})) if filters.tags else None,
        ),
    ):
        if value is not None:
            tests.append(test)
            params.append(value)
    if cursor is not None:
        tests.append(SQL("(j.created_at, j.id) < (%s, %s)"))
        params.extend(cursor)
    return SQL(" AND ").join(tests), params
