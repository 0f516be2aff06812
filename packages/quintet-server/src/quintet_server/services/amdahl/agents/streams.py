"""`GET /agents/{session_id}/stream`: a session's life as server-sent events.

Everything from the beginning, or behind `Last-Event-ID` (`?last_event_id=` for those who cannot set
headers), then what happens; the stream ends after the terminal event, also when that is long past,
and stays open while the session waits for an answer. The id of an event is its number within the
session. Events that are no longer kept are missing at the front; of a session whose events are all
gone, the terminal one is told again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http.sse import sse_response
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.sessions import Session, find_session
from quintet_server.services.amdahl.context import Call, serve
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.store.event_log import Event

__all__ = ["ROUTES", "agent_stream", "stream_session"]

_RETRY = b"retry: 2000\n\n"
_PING = b": ping\n\n"
_GONE = "gone"

# The number in the whole log of the last event up to a number in the session.
_PLACE = """
SELECT coalesce(max(e.seq), 0) FROM events e
WHERE e.stream = %s AND (e.data ->> 'seq')::int <= %s
"""


async def agent_stream(request: Request) -> Response:
    """The stream. Raises 404 and 400 before it opens."""
    return await serve(
        request, stream_session, operation="agents.stream", scopes=("workflows:read",)
    )


async def stream_session(call: Call) -> Response:
    """The stream of the session that the path names, here or in the chat lane."""
    session = await find_session(call.parts.db, call.project_id, call.path("session_id"))
    seen = _seen(call)
    if seen > session.event_count:
        last = session.event_count
        message = f"last_event_id: {seen} is beyond the log, whose last event is {last}"
        raise invalid_argument(message, "last_event_id", last_event_id=str(last))

    def render(event: Event) -> bytes:
        if event.type == _GONE:
            return events.last_frame(session.record, session.event_count)
        return events.frame(event)

    return sse_response(
        call.request,
        await _from(call, session, seen),
        render,
        headers={"Cache-Control": "no-store"},
        opening=_RETRY,
        heartbeat=_PING,
    )


def _seen(call: Call) -> int:
    """The number of the last event the client has; the header counts before the query."""
    given = call.request.headers.get("last-event-id") or call.query("last_event_id") or "0"
    if not (given.isascii() and given.isdigit()) or len(given) > 9:
        message = "last_event_id: must be the id of an event of this stream"
        raise invalid_argument(message, "last_event_id")
    return int(given)


async def _from(call: Call, session: Session, seen: int) -> AsyncIterator[Event | None]:
    if session.record.state.is_terminal and (seen == session.event_count or not session.log_seq):
        return _only_the_end(session, seen)
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_PLACE, (session.record.id, seen))).fetchone()
    return call.parts.follower.follow(session.record.id, row[0] if row else 0)


async def _only_the_end(session: Session, seen: int) -> AsyncIterator[Event | None]:
    """The last event, if the client has not had it and it is no longer kept."""
    record = session.record
    if seen < session.event_count:
        yield Event(0, record.project_id, record.id, _GONE, {}, True, record.created_at)


ROUTES: tuple[BaseRoute, ...] = (
    Route("/agents/{session_id}/stream", agent_stream, methods=["GET"]),
)
