"""`/threads`: one conversation, its messages, its end."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.runs.model import RunNotCancellable, RunNotFound
from quintet_server.services.flowmaestro.agents.records import (
    find_thread,
    list_messages,
    mark_deleted,
    running_turn,
)
from quintet_server.services.flowmaestro.agents.shapes import message_object, thread_object
from quintet_server.services.flowmaestro.context import Call, call_of
from quintet_server.services.flowmaestro.errors import conflict
from quintet_server.services.flowmaestro.wire import ok, ok_list

_TRIES = 20


async def get_thread(request: Request) -> Response:
    """`GET /threads/{id}`."""
    call = call_of(request, "threads:read")
    thread = await find_thread(call.parts.db, call.project_id, call.path_id())
    return ok(request, thread_object(thread))


async def get_messages(request: Request) -> Response:
    """`GET /threads/{id}/messages`, oldest first."""
    call = call_of(request, "threads:read")
    thread = await find_thread(call.parts.db, call.project_id, call.path_id())
    async with call.parts.db.connection() as conn:
        messages = await list_messages(conn, thread.id, call.page)
    shown = [message_object(message) for message in messages]
    return ok_list(request, shown, call.page, thread.message_count)


async def delete_thread(request: Request) -> Response:
    """`DELETE /threads/{id}`: from now on 404 everywhere. An answer under way is stopped."""
    call = call_of(request, "threads:write")
    thread_id = call.path_id()
    for _ in range(_TRIES):
        if await _deleted(call, thread_id):
            return ok(request, {"id": thread_id, "deleted": True})
        # A turn began in between; it has to be stopped first.
    raise conflict(f"Thread '{thread_id}' takes one message after the other; try again")


async def _deleted(call: Call, thread_id: str) -> bool:
    """Delete a thread unless a turn runs that was not seen before.

    A turn that ends locks its run and then its thread. Here the order is the same: the run that was
    seen is cancelled first, and the thread is not locked before.
    """
    parts, project_id = call.parts, call.project_id
    async with parts.db.transaction() as conn:
        turn_id = await running_turn(conn, project_id, thread_id)
        if turn_id is not None:
            try:
                await parts.runs.cancel(conn, project_id, turn_id)
            except (RunNotCancellable, RunNotFound):
                pass  # it has ended since
        return await mark_deleted(conn, project_id, thread_id)
