"""`/triggers`: list, look, execute."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.services.flowmaestro.context import Call, call_of, write
from quintet_server.services.flowmaestro.errors import invalid, not_found
from quintet_server.services.flowmaestro.executions.starting import inputs_of
from quintet_server.services.flowmaestro.triggers import store
from quintet_server.services.flowmaestro.triggers.firing import fire, fired_object
from quintet_server.services.flowmaestro.triggers.store import Trigger, trigger_object
from quintet_server.services.flowmaestro.wire import ok, ok_list, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


async def list_triggers(request: Request) -> Response:
    """`GET /triggers`: newest first; `workflow_id`, `type` and `enabled` filter."""
    call = call_of(request, "triggers:read")
    page = call.page
    async with call.parts.db.connection() as conn:
        found, total = await store.page(
            conn,
            call.project_id,
            workflow_id=call.query("workflow_id"),
            type=call.query("type"),
            enabled=_enabled(call),
            offset=page.offset,
            limit=page.per_page,
        )
    return ok_list(request, [trigger_object(trigger) for trigger in found], page, total)


async def get_trigger(request: Request) -> Response:
    """`GET /triggers/{id}`. Ours: the vendor's public API has no such call."""
    call = call_of(request, "triggers:read")
    async with call.parts.db.connection() as conn:
        return ok(request, trigger_object(await _found(call, conn)))


async def execute_trigger(request: Request) -> Response:
    """`POST /triggers/{id}/execute`: fire by hand, whatever its type."""
    call = call_of(request, "triggers:read", "triggers:execute")
    body = await call.json_object()
    inputs = inputs_of(body)

    async def action(conn: Connection) -> Reply:
        trigger = await _found(call, conn)
        record = await fire(call.parts, conn, trigger, inputs)
        return ok_reply(request, fired_object(record, trigger), 202)

    return await write(call, body, action)


async def _found(call: Call, conn: Connection) -> Trigger:
    trigger_id = call.path_id()
    trigger = await store.find(conn, call.project_id, trigger_id)
    if trigger is None:
        raise not_found("Trigger", trigger_id)
    return trigger


def _enabled(call: Call) -> bool | None:
    given = call.query("enabled")
    if given is None:
        return None
    if given.lower() not in _FLAGS:
        message = "enabled must be true or false"
        raise invalid(message, [{"field": "enabled", "message": message}])
    return _FLAGS[given.lower()]


ROUTES = (
    ("GET", "/triggers", list_triggers),
    ("GET", "/triggers/{id}", get_trigger),
    ("POST", "/triggers/{id}/execute", execute_trigger),
)
