"""How an execution begins, whoever asks for it: a request, a trigger, an agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.engines.runs.model import RunRecord
from quintet_server.http.errors import ApiError
from quintet_server.services.flowmaestro import workflow_store
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.errors import invalid, not_found
from quintet_server.services.flowmaestro.executions.program import KIND
from quintet_server.services.flowmaestro.references import WORKFLOW, reference
from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition
from quintet_server.services.flowmaestro.workflow.inputs import missing_inputs
from quintet_server.store.database import Connection

ID_PREFIX = "exec"


@dataclass(frozen=True, slots=True)
class Cause:
    """The trigger that fired."""

    trigger_id: str
    trigger_type: str


async def start_execution(
    parts: FlowMaestro,
    conn: Connection,
    project_id: str,
    workflow: str,
    inputs: Mapping[str, Any],
    *,
    cause: Cause | None = None,
    execution_id: str | None = None,
) -> RunRecord:
    """Create an execution in the caller's transaction; it runs once that is committed.

    `workflow` is an id or a name. The execution keeps the version that is current now.
    `execution_id`: for a caller that must find again what it has started; otherwise a new one.

    Raises:
        ApiError: 404 there is no such workflow; 400 its definition is not valid, or required
            inputs are missing.
    """
    found = await workflow_store.find(conn, project_id, reference(WORKFLOW, workflow))
    if found is None:
        raise not_found("Workflow", workflow)
    try:
        compiled = await workflow_store.compiled(conn, project_id, found)
    except InvalidDefinition as error:
        raise invalid_definition(error) from error
    if missing := missing_inputs(compiled.definition, inputs):
        names = ", ".join(one["field"].removeprefix("inputs.") for one in missing)
        raise invalid(f"Missing required inputs: {names}", missing)
    attributes = {
        "workflow_name": found.name,
        "version": found.version,
        "digest": found.digest,
        "total_nodes": compiled.total_nodes,
    }
    if cause is not None:
        attributes |= {"trigger_id": cause.trigger_id, "trigger_type": cause.trigger_type}
    return await parts.runs.create(
        conn,
        kind=KIND,
        project_id=project_id,
        subject=found.id,
        input=inputs,
        attributes=attributes,
        id=execution_id,
        id_prefix=ID_PREFIX,
    )


def invalid_definition(error: InvalidDefinition) -> ApiError:
    """400 with everything that is wrong with a stored definition."""
    wrong = [problem for problem in error.problems if problem.severity == "error"]
    message = "Workflow validation failed: " + ", ".join(problem.message for problem in wrong)
    return invalid(message, [{"field": one.path, "message": one.message} for one in wrong])


def started_object(record: RunRecord) -> dict[str, Any]:
    """What the answer to a start says."""
    return {
        "execution_id": record.id,
        "workflow_id": record.subject,
        "status": "pending",
        "inputs": record.input,
    }


def inputs_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs in a request's body; none is `{}`. Raises 400 for anything but an object."""
    inputs = body.get("inputs")
    if inputs is None:
        return {}
    if not isinstance(inputs, dict):
        message = "inputs must be an object"
        raise invalid(message, [{"field": "inputs", "message": message}])
    return inputs
