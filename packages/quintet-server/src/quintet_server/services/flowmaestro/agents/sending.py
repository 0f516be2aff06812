"""`POST /threads/{id}/messages`: say something, and get the answer in one of three ways.

Message and turn are stored in one transaction, then the caller waits for the end (at most `timeout`
milliseconds, then 408 while the turn goes on), follows the events on the same response (`stream`
with `Accept: text/event-stream`), or is told at once which turn to follow (`stream` alone, 202).
Whoever hangs up stops nothing. One message at a time: another one meanwhile is 409 and is not
stored (our decision: the answer it would wait behind may well change what there is to say).

With an `Idempotency-Key` the message is stored once, however often it is sent, and every send waits
for the same turn.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.chat.model import ChatUnavailable
from quintet_server.http.disconnect import watch_disconnect
from quintet_server.http.sse import sse_response
from quintet_server.services.flowmaestro.agents import events
from quintet_server.services.flowmaestro.agents.events import TurnInput
from quintet_server.services.flowmaestro.agents.records import Thread, lock_thread
from quintet_server.services.flowmaestro.agents.shapes import answer_object
from quintet_server.services.flowmaestro.agents.streams import follow_turn
from quintet_server.services.flowmaestro.agents.turn import KIND
from quintet_server.services.flowmaestro.context import Call, call_of, write
from quintet_server.services.flowmaestro.errors import (
    conflict,
    execution_failed,
    invalid_field,
    not_found,
    timed_out,
    unavailable,
)
from quintet_server.services.flowmaestro.wire import instant, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.event_log import Event, append
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

_SAY = """
WITH said AS (
    INSERT INTO flowmaestro_messages (id, thread_id, turn_id, role, content)
    VALUES (%(user_message)s, %(thread)s, %(turn)s, 'user', %(content)s)
)
UPDATE flowmaestro_threads t
SET last_turn_id = %(turn)s, running_turn_id = %(turn)s, message_count = message_count + 1,
    updated_at = quintet_now(), last_message_at = quintet_now()
FROM flowmaestro_agents a
WHERE t.id = %(thread)s AND a.project_id = t.project_id AND a.id = t.agent_id
RETURNING a.name
"""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a body asks for."""

    content: str
    stream: bool
    timeout_ms: int


async def send_message(request: Request) -> Response:
    """`POST /threads/{id}/messages`."""
    call = call_of(request, "agents:execute", "threads:write")
    thread_id = call.path_id()
    body = await call.json_object()
    sending = read_sending(body, call)
    await _check_model(call)
    begun = await write(call, body, lambda conn: _begin(conn, call, thread_id, sending.content))
    if sending.stream and not _wants_events(request):
        return begun
    turn_id = orjson.loads(begun.body)["data"]["message_id"]
    if sending.stream:
        turn = follow_turn(call.parts, call.project_id, turn_id)
        return sse_response(request, turn, events.frame)
    return await _answer(call, thread_id, turn_id, sending.timeout_ms)


async def _check_model(call: Call) -> None:
    """503 that says how to get a model, before anything is stored."""
    if not call.parts.chat.is_available:
        try:
            await call.parts.chat.count_tokens("")
        except ChatUnavailable as error:
            raise unavailable(error.message) from error


def read_sending(body: dict[str, Any], call: Call) -> Sending:
    """Check a body. Raises 400 naming the field."""
    settings = call.parts.settings
    content, stream = body.get("content"), body.get("stream")
    if content is None or (isinstance(content, str) and not content.strip()):
        raise invalid_field("content", "Message content is required")
    if not isinstance(content, str):
        raise invalid_field("content", "content must be a string")
    if len(content) > settings.message_max_chars:
        raise invalid_field(
            "content", f"content must have at most {settings.message_max_chars} characters"
        )
    if stream is not None and not isinstance(stream, bool):
        raise invalid_field("stream", "stream must be true or false")
    return Sending(content, bool(stream), _timeout_ms(body, settings.message_wait_max_ms))


def _timeout_ms(body: dict[str, Any], most: int) -> int:
    timeout = body.get("timeout")
    if timeout is None:
        return most
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
        raise invalid_field("timeout", "timeout must be a number of milliseconds above 0")
    return max(1, int(min(timeout, most)))


def _wants_events(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "").lower()


async def _begin(conn: Connection, call: Call, thread_id: str, content: str) -> Reply:
    """Store the message and create its turn, in the caller's transaction."""
    thread = await lock_thread(conn, call.project_id, thread_id)
    _check_free(thread)
    turn_id, user_message_id = new_id("msg"), new_id("msg")
    values = {
        "thread": thread.id,
        "turn": turn_id,
        "user_message": user_message_id,
        "content": content,
    }
    row = await (await conn.execute(_SAY, values)).fetchone()
    if row is None:
        raise not_found("Agent", thread.agent_id)
    turn = TurnInput(thread.id, turn_id, user_message_id, thread.agent_id, row[0])
    await append(
        conn, call.project_id, thread.id, events.CREATED, events.created_data(turn, content)
    )
    await call.parts.runs.create(
        conn,
        kind=KIND,
        project_id=call.project_id,
        input=turn.as_json(),
        subject=thread.id,
        id=turn_id,
    )
    data = {
        "id": turn_id,
        "message_id": turn_id,
        "user_message_id": user_message_id,
        "thread_id": thread.id,
        "status": "processing",
    }
    return ok_reply(call.request, data, 202)


def _check_free(thread: Thread) -> None:
    running = thread.running_turn_id
    if running is not None:
        raise conflict(
            f"Thread '{thread.id}' is still answering: message '{running}' is not complete. "
            "Send the next message when it is.",
            {"thread_id": thread.id, "message_id": running},
        )


async def _answer(call: Call, thread_id: str, turn_id: str, timeout_ms: int) -> Response:
    """Wait for the end of a turn and answer with it."""
    async with watch_disconnect(call.request) as gone:
        ending = asyncio.create_task(_end_of(call, turn_id))
        leaving = asyncio.create_task(gone.wait())
        try:
            await asyncio.wait(
                (ending, leaving),
                timeout=timeout_ms / 1000,
                return_when=asyncio.FIRST_COMPLETED,
            )
            event = ending.result() if ending.done() else None
        finally:
            for task in (ending, leaving):
                task.cancel()
            await asyncio.gather(ending, leaving, return_exceptions=True)
    if event is None:
        raise timed_out(
            f"The answer '{turn_id}' is not complete yet. It goes on: read it from "
            f"/threads/{thread_id}/events or /threads/{thread_id}/messages, and do not send the "
            "message again."
        )
    if event.type == events.COMPLETED:
        return ok(call.request, answer_object(event.data, instant(event.created_at)))
    raise _refusal(event, thread_id)


async def _end_of(call: Call, turn_id: str) -> Event | None:
    """The event that ends a turn; None if the server stops before."""
    async with aclosing(follow_turn(call.parts, call.project_id, turn_id)) as turn:
        async for event in turn:
            if event is not None and event.terminal:
                return event
    return None


def _refusal(event: Event, thread_id: str) -> Exception:
    """Why there is no answer."""
    code = event.data.get("code")
    if code == "cancelled":
        return not_found("Thread", thread_id)
    if code == "service_unavailable":
        return unavailable(event.data["error"])
    return execution_failed(event.data["error"])
