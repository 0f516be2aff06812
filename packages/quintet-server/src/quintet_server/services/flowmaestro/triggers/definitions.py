"""`kind: trigger` of definition files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import orjson
from psycopg.types.json import Jsonb
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import ScheduleNotFound, Schedules, ScheduleSpec
from quintet_server.services.flowmaestro import workflow_store
from quintet_server.services.flowmaestro.references import (
    TRIGGER,
    WORKFLOW,
    id_of_name,
    reference,
)
from quintet_server.services.flowmaestro.triggers.config import CONFIGS, TYPES, ScheduleConfig
from quintet_server.services.flowmaestro.triggers.jobs import LANE
from quintet_server.store.database import Connection

_STORED = """
SELECT workflow_id, name, type, config, enabled FROM flowmaestro_triggers
WHERE project_id = %s AND id = %s FOR UPDATE
"""
_PUT = """
INSERT INTO flowmaestro_triggers (project_id, id, workflow_id, name, type, config, enabled)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (project_id, id) DO UPDATE SET workflow_id = excluded.workflow_id,
    name = excluded.name, type = excluded.type, config = excluded.config,
    enabled = excluded.enabled, updated_at = quintet_now()
"""


class TriggerSpec(BaseModel):
    """`workflow` is the id or name of what it starts; `config` depends on `type`."""

    model_config = ConfigDict(extra="allow")

    workflow: str = Field(validation_alias=AliasChoices("workflow", "workflowId", "workflow_id"))
    type: str = Field(validation_alias=AliasChoices("type", "triggerType", "trigger_type"))
    name: str | None = Field(default=None, min_length=1, max_length=200)
    enabled: bool = True
    config: dict[str, Any] = Field(default_factory=dict)


def read_trigger(_file: Path, spec: TriggerSpec, report: Report) -> TriggerSpec:
    """Report unknown fields, and what its type does not allow."""
    for unknown in spec.model_extra or ():
        known = "workflow, type, name, enabled, config"
        report(f"there is no such field (known: {known})", unknown)
    model = CONFIGS.get(spec.type)
    if model is None:
        hint = " (for a provider's events use a webhook trigger)" if spec.type == "provider" else ""
        report(f"must be one of {', '.join(TYPES)}{hint}", "type")
        return spec
    try:
        config = model.model_validate(spec.config)
    except ValidationError as error:
        for problem in error.errors():
            report(problem["msg"].removeprefix("Value error, "), "config", *problem["loc"])
        return spec
    kept = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return spec.model_copy(update={"config": kept})


async def apply_trigger(conn: Connection, project_id: str, name: str, spec: TriggerSpec) -> Outcome:
    """Create or update a trigger; its counts stay."""
    trigger_id = id_of_name(TRIGGER, name)
    workflow_id = reference(WORKFLOW, spec.workflow)
    if await workflow_store.find(conn, project_id, workflow_id) is None:
        raise DefinitionError(f"there is no workflow {workflow_id!r} in this project", "workflow")
    wanted = (workflow_id, spec.name or name, spec.type, spec.config, spec.enabled)
    stored = await (await conn.execute(_STORED, (project_id, trigger_id))).fetchone()
    if stored == wanted:
        return "unchanged"
    values = (project_id, trigger_id, *wanted[:3], Jsonb(spec.config), spec.enabled)
    await conn.execute(_PUT, values)
    await _schedule(conn, project_id, trigger_id, spec)
    return "created" if stored is None else "updated"


async def _schedule(conn: Connection, project_id: str, trigger_id: str, spec: TriggerSpec) -> None:
    """Keep the work engine's schedule in step; no other type has one."""
    # Definitions are written on the connection they are given; the queue is for requests.
    schedules = Schedules(cast("Queue", None))
    schedule_id = f"{project_id}/{trigger_id}"
    if spec.type != "schedule":
        try:
            await schedules.delete(conn, LANE, schedule_id)
        except ScheduleNotFound:
            return
        return
    config = ScheduleConfig.model_validate(spec.config)
    wanted = ScheduleSpec(
        id=schedule_id,
        job_type=schedule_id,
        cron_expression=config.cron_expression,
        timezone=config.timezone,
        payload=orjson.dumps({"trigger_id": trigger_id}).decode(),
        enabled=spec.enabled,
        max_attempts=5,
        timeout_seconds=60,
    )
    await schedules.put(conn, LANE, project_id, wanted)


KINDS = (Kind("flowmaestro", "trigger", TriggerSpec, apply_trigger, read=read_trigger, order=1),)
