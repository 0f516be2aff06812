"""Jobs of a project: from rows of the work engine to what the API shows.

Each project has a lane of its own, and within it each type a queue of its own: so jobs that nobody
works on do not stand in the way of others, however many they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.sql import SQL, Composed

from quintet_server.engines.work import statements
from quintet_server.engines.work.model import Job, State
from quintet_server.services.aerostack.wire import instant
from quintet_server.store.database import Connection

LANE_PREFIX = "aerostack:"

_STATUSES = {
    State.PENDING: "queued",
    State.SCHEDULED: "queued",
    State.PROCESSING: "processing",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.DEAD_LETTER: "failed",
    State.CANCELLED: "cancelled",
}
# Written out, not parameters: only so can the planner use the partial indexes.
_STATUS_TESTS: dict[str, LiteralString] = {
    "queued": "j.state IN ('pending', 'scheduled')",
    "processing": "j.state = 'processing'",
    "completed": "j.state = 'succeeded'",
    "failed": "j.state IN ('failed', 'dead_letter')",
    "cancelled": "j.state = 'cancelled'",
}
# Deleting comes later; what is past its time is not shown meanwhile.
_KEPT: LiteralString = """
(j.completed_at IS NULL OR j.completed_at >= quintet_now() - make_interval(secs => %s))
"""
_SELECT = f"""
SELECT r.result, {statements.JOB_COLUMNS}
FROM work_jobs j LEFT JOIN aerostack_queue_results r ON r.job_id = j.id
"""
_FIND = f"{_SELECT} WHERE j.id = %s AND j.lane IS NOT DISTINCT FROM %s AND {_KEPT}"
_PAGE = SQL(_SELECT + " WHERE {} ORDER BY j.created_at DESC, j.id DESC LIMIT %s")
_PUT_RESULT = """
INSERT INTO aerostack_queue_results (job_id, result) VALUES (%s, %s)
ON CONFLICT (job_id) DO UPDATE SET result = excluded.result, written_at = quintet_now()
"""

Position = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Record:
    """A job and what its consumer answered, as JSON text."""

    job: Job
    result: str | None

    @property
    def position(self) -> Position:
        """Where it stands in a listing."""
        return self.job.created_at, self.job.id

    @property
    def size(self) -> int:
        """Characters of its data and result."""
        return len(self.job.payload) + len(self.result or "")

    def as_json(self) -> str:
        """The job object; data and result are passed on as they are stored."""
        job = self.job
        error = job.error
        shown = {
            "id": job.id,
            "type": job.job_type,
            "status": status_of(job.state),
            "projectId": job.project_id,
            "createdAt": instant(job.created_at),
            "attempts": job.attempt,
            "availableAt": instant(job.due_at),
            "completedAt": instant(job.completed_at),
            "error": None if error is None else str(error.get("message")),
        }
        result = "null" if self.result is None else self.result
        return f'{json.dumps(shown)[:-1]}, "data": {job.payload}, "result": {result}}}'


def lane_of(project_id: str) -> str:
    """The lane of a project."""
    return LANE_PREFIX + project_id


def status_of(state: State) -> str:
    """What the API calls a state."""
    return _STATUSES[state]


async def find_job(
    conn: Connection, project_id: str, job_id: str, retention_seconds: float
) -> Record | None:
    """The job of this id, if it is the project's and not past its time."""
    values = (job_id, lane_of(project_id), retention_seconds)
    row = await (await conn.execute(_FIND, values)).fetchone()
    return None if row is None else Record(Job.from_row(row[1:]), row[0])


async def list_jobs(
    conn: Connection,
    project_id: str,
    *,
    status: str | None,
    job_type: str | None,
    after: Position | None,
    limit: int,
    retention_seconds: float,
) -> Sequence[Record]:
    """Up to `limit` jobs, newest first, from behind the position `after`."""
    condition, values = _condition(project_id, status, job_type, after, retention_seconds)
    rows = await conn.execute(_PAGE.format(condition), [*values, limit])
    return [Record(Job.from_row(row[1:]), row[0]) for row in await rows.fetchall()]


def _condition(
    project_id: str,
    status: str | None,
    job_type: str | None,
    after: Position | None,
    retention_seconds: float,
) -> tuple[Composed, list[Any]]:
    tests: list[SQL] = [SQL("j.lane = %s"), SQL(_KEPT)]
    values: list[Any] = [lane_of(project_id), retention_seconds]
    if status is not None:
        tests.append(SQL(_STATUS_TESTS[status]))
    if job_type is not None:
        tests.append(SQL("j.job_type = %s"))
        values.append(job_type)
    if after is not None:
        tests.append(SQL("(j.created_at, j.id) < (%s, %s)"))
        values += after
    return SQL(" AND ").join(tests), values


async def put_result(conn: Connection, job_id: str, result: str) -> None:
    """Keep what a consumer answered; that of an earlier attempt is replaced."""
    await conn.execute(_PUT_RESULT, (job_id, result))
