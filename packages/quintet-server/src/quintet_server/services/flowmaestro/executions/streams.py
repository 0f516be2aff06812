"""`GET /executions/{id}/events`: an execution's life as server-sent events.

First comes `connected`, which has no id. Then everything that has happened, from the beginning or
behind `Last-Event-ID` (`?last_event_id=` for those who cannot set headers), then what happens; the
stream ends after the terminal event. Of an execution that has ended and whose events are no longer
kept, or that the client has seen to the end, the terminal event is told (again): whoever reads to
the end of a stream has always seen how it ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.runs.model import RunNotFound, RunRecord
from quintet_server.http.sse import last_event_id, sse_response
from quintet_server.services.flowmaestro.context import Call, FlowMaestro, call_of
from quintet_server.services.flowmaestro.errors import not_found
from quintet_server.services.flowmaestro.executions import events
from quintet_server.services.flowmaestro.executions.program import KIND
from quintet_server.store.event_log import Event

_CONNECTED = "connected"
_TERMINAL = "terminal"
_LAST = "SELECT coalesce(max(seq), 0) FROM events WHERE stream = %s AND terminal"


async def execution_events(request: Request) -> Response:
    """`GET /executions/{id}/events`."""
    call = call_of(request, "executions:read")
    record = await find_execution(call)
    after = _after(call)
    if record.state.is_terminal and after >= await _last(call.parts, record.id):
        stream = _only_the_end(record)
    else:
        stream = _from(call.parts, record, after)

    def render(event: Event) -> bytes | None:
        if event.type == _CONNECTED:
            return events.connected_frame(record, call.parts.clock.now())
        if event.type == _TERMINAL:
            return events.terminal_frame(record)
        return events.frame(event)

    return sse_response(request, stream, render)


async def find_execution(call: Call) -> RunRecord:
    """The execution in the path. Raises 404."""
    execution_id = call.path_id()
    try:
        record = await call.parts.runs.get(call.project_id, execution_id)
    except RunNotFound:
        raise not_found("Execution", execution_id) from None
    if record.kind != KIND:
        raise not_found("Execution", execution_id)
    return record


def _after(call: Call) -> int:
    """The number of the last event the client has seen; 0 for none or for junk."""
    given = call.query("last_event_id") or ""
    if given.isascii() and given.isdigit() and len(given) < 19:
        return max(int(given), last_event_id(call.request))
    return last_event_id(call.request)


async def _last(parts: FlowMaestro, execution_id: str) -> int:
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_LAST, (execution_id,))).fetchone()
    return row[0] if row else 0


def _marker(record: RunRecord, type: str) -> Event:
    return Event(0, record.project_id, record.id, type, {}, False, record.created_at)


async def _from(parts: FlowMaestro, record: RunRecord, after: int) -> AsyncIterator[Event | None]:
    yield _marker(record, _CONNECTED)
    async for event in parts.follower.follow(record.id, after):
        yield event


async def _only_the_end(record: RunRecord) -> AsyncIterator[Event | None]:
    yield _marker(record, _CONNECTED)
    yield _marker(record, _TERMINAL)
