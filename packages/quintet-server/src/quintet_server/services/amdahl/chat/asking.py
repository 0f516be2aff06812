"""`POST /chat`: a new run in a conversation, which begins with its first."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from starlette.responses import Response

from quintet_server.engines.runs.values import encode
from quintet_server.services.amdahl.agent_work.researcher import title_of
from quintet_server.services.amdahl.agents.starting import (
    TooManyRunning,
    check_order,
    start_session,
)
from quintet_server.services.amdahl.chat.shapes import STATUS_OF, urls
from quintet_server.services.amdahl.chat.store import (
    Chat,
    add_run,
    create_chat,
    find_chat,
    remembered,
    unsettled_run,
)
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.endpoints import Body
from quintet_server.services.amdahl.errors import invalid_state, quota_exceeded
from quintet_server.services.amdahl.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

__all__ = ["Ask", "Config", "ask"]

CHAT_ID_PREFIX = "chat"
_DEFAULT_AGENT = "copilot"
_NAME_MAX_CHARS = 200
_FULL_SECONDS = 5
# The one thing a chat's run can do beside answering; `actions_allowed` may leave it out.
_WRITES = "write_outputs"


class Config(Body):
    """How a run answers."""

    depth: Literal["quick", "standard", "deep"] = "deep"
    external_search: bool = False
    """There is none here; the answer says so."""
    include_divergence: bool = False
    write_outputs: bool = False
    """Leave the answer behind as an artifact, too."""
    write_memory: bool = True
    """Let later runs of the conversation go on from this one."""
    actions_allowed: list[str] | None = None
    """Of what a run may do beside answering; None: anything."""
    on_question: Literal["pause", "auto", "none"] = "pause"
    """Where a word means several things: ask, take the most frequent, or take all."""


class Ask(Body):
    """Something said in a conversation."""

    input: str
    chat_id: str | None = None
    agent: str | None = None
    name: str | None = Field(default=None, min_length=1, max_length=_NAME_MAX_CHARS)
    config: Config = Field(default_factory=Config)


async def ask(call: Call, body: Ask) -> Response:
    """`POST /chat`: the run is queued; where to read and follow it is in the answer."""

    async def action(conn: Connection) -> Reply:
        chat = await _chat(call, conn, body)
        params = _params(body.config)
        profile = await check_order(
            conn,
            call.project_id,
            body.agent or (chat.agent if chat else _DEFAULT_AGENT),
            body.input,
            params,
            names=("agent", "input", "config"),
        )
        if chat is None:
            name = body.name or title_of(body.input)[:_NAME_MAX_CHARS]
            chat = await create_chat(
                conn, call.project_id, new_id(CHAT_ID_PREFIX), call.user_id, name, profile["id"]
            )
        history = await remembered(conn, call.project_id, chat.id)
        record = await start_session(
            call.parts,
            conn,
            call.project_id,
            profile,
            body.input,
            {**params, "history": history} if history else params,
            started_by=call.user_id,
        )
        config = encode(body.config.model_dump(exclude_unset=True)).decode()
        await add_run(conn, call.project_id, chat.id, record.id, config)
        base = call.request.url.path.removesuffix("/chat")
        started = {"success": True, "chat_id": chat.id, "run_id": record.id, "status": "queued"}
        return ok_reply({**started, **urls(base, chat.id, record.id)}, 202)

    try:
        return await write(call, action)
    except TooManyRunning as full:
        raise quota_exceeded(full.message, _FULL_SECONDS) from None


async def _chat(call: Call, conn: Connection, body: Ask) -> Chat | None:
    """The conversation that goes on, if one is named. Raises 404, and 409 while it is not ready."""
    if body.chat_id is None:
        return None
    chat = await find_chat(conn, call.project_id, body.chat_id, locked=True)
    if chat.status == "archived":
        raise invalid_state("The chat is archived.", status=chat.status)
    unsettled = await unsettled_run(conn, call.project_id, chat.id)
    if unsettled is not None:
        run_id, status = unsettled[0], STATUS_OF[unsettled[1]]
        message = f"The run {run_id} of this chat is {status}; let it end, resume or cancel it."
        raise invalid_state(message, run_id=run_id, status=status)
    return chat


def _params(config: Config) -> dict[str, Any]:
    """What the agent is told of the configuration."""
    may_write = config.actions_allowed is None or _WRITES in config.actions_allowed
    params: dict[str, Any] = {"depth": config.depth, "on_question": config.on_question}
    if config.write_outputs and may_write:
        params["write_outputs"] = True
    if config.external_search:
        params["external_search"] = True
    return params
