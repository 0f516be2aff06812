"""`POST /agents/run`, and how a session stands: at once, or when it has settled."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ConfigDict, Field
from starlette.responses import Response

from quintet_server.services.amdahl.agents.sessions import find_session, session_object
from quintet_server.services.amdahl.agents.starting import (
    TooManyRunning,
    check_order,
    start_session,
    started_object,
)
from quintet_server.services.amdahl.agents.waiting import settled
from quintet_server.services.amdahl.context import RULES, Call, write
from quintet_server.services.amdahl.endpoints import Body
from quintet_server.services.amdahl.errors import invalid_argument, quota_exceeded
from quintet_server.services.amdahl.wire import ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["RunAgent", "agent_status", "run_agent", "wait_ms_of"]

_WAIT_MAX_MS = 30_000
_FULL_SECONDS = 5


class RunAgent(Body):
    """An order for an agent."""

    model_config = ConfigDict(populate_by_name=True)

    profile_id: str
    task: str
    input_params: dict[str, Any] | None = None
    is_async: bool = Field(default=False, alias="async")
    """Answer at once; otherwise when the session has settled, at the latest after a minute."""


async def run_agent(call: Call, body: RunAgent) -> Response:
    """`POST /agents/run`. What an idempotency key repeats is the start; the wait is anew."""

    async def start(conn: Connection) -> Reply:
        params = body.input_params or {}
        profile = await check_order(conn, call.project_id, body.profile_id, body.task, params)
        record = await start_session(
            call.parts,
            conn,
            call.project_id,
            profile,
            body.task,
            params,
            started_by=call.user_id,
        )
        return ok_reply(started_object(record), 202)

    try:
        started = await write(call, start)
    except TooManyRunning as full:
        # Not a reply of the action: under an idempotency key it would stand for a whole day.
        raise quota_exceeded(full.message, _FULL_SECONDS) from None
    if body.is_async or started.status_code != 202:
        return started
    return await _waited(call, started)


async def _waited(call: Call, started: Response) -> Response:
    answer = orjson.loads(bytes(started.body))
    seconds = call.parts.settings.agent_wait_seconds
    session = await settled(
        call.parts, call.request, call.project_id, answer["session_id"], seconds
    )
    if session.is_settled:
        response = ok(session_object(session))
    else:
        response = ok({**answer, "status": session.status, "timed_out": True}, 202)
    name, _ = RULES.replay_header
    if name in started.headers:
        response.headers[name] = started.headers[name]
    return response


async def agent_status(call: Call) -> Response:
    """`GET /agents/{session_id}/status?wait_ms=`."""
    session_id, wait_ms = call.path("session_id"), wait_ms_of(call)
    if wait_ms:
        session = await settled(
            call.parts, call.request, call.project_id, session_id, wait_ms / 1000
        )
    else:
        session = await find_session(call.parts.db, call.project_id, session_id)
    return ok(session_object(session))


def wait_ms_of(call: Call) -> int:
    """How long the answer may be held back, in milliseconds. Raises 400."""
    given = call.query("wait_ms")
    if given is None:
        return 0
    if not (given.isascii() and given.isdigit()) or len(given) > 9:
        message = f"wait_ms: must be a whole number of milliseconds, at most {_WAIT_MAX_MS}"
        raise invalid_argument(message, "wait_ms")
    return min(int(given), _WAIT_MAX_MS)
