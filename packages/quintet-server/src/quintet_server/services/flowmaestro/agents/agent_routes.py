"""`/agents`: what is defined, and new threads with them."""

from __future__ import annotations

from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.services.flowmaestro.agents.records import (
    THREAD_COLUMNS,
    Thread,
    find_agent,
    list_agents,
)
from quintet_server.services.flowmaestro.agents.shapes import (
    agent_item,
    agent_object,
    thread_object,
)
from quintet_server.services.flowmaestro.context import call_of, write
from quintet_server.services.flowmaestro.errors import invalid_field, not_found
from quintet_server.services.flowmaestro.wire import ok, ok_list, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

_CREATE = f"""
INSERT INTO flowmaestro_threads (id, project_id, agent_id, metadata)
SELECT %s, a.project_id, a.id, %s FROM flowmaestro_agents a WHERE a.project_id = %s AND a.id = %s
RETURNING {THREAD_COLUMNS}
"""


async def get_agents(request: Request) -> Response:
    """`GET /agents`."""
    call = call_of(request, "agents:read")
    agents, total = await list_agents(call.parts.db, call.project_id, call.page)
    items = [agent_item(agent, call.parts.chat) for agent in agents]
    return ok_list(request, items, call.page, total)


async def get_agent(request: Request) -> Response:
    """`GET /agents/{id}`."""
    call = call_of(request, "agents:read")
    agent = await find_agent(call.parts.db, call.project_id, call.path_id())
    return ok(request, agent_object(agent, call.parts.chat))


async def create_thread(request: Request) -> Response:
    """`POST /agents/{id}/threads`."""
    call = call_of(request, "agents:read", "threads:write")
    agent_id = call.path_id()
    body = await call.json_object()
    metadata = metadata_of(body)

    async def action(conn: Connection) -> Reply:
        values = (new_id("thread"), Jsonb(metadata), call.project_id, agent_id)
        async with conn.cursor(row_factory=class_row(Thread)) as cursor:
            await cursor.execute(_CREATE.encode(), values)
            thread = await cursor.fetchone()
        if thread is None:
            raise not_found("Agent", agent_id)
        return ok_reply(request, thread_object(thread), 201)

    return await write(call, body, action)


def metadata_of(body: dict[str, Any]) -> dict[str, Any]:
    """The `metadata` of a body; absent and null are empty. Raises 400 for no object."""
    metadata = body.get("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise invalid_field("metadata", "metadata must be an object")
    return metadata
