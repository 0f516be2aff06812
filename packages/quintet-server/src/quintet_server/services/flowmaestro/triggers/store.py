"""Triggers as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from quintet_server.services.flowmaestro.triggers.config import CONFIGS, TriggerConfig
from quintet_server.services.flowmaestro.wire import instant
from quintet_server.store.database import Connection

_COLUMNS: LiteralString = """
t.project_id, t.id, t.workflow_id, w.name, t.name, t.type, t.config, t.enabled, t.trigger_count,
t.last_triggered_at, s.next_run_at, t.created_at, t.updated_at
"""
_FROM: LiteralString = """
FROM flowmaestro_triggers t
JOIN flowmaestro_workflows w ON w.project_id = t.project_id AND w.id = t.workflow_id
LEFT JOIN work_schedules s
    ON s.lane = 'flowmaestro.triggers' AND s.id = t.project_id || '/' || t.id
"""
_FIND = f"SELECT {_COLUMNS} {_FROM} WHERE t.project_id = %s AND t.id = %s"
_FIND_WEBHOOK = f"""
SELECT {_COLUMNS} {_FROM} JOIN projects p ON p.id = t.project_id
WHERE p.service = 'flowmaestro' AND p.name = %s AND t.id = %s AND t.type = 'webhook'
"""
_MATCHES: LiteralString = """
WHERE t.project_id = %(project_id)s
  AND (%(workflow_id)s::text IS NULL OR t.workflow_id = %(workflow_id)s)
  AND (%(type)s::text IS NULL OR t.type = %(type)s)
  AND (%(enabled)s::boolean IS NULL OR t.enabled = %(enabled)s)
"""
_COUNT = f"SELECT count(*) FROM flowmaestro_triggers t {_MATCHES}"
_LIST = f"""
SELECT {_COLUMNS} {_FROM} {_MATCHES}
ORDER BY t.created_at DESC, t.id DESC LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, with the name of its workflow and its next tick."""

    project_id: str
    id: str
    workflow_id: str
    workflow_name: str
    name: str
    type: str
    raw_config: dict[str, Any]
    enabled: bool
    trigger_count: int
    last_triggered_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def config(self) -> TriggerConfig:
        """The configuration of its type."""
        return CONFIGS[self.type].model_validate(self.raw_config)


async def find(conn: Connection, project_id: str, trigger_id: str) -> Trigger | None:
    """The trigger of this id."""
    row = await (await conn.execute(_FIND, (project_id, trigger_id))).fetchone()
    return None if row is None else Trigger(*row)


async def find_webhook(conn: Connection, project: str, trigger_id: str) -> Trigger | None:
    """The webhook trigger of this id in the project of this name."""
    row = await (await conn.execute(_FIND_WEBHOOK, (project, trigger_id))).fetchone()
    return None if row is None else Trigger(*row)


async def page(
    conn: Connection,
    project_id: str,
    *,
    workflow_id: str | None,
    type: str | None,
    enabled: bool | None,
    offset: int,
    limit: int,
) -> tuple[Sequence[Trigger], int]:
    """Some triggers, newest first, and how many there are in all."""
    values = {
        "project_id": project_id,
        "workflow_id": workflow_id,
        "type": type,
        "enabled": enabled,
        "offset": offset,
        "limit": limit,
    }
    (total,) = await (await conn.execute(_COUNT, values)).fetchone() or (0,)
    rows = await (await conn.execute(_LIST, values)).fetchall()
    return [Trigger(*row) for row in rows], total


def trigger_object(trigger: Trigger) -> dict[str, Any]:
    """A trigger as the API shows it; the sources disagree on what its type is called."""
    return {
        "id": trigger.id,
        "workflow_id": trigger.workflow_id,
        "workflow_name": trigger.workflow_name,
        "name": trigger.name,
        "type": trigger.type,
        "trigger_type": trigger.type,
        "enabled": trigger.enabled,
        "last_triggered_at": instant(trigger.last_triggered_at),
        "next_run_at": instant(trigger.next_run_at),
        "trigger_count": trigger.trigger_count,
        "created_at": instant(trigger.created_at),
        "updated_at": instant(trigger.updated_at),
    }
