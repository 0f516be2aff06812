"""From specs to jobs: what goes into the enqueue statement, and what its answer means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from quintet_server.engines.work import statements
from quintet_server.engines.work.arguments import numbered
from quintet_server.engines.work.contention import Rows
from quintet_server.engines.work.model import (
    DuplicateTick,
    Job,
    JobSpec,
    ParentNotFound,
    ParentTerminal,
    State,
    WorkError,
)
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id


async def enqueue(conn: Connection, specs: Sequence[JobSpec]) -> list[Job]:
    """As :meth:`~.queue.Queue.enqueue`, for who has a connection and no queue."""
    specs = named(specs)
    cursor = await conn.execute(statements.ENQUEUE, (numbered(specs),))
    jobs: list[Job] = []
    for result in created(specs, await cursor.fetchall()):
        if isinstance(result, Job):
            jobs.append(result)
        elif not isinstance(result, DuplicateTick):
            raise result
    return jobs


def named(specs: Sequence[JobSpec]) -> list[JobSpec]:
    """The specs with an id each."""
    return [spec if spec.id else replace(spec, id=new_id(spec.id_prefix)) for spec in specs]


def created(specs: Sequence[JobSpec], rows: Rows) -> Sequence[Job | WorkError]:
    """What became of each spec, in order."""
    results: dict[int, Job | WorkError] = {}
    for number, verdict, state, blocked, due_at, created_at in rows:
        spec = specs[number]
        if verdict == "ok":
            results[number] = _job(spec, State(state), blocked, due_at, created_at)
        elif verdict == "duplicate":
            results[number] = DuplicateTick(spec.schedule_id or "", spec.schedule_tick)
        elif verdict == "parent_terminal":
            results[number] = ParentTerminal(spec.parent_id or "", state)
        else:
            results[number] = ParentNotFound(spec.parent_id or "")
    return [results[number] for number in range(len(specs))]


def _job(spec: JobSpec, state: State, blocked: bool, due_at: datetime, created_at: datetime) -> Job:
    """The row as it was just written, without reading it back."""
    return Job(
        id=spec.id or "",
        lane=spec.lane,
        project_id=spec.project_id,
        queue=spec.queue,
        job_type=spec.job_type,
        payload=spec.payload,
        state=state,
        blocked=blocked,
        run_at=spec.run_at,
        due_at=due_at,
        created_at=created_at,
        started_at=None,
        completed_at=None,
        attempt=0,
        max_attempts=spec.max_attempts,
        timeout_seconds=spec.timeout_seconds,
        progress=None,
        error=None,
        tags=None if spec.tags is None else dict(spec.tags),
        parent_id=spec.parent_id,
        schedule_id=spec.schedule_id,
        worker_id=None,
        lease_expires_at=None,
        heartbeat_at=None,
        cancel_requested_at=None,
        duration_ms=None,
        traceparent=spec.traceparent,
    )
