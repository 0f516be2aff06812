"""`POST /queue/job` and `POST /queue/jobs`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime

from starlette.responses import Response

from quintet_server.services.aerostack.context import Call
from quintet_server.services.aerostack.errors import invalid_field
from quintet_server.services.aerostack.queue.records import Position, Record, find_job, list_jobs
from quintet_server.services.aerostack.queue.shapes import JobNamed, QueueJobs

_CURSOR_MAX_CHARS = 1_000


async def queue_job(call: Call, body: JobNamed) -> Response:
    """Show one job; one of another project does not exist."""
    parts = call.parts
    async with parts.db.connection() as conn:
        record = await find_job(
            conn,
            call.project_id,
            storable(body.job_id),
            parts.settings.queue_retention_seconds,
        )
    if record is None:
        return _json('{"job": null, "exists": false}')
    return _json(f'{{"job": {record.as_json()}, "exists": true}}')


async def queue_jobs(call: Call, body: QueueJobs) -> Response:
    """Show a page of jobs, newest first."""
    parts = call.parts
    after = None if body.cursor is None else _decode(body.cursor)
    async with parts.db.connection() as conn:
        records = await list_jobs(
            conn,
            call.project_id,
            status=body.status,
            job_type=None if body.type is None else storable(body.type),
            after=after,
            limit=body.limit + 1,
            retention_seconds=parts.settings.queue_retention_seconds,
        )
    page = _fitting(records[: body.limit], parts.settings.queue_page_max_bytes)
    is_complete = len(page) == len(records)
    jobs = ", ".join(record.as_json() for record in page)
    end = "true" if is_complete else f'false, "cursor": "{_encode(page[-1].position)}"'
    return _json(f'{{"jobs": [{jobs}], "list_complete": {end}}}')


def storable(text: str) -> str:
    """A text of the caller's as PostgreSQL can look for it."""
    return text.replace("\x00", "\ufffd")


def _fitting(records: Sequence[Record], max_size: int) -> Sequence[Record]:
    """As many as fit in one answer, and at least one."""
    size = 0
    for count, record in enumerate(records):
        size += record.size
        if size > max_size and count:
            return records[:count]
    return records


def _encode(position: Position) -> str:
    created_at, job_id = position
    text = json.dumps([created_at.isoformat(), job_id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> Position:
    try:
        if len(cursor) > _CURSOR_MAX_CHARS:
            raise ValueError("none of ours is that long")
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        instant, job_id = json.loads(text)
        created_at = datetime.fromisoformat(instant)
        if created_at.tzinfo is None or not isinstance(job_id, str) or "\x00" in job_id:
            raise ValueError("none of ours looks like that")
    except (binascii.Error, ValueError, TypeError, RecursionError):
        message = "not a cursor of this listing; start again without one"
        raise invalid_field("cursor", message) from None
    return created_at, job_id


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
