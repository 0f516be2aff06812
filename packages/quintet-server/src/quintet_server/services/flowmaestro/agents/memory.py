"""`/agents/{id}/memory`: what an agent knows about each user (contract, section 5.4).

A user is whoever a thread's metadata name as `user_id`: the memory of that user is put behind the
agent's prompt in all of its threads. Reading needs `agents:read`; writing changes what the agent
says, so it needs `agents:execute` as well (our decision).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.errors import ApiError
from quintet_server.services.flowmaestro.agents.agent_routes import metadata_of
from quintet_server.services.flowmaestro.agents.records import find_agent
from quintet_server.services.flowmaestro.context import Call, call_of
from quintet_server.services.flowmaestro.errors import invalid_field, not_found
from quintet_server.services.flowmaestro.wire import instant, ok, ok_list

__all__ = ["delete_memory", "get_memory", "list_memories", "put_memory"]

_RESOURCE = "Working memory"
_MEMORY_MAX_CHARS = 20_000
_USER_MAX_CHARS = 200
# What stands where a user's id would; with any other method it is not taken for one.
_NO_USERS = frozenset({"search", "stats"})

_COLUMNS = "user_id, working_memory, metadata, created_at, updated_at"
_WHERE = "WHERE project_id = %(project)s AND agent_id = %(agent)s"
_ONE = f"SELECT {_COLUMNS} FROM flowmaestro_memories {_WHERE} AND user_id = %(user)s"
_LIST = f"""
SELECT {_COLUMNS} FROM flowmaestro_memories {_WHERE}
ORDER BY created_at DESC, user_id DESC OFFSET %(offset)s LIMIT %(limit)s
"""
_COUNT = f"SELECT count(*) FROM flowmaestro_memories {_WHERE}"
_PUT = f"""
INSERT INTO flowmaestro_memories (project_id, agent_id, user_id, working_memory, metadata)
VALUES (%(project)s, %(agent)s, %(user)s, %(memory)s, coalesce(%(metadata)s::jsonb, '{{}}'))
ON CONFLICT (project_id, agent_id, user_id) DO UPDATE
   SET working_memory = excluded.working_memory, updated_at = quintet_now(),
       metadata = coalesce(%(metadata)s::jsonb, flowmaestro_memories.metadata)
RETURNING {_COLUMNS}
"""
_DELETE = f"DELETE FROM flowmaestro_memories {_WHERE} AND user_id = %(user)s"


@dataclass(frozen=True, slots=True)
class Memory:
    """What an agent knows about one user."""

    user_id: str
    working_memory: str
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


async def list_memories(request: Request) -> Response:
    """`GET /agents/{id}/memory`."""
    call = call_of(request, "agents:read")
    values = await _values(call)
    page = call.page
    async with call.parts.db.connection() as conn:
        async with conn.cursor(row_factory=class_row(Memory)) as cursor:
            await cursor.execute(
                _LIST.encode(), {**values, "offset": page.offset, "limit": page.per_page}
            )
            memories = await cursor.fetchall()
        total = await (await conn.execute(_COUNT.encode(), values)).fetchone()
    shown = [_shown(memory) for memory in memories]
    return ok_list(request, shown, page, total[0] if total else 0)


async def get_memory(request: Request) -> Response:
    """`GET /agents/{id}/memory/{user_id}`."""
    call = call_of(request, "agents:read")
    memory = await _row(call, _ONE, await _values(call))
    if memory is None:
        raise not_found(_RESOURCE, call.path_id("user_id"))
    return ok(request, _shown(memory))


async def put_memory(request: Request) -> Response:
    """`PUT /agents/{id}/memory/{user_id}`; metadata that are not given stay as they are."""
    call = call_of(request, "agents:read", "agents:execute")
    body = await call.json_object()
    text = body.get("working_memory")
    if not isinstance(text, str) or not text.strip():
        raise invalid_field("working_memory", "working_memory must be a non-empty string")
    if len(text) > _MEMORY_MAX_CHARS:
        raise invalid_field(
            "working_memory", f"working_memory must have at most {_MEMORY_MAX_CHARS} characters"
        )
    if len(call.path_id("user_id")) > _USER_MAX_CHARS:
        raise invalid_field("user_id", f"user_id must have at most {_USER_MAX_CHARS} characters")
    metadata = metadata_of(body) if body.get("metadata") is not None else None
    values = await _values(call)
    memory = await _row(
        call,
        _PUT,
        {**values, "memory": text, "metadata": None if metadata is None else Jsonb(metadata)},
    )
    assert memory is not None  # INSERT … RETURNING of one row
    return ok(request, _shown(memory))


async def delete_memory(request: Request) -> Response:
    """`DELETE /agents/{id}/memory/{user_id}`."""
    call = call_of(request, "agents:read", "agents:execute")
    values = await _values(call)
    async with call.parts.db.connection() as conn:
        deleted = await conn.execute(_DELETE.encode(), values)
    if not deleted.rowcount:
        raise not_found(_RESOURCE, values["user"])
    shown = {"agent_id": values["agent"], "user_id": values["user"], "deleted": True}
    return ok(request, shown)


async def _values(call: Call) -> dict[str, str]:
    """What the statements ask for; 404 if there is no such agent, 405 if there can be no user."""
    user = call.path_id("user_id") if "user_id" in call.request.path_params else ""
    if user in _NO_USERS:
        method = call.request.method
        raise ApiError(405, "validation_error", f"'{user}' is no user, and {method} not its method")
    agent = await find_agent(call.parts.db, call.project_id, call.path_id())
    return {"project": call.project_id, "agent": agent.id, "user": user}


async def _row(call: Call, statement: str, values: dict[str, Any]) -> Memory | None:
    async with (
        call.parts.db.connection() as conn,
        conn.cursor(row_factory=class_row(Memory)) as cursor,
    ):
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchone()


def _shown(memory: Memory) -> dict[str, Any]:
    return {
        "user_id": memory.user_id,
        "working_memory": memory.working_memory,
        "metadata": memory.metadata,
        "created_at": instant(memory.created_at),
        "updated_at": instant(memory.updated_at),
    }
