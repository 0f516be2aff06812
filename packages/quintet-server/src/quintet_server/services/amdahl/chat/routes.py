"""The chat lane's part of the API."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.services.amdahl.agents.running import wait_ms_of
from quintet_server.services.amdahl.agents.sessions import find_session
from quintet_server.services.amdahl.agents.steering import (
    ResumeAgent,
    cancel_agent,
    resume_agent,
)
from quintet_server.services.amdahl.agents.streams import stream_session
from quintet_server.services.amdahl.agents.waiting import settled
from quintet_server.services.amdahl.chat.asking import Ask, ask
from quintet_server.services.amdahl.chat.shapes import (
    chat_object,
    run_object,
    run_summary,
    urls,
)
from quintet_server.services.amdahl.chat.store import (
    ChatRun,
    change_chat,
    find_chat,
    find_run,
    list_chats,
    list_runs,
)
from quintet_server.services.amdahl.context import RULES, Call, serve, write
from quintet_server.services.amdahl.endpoints import Body, Endpoint
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.wire import instant, ok, ok_reply
from quintet_server.store import event_log
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS", "ROUTES"]

_READ, _WRITE = "conversations:read", "conversations:write"
_STATUSES = ("active", "archived")
_EVENTS_MAX_COUNT = 1_000
_NOT_IN_DATA = ("seq", "session_id", "session_kind")


class ChangeChat(Body):
    """What of a conversation is to change."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    status: Literal["active", "archived"] | None = None


async def get_chats(call: Call) -> Response:
    """`GET /chats`: the active ones, unless `status` says otherwise."""
    filters = common_filters(call, statuses=_STATUSES)
    args = list_args(call, **filters.as_mapping())
    async with call.parts.db.connection() as conn:
        found, total = await list_chats(conn, call.project_id, filters, args)
    keys = [(chat.created_at, chat.id) for chat in found]
    return ok(envelope([chat_object(chat) for chat in found], total, args, keys))


async def get_chat(call: Call) -> Response:
    """`GET /chats/{chat_id}`: with its last runs, the oldest first."""
    async with call.parts.db.connection() as conn:
        chat = await find_chat(conn, call.project_id, call.path("chat_id"))
        runs = await list_runs(conn, call.project_id, chat.id)
    return ok({**chat_object(chat), "runs": [run_summary(run) for run in runs]})


async def patch_chat(call: Call, body: ChangeChat) -> Response:
    """`PATCH /chats/{chat_id}`: only what is sent changes."""

    async def action(conn: Connection) -> Reply:
        chat_id = call.path("chat_id")
        changed = await change_chat(conn, call.project_id, chat_id, body.name, body.status)
        return ok_reply(chat_object(changed))

    return await write(call, action)


async def get_run(call: Call) -> Response:
    """`GET /chats/{chat_id}/runs/{session_id}?wait_ms=&include=events`."""
    include = call.query("include")
    if include not in (None, "", "events"):
        raise invalid_argument(
            "include: only events can be included", "include", allowed=["events"]
        )
    seconds = wait_ms_of(call) / 1000
    run = await _run(call)
    session = await settled(call.parts, call.request, call.project_id, run.run_id, seconds)
    shown = run_object(run, session)
    if include == "events":
        shown["events"] = await _events(call, run.run_id)
    return ok(shown)


async def _run(call: Call) -> ChatRun:
    async with call.parts.db.connection() as conn:
        return await find_run(conn, call.project_id, call.path("chat_id"), call.path("session_id"))


async def _events(call: Call, run_id: str) -> list[dict[str, Any]]:
    """What its stream has told so far, as far as that is kept."""
    async with call.parts.db.connection() as conn:
        found = await event_log.read(conn, run_id, limit=_EVENTS_MAX_COUNT)
    return [
        {
            "type": event.type,
            "seq": event.data["seq"],
            "ts": instant(event.created_at),
            "data": {name: v for name, v in event.data.items() if name not in _NOT_IN_DATA},
        }
        for event in found
    ]


async def resume_run(call: Call, body: ResumeAgent) -> Response:
    """`POST /chats/{chat_id}/runs/{session_id}/resume`."""
    run = await _run(call)
    return await _steered(call, run, await resume_agent(call, body))


async def cancel_run(call: Call) -> Response:
    """`POST /chats/{chat_id}/runs/{session_id}/cancel`."""
    run = await _run(call)
    return await _steered(call, run, await cancel_agent(call))


async def _steered(call: Call, run: ChatRun, response: Response) -> Response:
    """What became of the session, in the words of this lane."""
    if response.status_code >= 400:  # a refusal that was kept with its idempotency key
        return response
    session = await find_session(call.parts.db, call.project_id, run.run_id)
    base = call.request.url.path.partition("/chats/")[0]
    status = orjson.loads(bytes(response.body))["status"]
    shown = {**run_object(run, session), "status": "error" if status == "failed" else status}
    told = ok({"success": True, **shown, **urls(base, run.chat_id, run.run_id)})
    name, _ = RULES.replay_header
    if name in response.headers:
        told.headers[name] = response.headers[name]
    return told


async def stream_run(request: Request) -> Response:
    """`GET /chats/{chat_id}/runs/{session_id}/stream`: the stream of its session."""
    return await serve(request, _streamed, operation="chats.stream", scopes=(_READ,))


async def _streamed(call: Call) -> Response:
    await _run(call)
    return await stream_session(call)


ROUTES: tuple[BaseRoute, ...] = (
    Route("/chats/{chat_id}/runs/{session_id}/stream", stream_run, methods=["GET"]),
)
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/chat",
        handler=ask,
        operation_id="chats.ask",
        summary="Say something in a conversation",
        description="Without `chat_id` a new conversation begins. The answer (202) names where the "
        "run is read, followed and answered.",
        scope=_WRITE,
        role="editor",
        request=Ask,
        status=202,
    ),
    Endpoint(
        path="/chats",
        handler=get_chats,
        operation_id="chats.list",
        summary="List conversations",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/chats/{chat_id}",
        handler=get_chat,
        operation_id="chats.get",
        summary="Get a conversation",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/chats/{chat_id}",
        handler=patch_chat,
        operation_id="chats.update",
        summary="Rename or archive a conversation",
        scope=_WRITE,
        role="editor",
        request=ChangeChat,
        method="PATCH",
    ),
    Endpoint(
        path="/chats/{chat_id}/runs/{session_id}",
        handler=get_run,
        operation_id="chats.run",
        summary="Get a run of a conversation",
        description="`wait_ms` (at most 30000) holds the answer back until the run has settled; "
        "`include=events` adds what its stream has told.",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/chats/{chat_id}/runs/{session_id}/resume",
        handler=resume_run,
        operation_id="chats.resume",
        summary="Answer what a run waits for",
        scope=_WRITE,
        role="editor",
        request=ResumeAgent,
    ),
    Endpoint(
        path="/chats/{chat_id}/runs/{session_id}/cancel",
        handler=cancel_run,
        operation_id="chats.cancel",
        summary="Cancel a run",
        scope=_WRITE,
        role="editor",
    ),
)
