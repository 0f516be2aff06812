"""`/executions`: look, cancel, answer a review, follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.runs.model import (
    RunNotCancellable,
    RunNotFound,
    RunNotPaused,
    RunRecord,
    RunState,
)
from quintet_server.services.flowmaestro.context import Call, call_of, write
from quintet_server.services.flowmaestro.errors import invalid, not_found
from quintet_server.services.flowmaestro.executions import events
from quintet_server.services.flowmaestro.executions.program import KIND
from quintet_server.services.flowmaestro.executions.streams import (
    execution_events,
    find_execution,
)
from quintet_server.services.flowmaestro.executions.waiting import check_answer
from quintet_server.services.flowmaestro.executions.wire import (
    cancelled_object,
    execution_object,
)
from quintet_server.services.flowmaestro.nodes.model import NodeError
from quintet_server.services.flowmaestro.wire import ok, ok_list, ok_reply
from quintet_server.services.flowmaestro.workflow_store import load_version
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply


async def list_executions(request: Request) -> Response:
    """`GET /executions`: newest first; `workflow_id` and `status` filter."""
    call = call_of(request, "executions:read")
    status, page = call.query("status"), call.page
    if status is not None and status not in set(RunState):
        known = ", ".join(RunState)
        raise invalid(
            f"Unknown status '{status}'. Valid statuses: {known}",
            [{"field": "status", "message": f"must be one of {known}"}],
        )
    records, total = await call.parts.runs.list(
        call.project_id,
        KIND,
        subject=call.query("workflow_id"),
        state=status,
        offset=page.offset,
        limit=page.per_page,
    )
    return ok_list(request, [execution_object(record) for record in records], page, total)


async def get_execution(request: Request) -> Response:
    """`GET /executions/{id}`."""
    call = call_of(request, "executions:read")
    return ok(request, execution_object(await find_execution(call)))


async def cancel_execution(request: Request) -> Response:
    """`POST /executions/{id}/cancel`: at once, whatever it is doing."""
    call = call_of(request, "executions:read", "executions:cancel")
    await find_execution(call)
    execution_id = call.path_id()
    try:
        async with call.parts.db.transaction() as conn:
            record = await call.parts.runs.cancel(conn, call.project_id, execution_id)
    except RunNotFound:
        raise not_found("Execution", execution_id) from None
    except RunNotCancellable as error:
        message = f"Execution cannot be cancelled. Current status: {error.state}"
        raise invalid(message) from None
    return ok(request, cancelled_object(record))


async def resume_execution(request: Request) -> Response:
    """`POST /executions/{id}/resume`: the answer to the review it is paused for.

    Ours: the vendor's public API has no such call. The body is `{"input": answer}`.
    """
    call = call_of(request, "executions:read", "workflows:execute")
    body = await call.json_object()
    record = await find_execution(call)
    if "input" not in body:
        raise invalid("input is required", [{"field": "input", "message": "input is required"}])
    if record.state is RunState.PAUSED:
        await _check_answer(call, record, body["input"])

    async def action(conn: Connection) -> Reply:
        return ok_reply(request, execution_object(await _resume(call, conn, record, body)))

    return await write(call, body, action)


async def _resume(
    call: Call, conn: Connection, record: RunRecord, body: Mapping[str, Any]
) -> RunRecord:
    note = events.resumed(record)
    try:
        return await call.parts.runs.resume(conn, call.project_id, record.id, body["input"], note)
    except RunNotPaused as error:
        message = f"Execution is not paused. Current status: {error.state}"
        raise invalid(message) from None


async def _check_answer(call: Call, record: RunRecord, answer: Any) -> None:
    context, attributes = record.pause or {}, record.attributes
    compiled = await load_version(
        call.parts.db,
        record.project_id,
        record.subject,
        version=attributes["version"],
        digest=attributes["digest"],
    )
    node_id = context["node_id"]
    node, config = compiled.definition.nodes[node_id], compiled.config(node_id)
    try:
        check_answer(node, config, context, answer)
    except NodeError as error:
        field = context.get("variable_name") or "input"
        raise invalid(error.message, [{"field": field, "message": error.message}]) from None


ROUTES = (
    ("GET", "/executions", list_executions),
    ("GET", "/executions/{id}", get_execution),
    ("POST", "/executions/{id}/cancel", cancel_execution),
    ("POST", "/executions/{id}/resume", resume_execution),
    ("GET", "/executions/{id}/events", execution_events),
)
