"""`GET /threads/{id}/events`: the newest turn of a thread, or the one that is asked for.

The events of a turn that runs, or has just ended, are replayed from the start and then followed to
its last one. A thread in which nothing was ever said is waited for. `?message_id=` (the answer's,
or that of the message it answers) selects a turn, `Last-Event-ID` goes on behind an event.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.runs.model import RunNotFound, RunRecord
from quintet_server.http.sse import last_event_id, sse_response
from quintet_server.services.flowmaestro.agents import events
from quintet_server.services.flowmaestro.agents.records import (
    Thread,
    find_message,
    find_thread,
    turn_of_message,
)
from quintet_server.services.flowmaestro.agents.shapes import message_object
from quintet_server.services.flowmaestro.context import FlowMaestro, call_of
from quintet_server.services.flowmaestro.errors import not_found
from quintet_server.store.event_log import Event, read

__all__ = ["follow_turn", "thread_events"]

_CONNECTED = "connected"
_FORGOTTEN = "There was no answer, and why is not kept any longer"


async def thread_events(request: Request) -> Response:
    """`GET /threads/{id}/events`."""
    call = call_of(request, "threads:read")
    thread = await find_thread(call.parts.db, call.project_id, call.path_id())
    message_id = call.query("message_id")
    turn_id = thread.last_turn_id
    if message_id is not None:
        turn_id = await turn_of_message(call.parts.db, thread.id, message_id)
        if turn_id is None:
            raise not_found("Message", message_id)
    seen = last_event_id(request) or _number(call.query("last_event_id"))
    return sse_response(request, _connected_then(call.parts, thread, turn_id, seen), _frame)


async def _connected_then(
    parts: FlowMaestro, thread: Thread, turn_id: str | None, seen: int
) -> AsyncGenerator[Event | None, None]:
    yield Event(0, thread.project_id, thread.id, _CONNECTED, {}, False, thread.created_at)
    if turn_id is None:
        async with aclosing(_first_turn(parts, thread)) as waiting:
            async for found in waiting:
                if found is None:
                    yield None
                turn_id = found
    if turn_id is not None:
        async with aclosing(follow_turn(parts, thread.project_id, turn_id, seen)) as turn:
            async for event in turn:
                yield event


async def _first_turn(parts: FlowMaestro, thread: Thread) -> AsyncGenerator[str | None, None]:
    """Heartbeats until the first message of a thread arrives, then the id of its turn."""
    async with aclosing(parts.follower.follow(thread.id)) as log:  # type: ignore[type-var]
        async for event in log:
            if event is None:
                yield None
            elif event.type == events.CREATED:
                yield str(event.data["turn_id"])
                return


async def follow_turn(
    parts: FlowMaestro, project_id: str, turn_id: str, seen: int = 0
) -> AsyncGenerator[Event | None, None]:
    """The events of a turn behind number `seen`, to its last one; None when a heartbeat is due.

    Of a turn so old that its events are gone only the last one is told, made from its record.
    """
    last = await _last_of_forgotten(parts, project_id, turn_id)
    if last is not None:
        yield last
        return
    async with aclosing(parts.follower.follow(turn_id, seen)) as log:  # type: ignore[type-var]
        async for event in log:
            yield event


async def _last_of_forgotten(parts: FlowMaestro, project_id: str, turn_id: str) -> Event | None:
    async with parts.db.connection() as conn:
        if await read(conn, turn_id, limit=1):
            return None
    try:
        record = await parts.runs.get(project_id, turn_id)
    except RunNotFound:
        return await _kept_answer(parts, project_id, turn_id)
    return _last_event(record) if record.state.is_terminal else None


def _last_event(record: RunRecord) -> Event:
    note = events.ending(record)[-1]
    when = record.completed_at or record.created_at
    return Event(0, record.project_id, record.id, note.type, dict(note.data), True, when)


async def _kept_answer(parts: FlowMaestro, project_id: str, turn_id: str) -> Event:
    """The end of a turn of which only the answer is left, or not even that."""
    message = await find_message(parts.db, turn_id)
    if message is None:
        data = {"message_id": turn_id, "status": "failed", "error": _FORGOTTEN, "code": "forgotten"}
        now = datetime.fromtimestamp(parts.clock.now(), UTC)
        return Event(0, project_id, turn_id, events.FAILED, data, True, now)
    data = {**message_object(message), "message_id": message.id, "status": "completed"}
    return Event(0, project_id, turn_id, events.COMPLETED, data, True, message.created_at)


def _frame(event: Event) -> bytes | None:
    if event.type == _CONNECTED:
        return events.connected(event.stream)
    return events.frame(event)


def _number(text: str | None) -> int:
    """The number of an event in a query; junk is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
