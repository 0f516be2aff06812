"""`POST /jobs/export`: every job of a window, streamed as NDJSON or CSV.

Rows are read in batches by keyset, so nothing grows with the export and no connection is held while
a slow client reads. A project may start one export a minute. An idempotency key has no effect here:
a stream cannot be stored, and the export changes nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quintet_server.engines.work.model import Job, JobFilter, State
from quintet_server.services.flare.context import Call, call_of
from quintet_server.services.flare.errors import invalid_field, too_many_requests
from quintet_server.services.flare.models import Body, Instant, JobType, Queue, validate
from quintet_server.services.flare.wire import job_object

_TAKE_TURN = """
WITH turn AS (
    INSERT INTO flare_exports AS export (project_id, started_at) VALUES (%(project)s, quintet_now())
    ON CONFLICT (project_id) DO UPDATE SET started_at = excluded.started_at
    WHERE export.started_at <= quintet_now() - %(pause)s
    RETURNING 1
)
SELECT EXISTS (SELECT FROM turn),
       (SELECT ceil(extract(epoch FROM started_at + %(pause)s - quintet_now()))::int
        FROM flare_exports WHERE project_id = %(project)s),
       quintet_now()
"""
_MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
COLUMNS = (
    "id",
    "state",
    "job_type",
    "queue",
    "created_at",
    "run_at",
    "started_at",
    "completed_at",
    "attempt",
    "max_attempts",
    "timeout_seconds",
    "duration_ms",
    "error_message",
    "parent_job_id",
    "recurring_job_id",
    "worker_id",
    "tags",
    "payload",
)


class Export(Body):
    """`POST /jobs/export`."""

    format: Literal["ndjson", "csv"] | None = None
    since: Annotated[Instant, Field(alias="from")]
    until: Instant | None = None
    state: (
        Literal[
            "pending", "scheduled", "processing", "succeeded", "failed", "cancelled", "dead_letter"
        ]
        | None
    ) = None
    queue: Queue | None = None
    job_type: JobType | None = None


async def export_jobs(request: Request) -> Response:
    """`POST /jobs/export`: chunked, newest first, without Content-Length."""
    call = call_of(request)
    await call.read_body()
    body = validate(Export, call.body, call.flare.settings)
    if body.until is not None:
        _check_window(body, body.until - body.since, call.flare.settings.export_max_days)
    chosen = await _take_turn(call, body)
    batches = _batches(call, chosen)
    first = await anext(batches)  # a failure here still has the envelope
    format_ = body.format or "ndjson"
    return StreamingResponse(
        _text(format_, first, batches),
        media_type=_MEDIA_TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="jobs.{format_}"'},
    )


def _check_window(body: Export, window: timedelta, most_days: int) -> None:
    if window <= timedelta(0):
        raise invalid_field("until", "must be later than from")
    if window > timedelta(days=most_days):
        raise invalid_field("from", f"the window must not be longer than {most_days} days")


async def _take_turn(call: Call, body: Export) -> JobFilter:
    """Start the project's pause, or refuse; `until` defaults to the database's now."""
    settings = call.flare.settings
    pause = timedelta(seconds=settings.export_pause_seconds)
    async with call.db.transaction() as conn:
        values = {"project": call.project_id, "pause": pause}
        row = await (await conn.execute(_TAKE_TURN, values)).fetchone()
        assert row is not None  # one row always
        granted, wait, now = row
        if not granted:
            message = f"One export per {settings.export_pause_seconds} seconds and project."
            # Whoever took the turn at this moment is not seen yet: all of its pause is to come.
            left = wait if wait is not None and wait > 0 else settings.export_pause_seconds
            raise too_many_requests(message, left)
        until = body.until or now
        _check_window(body, until - body.since, settings.export_max_days)
    return JobFilter(
        state=State(body.state) if body.state else None,
        queue=body.queue,
        job_type=body.job_type,
        created_from=body.since,
        created_until=until,
    )


async def _batches(call: Call, chosen: JobFilter) -> AsyncIterator[list[Job]]:
    size = call.flare.settings.export_batch_rows
    position = None
    while True:
        page = await call.flare.queue.list(call.lane, chosen, size, position)
        yield page.jobs
        position = page.next_cursor
        if position is None:
            return


async def _text(
    format_: str, first: list[Job], rest: AsyncIterator[list[Job]]
) -> AsyncIterator[bytes]:
    render = _csv if format_ == "csv" else _ndjson
    if format_ == "csv":
        yield _rows([COLUMNS])
    if first:
        yield render(first)
    async for jobs in rest:
        if jobs:
            yield render(jobs)


def _ndjson(jobs: list[Job]) -> bytes:
    return b"".join(orjson.dumps(job_object(job), option=orjson.OPT_APPEND_NEWLINE) for job in jobs)


def _csv(jobs: list[Job]) -> bytes:
    return _rows(_cells(job) for job in jobs)


def _cells(job: Job) -> list[Any]:
    shown = job_object(job)
    shown["payload"] = job.payload
    shown["tags"] = orjson.dumps(job.tags).decode() if job.tags else None
    return ["" if shown[name] is None else shown[name] for name in COLUMNS]


def _rows(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # RFC 4180: CRLF, quotes doubled
    return text.getvalue().encode()
