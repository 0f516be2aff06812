"""Answering a session that waits, and cancelling one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from starlette.responses import Response

from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.schemas import check_value
from quintet_server.services.amdahl.agents.sessions import Session, find_session, session_object
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.endpoints import Body
from quintet_server.services.amdahl.errors import invalid_argument, invalid_state
from quintet_server.services.amdahl.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ResumeAgent", "cancel_agent", "resume_agent"]

_LOCK = "SELECT 1 FROM runs WHERE id = %s AND project_id = %s FOR NO KEY UPDATE"


class ResumeAgent(Body):
    """An answer: in `input`, or the whole body."""

    model_config = ConfigDict(extra="allow")

    input: Any = None
    request_id: Any = None
    """Of the question that is answered; checked if it is there."""


async def resume_agent(call: Call, body: ResumeAgent) -> Response:
    """`POST /agents/{session_id}/resume`: the session is queued again, to go on with the answer."""

    async def action(conn: Connection) -> Reply:
        session = await _locked(call, conn)
        pending = session.record.pause
        if session.status != "awaiting_input" or pending is None:
            message = f"The session is {session.status}; only one that awaits input can be resumed."
            raise invalid_state(message, status=session.status)
        answer = _answer(body, pending)
        field = "input" if isinstance(body.input, Mapping) else "body"
        check_value(answer, pending["schema"], field)
        notes = events.resumed(session.record, pending["request_id"])
        await call.parts.runs.resume(conn, call.project_id, session.record.id, answer, *notes)
        return await _told(call, conn)

    return await write(call, action)


def _answer(body: ResumeAgent, pending: Mapping[str, Any]) -> Any:
    """What was answered, out of either form of the body. Raises 409 for another question."""
    given = body.model_dump(exclude_unset=True)
    in_schema = pending["schema"].get("properties", {})
    request_id = body.request_id
    if "request_id" not in in_schema:
        given.pop("request_id", None)
        _check_question(request_id, pending)
    if isinstance(body.input, Mapping):
        return dict(body.input)
    if "input" in given and "input" not in in_schema:
        raise invalid_argument("input: must be an object", "input")
    return given


def _check_question(request_id: Any, pending: Mapping[str, Any]) -> None:
    if request_id is None or request_id == pending["request_id"]:
        return
    message = (
        f"The session awaits the answer to {pending['request_id']}, not to {request_id!r:.60}."
    )
    raise invalid_state(message, request_id=pending["request_id"])


async def cancel_agent(call: Call) -> Response:
    """`POST /agents/{session_id}/cancel`: at once, whatever it is doing."""

    async def action(conn: Connection) -> Reply:
        session = await _locked(call, conn)
        if session.status in ("complete", "failed"):
            message = f"The session is {session.status} and cannot be canceled any more."
            raise invalid_state(message, status=session.status)
        if session.status != "canceled":
            await call.parts.runs.cancel(conn, call.project_id, session.record.id)
        return await _told(call, conn)

    return await write(call, action)


async def _locked(call: Call, conn: Connection) -> Session:
    """The session, which nobody else changes before the transaction is over. Raises 404."""
    await conn.execute(_LOCK, (call.path("session_id"), call.project_id))
    return await _session(call, conn)


async def _session(call: Call, conn: Connection) -> Session:
    return await find_session(conn, call.project_id, call.path("session_id"))


async def _told(call: Call, conn: Connection) -> Reply:
    return ok_reply({"success": True, **session_object(await _session(call, conn))})
