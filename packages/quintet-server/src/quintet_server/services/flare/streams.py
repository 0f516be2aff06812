"""`GET /jobs/{id}/events`: a job's life as server-sent events.

The first event is the job as it is now; its id is the number of the last event behind it, so the
stream goes on where the picture ends. A reconnecting client sends that number (`Last-Event-ID`) and
gets what it missed, and no picture. The stream ends after the event that ended the job.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.work.model import Job
from quintet_server.engines.work.statements import JOB_COLUMNS
from quintet_server.http.sse import last_event_id, sse_frame, sse_response
from quintet_server.services.flare.context import Call, call_of
from quintet_server.services.flare.errors import job_not_found
from quintet_server.services.flare.wire import job_from_event, job_object
from quintet_server.store.event_log import Event

# One statement, so one snapshot: the number belongs to the very state that is shown.
_PICTURE = f"""
SELECT {JOB_COLUMNS}, (SELECT coalesce(max(seq), 0) FROM events WHERE stream = j.id)
FROM work_jobs AS j WHERE j.lane = %s AND j.id = %s
"""
_SNAPSHOT = "snapshot"


async def job_events(request: Request) -> Response:
    """`GET /jobs/{id}/events`."""
    call = call_of(request)
    job, last = await _picture(call)
    seen = last_event_id(request)
    events = _since(call, job, last, seen) if 0 < seen <= last else _from_now(call, job, last)
    return sse_response(request, events, _frame)


async def _picture(call: Call) -> tuple[Job, int]:
    """The job, and the number of the last event behind it."""
    job_id = call.path_id()
    async with call.db.connection() as conn:
        row = await (await conn.execute(_PICTURE, (call.lane, job_id))).fetchone()
    if row is None:
        raise job_not_found(job_id)
    return Job.from_row(row[:-1]), row[-1]


async def _from_now(call: Call, job: Job, last: int) -> AsyncIterator[Event | None]:
    shown = {_SNAPSHOT: job_object(job, payload=False)}
    ended = job.state.is_terminal
    yield Event(last, job.project_id, job.id, "job.snapshot", shown, ended, job.created_at)
    async for event in _since(call, job, last, last):
        yield event


async def _since(call: Call, job: Job, last: int, seen: int) -> AsyncIterator[Event | None]:
    """What came after event `seen`; nothing, at once, if the job ended with it."""
    if job.state.is_terminal and seen >= last:
        return
    async for event in call.request.app.state.runtime.follower.follow(job.id, seen):
        yield event


def _frame(event: Event) -> bytes:
    kind = "progress" if event.type == "job.progress" else "state"
    shown: dict[str, Any] = event.data.get(_SNAPSHOT) or job_from_event(event.data)
    return sse_frame(shown, event=kind, id=event.seq)
