"""The `workflow` tool: an execution is started, and its outputs are the result.

The execution is one like any other: it has events, is listed, and goes on if nobody waits for it
any more. It is started once per call: its id follows from the call's name, so an answer that goes
on in another process finds what the first one started, and waits for that.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from quintet_server.engines.runs.model import RunNotFound, RunRecord, RunState
from quintet_server.http.errors import ApiError
from quintet_server.services.flowmaestro import workflow_store
from quintet_server.services.flowmaestro.agents.definitions import WorkflowTool
from quintet_server.services.flowmaestro.agents.tool_results import ToolFailed, ToolResult
from quintet_server.services.flowmaestro.executions.starting import ID_PREFIX, start_execution
from quintet_server.services.flowmaestro.references import WORKFLOW, reference
from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition
from quintet_server.services.flowmaestro.workflow.inputs import input_schema
from quintet_server.store.ids import encode_ulid

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["execution_id_of", "input_parameters", "run_workflow"]

_ULID_TIME_CHARS = 10


async def run_workflow(
    parts: FlowMaestro,
    project_id: str,
    tool: WorkflowTool,
    arguments: Mapping[str, Any],
    *,
    call: str,
) -> ToolResult:
    """Start a workflow with `arguments` as inputs and return its outputs.

    `call` names the call in all of the project: `<message id>/<step>`. Raises :class:`ToolFailed`
    when there is no such workflow, the inputs do not fit, or it does not complete within the
    tool's time; the execution then goes on.
    """
    record = await _started(parts, project_id, tool, arguments, execution_id_of(call))
    try:
        async with asyncio.timeout(tool.timeout_seconds):
            await _end_of(parts, record)
    except TimeoutError:
        raise ToolFailed(
            f"execution {record.id} has not completed within {tool.timeout_seconds:g} s"
        ) from None
    record = await parts.runs.get(project_id, record.id)
    if record.state is RunState.COMPLETED:
        return ToolResult({"execution_id": record.id, "outputs": record.output})
    message = (record.error or {}).get("message") or f"it is {record.state}"
    raise ToolFailed(f"execution {record.id} did not complete: {message}")


async def input_parameters(
    parts: FlowMaestro, project_id: str, tool: WorkflowTool
) -> dict[str, Any]:
    """The workflow's inputs as a JSON Schema; anything at all if there is no valid workflow.

    Using the tool then says what is wrong.
    """
    async with parts.db.connection() as conn:
        found = await workflow_store.find(conn, project_id, reference(WORKFLOW, tool.workflow))
        if found is not None:
            try:
                return input_schema(
                    (await workflow_store.compiled(conn, project_id, found)).definition
                )
            except InvalidDefinition:
                pass
    return {"type": "object", "properties": {}}


def execution_id_of(call: str) -> str:
    """The id of the execution that a call starts: of the message's time, and always the same."""
    time = call.partition("/")[0].rpartition("_")[2][:_ULID_TIME_CHARS]
    digest = hashlib.sha256(call.encode()).digest()
    return f"{ID_PREFIX}_{time}{encode_ulid(int.from_bytes(digest[:16], 'big'))[_ULID_TIME_CHARS:]}"


async def _started(
    parts: FlowMaestro,
    project_id: str,
    tool: WorkflowTool,
    arguments: Mapping[str, Any],
    execution_id: str,
) -> RunRecord:
    try:
        return await parts.runs.get(project_id, execution_id)
    except RunNotFound:
        pass
    try:
        async with parts.db.transaction() as conn:
            return await start_execution(
                parts, conn, project_id, tool.workflow, arguments, execution_id=execution_id
            )
    except ApiError as refusal:  # unknown workflow, inputs that do not fit
        raise ToolFailed(refusal.message) from refusal


async def _end_of(parts: FlowMaestro, record: RunRecord) -> None:
    """Wait for the event that ends an execution; a paused one is waited for, too."""
    async with aclosing(parts.follower.follow(record.id)) as events:  # type: ignore[type-var]
        async for event in events:
            if event is not None and event.terminal:
                return
    # The process is stopping: this answer is about to be handed to another one.
    await asyncio.Event().wait()
