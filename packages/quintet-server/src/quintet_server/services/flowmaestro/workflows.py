"""`/workflows`: list, look, execute; and what `quintet apply` can define."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.services.flowmaestro import workflow_store
from quintet_server.services.flowmaestro.context import call_of, write
from quintet_server.services.flowmaestro.errors import not_found
from quintet_server.services.flowmaestro.executions.starting import (
    inputs_of,
    invalid_definition,
    start_execution,
    started_object,
)
from quintet_server.services.flowmaestro.wire import instant, ok, ok_list, ok_reply
from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition
from quintet_server.services.flowmaestro.workflow.inputs import input_fields, input_schema
from quintet_server.services.flowmaestro.workflow_definitions import KINDS
from quintet_server.services.flowmaestro.workflow_store import Workflow
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply


async def list_workflows(request: Request) -> Response:
    """`GET /workflows`: newest first."""
    call = call_of(request, "workflows:read")
    page = call.page
    async with call.parts.db.connection() as conn:
        found, total = await workflow_store.page(conn, call.project_id, page.offset, page.per_page)
    return ok_list(request, [workflow_object(workflow) for workflow in found], page, total)


async def get_workflow(request: Request) -> Response:
    """`GET /workflows/{id}`: with what it wants to be given, in two forms."""
    call = call_of(request, "workflows:read")
    workflow_id = call.path_id()
    async with call.parts.db.connection() as conn:
        found = await workflow_store.find(conn, call.project_id, workflow_id)
        if found is None:
            raise not_found("Workflow", workflow_id)
        try:
            compiled = await workflow_store.compiled(conn, call.project_id, found)
        except InvalidDefinition as error:
            raise invalid_definition(error) from error
    definition = compiled.definition
    shown = {
        **workflow_object(found),
        "input_schema": input_schema(definition),
        "inputs": input_fields(definition),
    }
    return ok(request, shown)


async def execute_workflow(request: Request) -> Response:
    """`POST /workflows/{id}/execute`."""
    call = call_of(request, "workflows:read", "workflows:execute")
    body = await call.json_object()
    inputs = inputs_of(body)

    async def action(conn: Connection) -> Reply:
        record = await start_execution(call.parts, conn, call.project_id, call.path_id(), inputs)
        return ok_reply(request, started_object(record), 202)

    return await write(call, body, action)


def workflow_object(workflow: Workflow) -> dict[str, Any]:
    """A workflow as lists show it; every stored one is active."""
    return {
        "id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "status": "active",
        "created_at": instant(workflow.created_at),
        "updated_at": instant(workflow.updated_at),
    }


ROUTES = (
    ("GET", "/workflows", list_workflows),
    ("GET", "/workflows/{id}", get_workflow),
    ("POST", "/workflows/{id}/execute", execute_workflow),
)

__all__ = ["KINDS", "ROUTES", "workflow_object"]
