"""What happens when a trigger fires: an execution, a count, and a record of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from quintet_server.engines.runs.model import RunRecord
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.errors import invalid
from quintet_server.services.flowmaestro.executions.starting import (
    Cause,
    start_execution,
    started_object,
)
from quintet_server.services.flowmaestro.triggers.config import ManualConfig, schema_problems
from quintet_server.services.flowmaestro.triggers.store import Trigger
from quintet_server.store.database import Connection

_COUNT = """
UPDATE flowmaestro_triggers SET trigger_count = trigger_count + 1,
    last_triggered_at = quintet_now()
WHERE project_id = %s AND id = %s
"""
_CLAIM = """
INSERT INTO flowmaestro_trigger_executions (project_id, trigger_id, firing, payload)
VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_CAME_TO = """
UPDATE flowmaestro_trigger_executions SET execution_id = %s, error = %s
WHERE project_id = %s AND trigger_id = %s AND firing = %s
"""
_RECORD = """
INSERT INTO flowmaestro_trigger_executions (project_id, trigger_id, firing, execution_id, payload)
VALUES (%s, %s, %s, %s, %s)
"""


async def fire(
    parts: FlowMaestro, conn: Connection, trigger: Trigger, given: Mapping[str, Any]
) -> RunRecord:
    """Fire on request, in the caller's transaction.

    Raises:
        ApiError: 400 the trigger is not enabled, the inputs are not what it or the workflow wants,
            or the workflow's definition is not valid.
    """
    if not trigger.enabled:
        raise invalid("Trigger is not enabled")
    _check(trigger, given)
    record = await _start(parts, conn, trigger, given)
    key = (trigger.project_id, trigger.id, record.id)
    await conn.execute(_RECORD, (*key, record.id, Jsonb(dict(given))))
    return record


async def claim(conn: Connection, trigger: Trigger, firing: str, given: Mapping[str, Any]) -> bool:
    """Note that this firing is being dealt with; False if it was before."""
    values = (trigger.project_id, trigger.id, firing, Jsonb(dict(given)))
    return (await conn.execute(_CLAIM, values)).rowcount > 0


async def fire_claimed(
    parts: FlowMaestro, conn: Connection, trigger: Trigger, firing: str, given: Mapping[str, Any]
) -> None:
    """Fire for a firing that was claimed in this transaction. Raises ApiError."""
    record = await _start(parts, conn, trigger, given)
    await came_to(conn, trigger, firing, record.id, None)


async def came_to(
    conn: Connection, trigger: Trigger, firing: str, execution_id: str | None, error: str | None
) -> None:
    """Write down what a firing came to."""
    await conn.execute(_CAME_TO, (execution_id, error, trigger.project_id, trigger.id, firing))


async def _start(
    parts: FlowMaestro, conn: Connection, trigger: Trigger, given: Mapping[str, Any]
) -> RunRecord:
    record = await start_execution(
        parts,
        conn,
        trigger.project_id,
        trigger.workflow_id,
        {**trigger.config.inputs, **given},
        cause=Cause(trigger.id, trigger.type),
    )
    await conn.execute(_COUNT, (trigger.project_id, trigger.id))
    return record


def _check(trigger: Trigger, given: Mapping[str, Any]) -> None:
    config = trigger.config
    if not isinstance(config, ManualConfig):
        return
    if config.require_inputs and not given:
        message = "inputs are required by this trigger"
        raise invalid(message, [{"field": "inputs", "message": message}])
    if config.input_schema is not None:
        problems = schema_problems(config.input_schema, {**config.inputs, **given})
        if problems:
            raise invalid(", ".join(problem["message"] for problem in problems), problems)


def fired_object(record: RunRecord, trigger: Trigger) -> dict[str, Any]:
    """What the answer to a firing says."""
    return {**started_object(record), "trigger_id": trigger.id}
