"""Routines in the database; when one is due is kept by its schedule in the work engine."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quintet_server.engines.runs.values import encode
from quintet_server.engines.work.cron import CronError
from quintet_server.engines.work.schedules import (
    InvalidSchedule,
    ScheduleNotFound,
    Schedules,
    ScheduleSpec,
)
from quintet_server.services.amdahl.errors import invalid_argument, not_found
from quintet_server.services.amdahl.wire import instant
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id

__all__ = ["COLUMNS", "FROM", "LANE", "Routine", "create", "delete", "find", "ran", "save"]

LANE = "amdahl.routines"
ID_PREFIX = "rtn"

COLUMNS = (
    "r.project_id, r.id, r.name, r.prompt, r.cron, r.timezone, r.agent, r.config, r.enabled, "
    "r.last_session_id, r.last_run_at, r.last_error, r.created_by, r.created_at, r.updated_at, "
    "s.next_run_at"
)
FROM = f"""
FROM amdahl_routines r LEFT JOIN work_schedules s
    ON s.lane = '{LANE}' AND s.id = r.project_id || '/' || r.id
"""
_FIND = f"SELECT {COLUMNS} {FROM} WHERE r.project_id = %s AND r.id = %s"
_LOCK = f"{_FIND} FOR UPDATE OF r"
_INSERT = """
INSERT INTO amdahl_routines
    (project_id, id, name, prompt, cron, timezone, agent, config, enabled, created_by)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_UPDATE = """
UPDATE amdahl_routines SET name = %s, prompt = %s, cron = %s, timezone = %s, agent = %s,
    config = %s, enabled = %s, updated_at = quintet_now()
WHERE project_id = %s AND id = %s
"""
_RAN = """
UPDATE amdahl_routines SET last_run_at = quintet_now(), last_error = %s,
    last_session_id = coalesce(%s, last_session_id)
WHERE project_id = %s AND id = %s
"""
_DELETE = "DELETE FROM amdahl_routines WHERE project_id = %s AND id = %s RETURNING 1"


@dataclass(frozen=True, slots=True)
class Routine:
    """A routine.

    Attributes:
        agent: the profile of its sessions.
        config: their `input_params`.
        last_error: why its last run could not be started.
        next_run_at: None while it is disabled.
    """

    project_id: str
    id: str
    name: str
    prompt: str
    cron: str
    timezone: str
    agent: str
    config: dict[str, Any]
    enabled: bool
    last_session_id: str | None
    last_run_at: datetime | None
    last_error: str | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime | None

    @property
    def schedule_id(self) -> str:
        """Of its schedule."""
        return f"{self.project_id}/{self.id}"

    def wire(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "business_id": self.project_id,
            "name": self.name,
            "prompt": self.prompt,
            "cron": self.cron,
            "timezone": self.timezone,
            "agent": self.agent,
            "config": self.config,
            "enabled": self.enabled,
            "next_run_at": instant(self.next_run_at),
            "last_run_at": instant(self.last_run_at),
            "last_session_id": self.last_session_id,
            "last_error": self.last_error,
            "created_by": self.created_by,
            "created_at": instant(self.created_at),
            "updated_at": instant(self.updated_at),
        }


async def find(conn: Connection, project_id: str, id: str, *, lock: bool = False) -> Routine:
    """The routine. Raises 404."""
    row = await (await conn.execute(_LOCK if lock else _FIND, (project_id, id))).fetchone()
    if row is None:
        raise not_found("Routine", id)
    return Routine(*row)


async def create(
    conn: Connection,
    schedules: Schedules,
    project_id: str,
    values: dict[str, Any],
    created_by: str,
) -> Routine:
    """Create a routine and its schedule. `values`: what :func:`save` takes. Raises 400."""
    routine_id = new_id(ID_PREFIX)
    columns = (project_id, routine_id, *_columns(values))
    await conn.execute(_INSERT, (*columns, created_by))
    return await _scheduled(conn, schedules, await find(conn, project_id, routine_id))


async def save(
    conn: Connection, schedules: Schedules, routine: Routine, values: dict[str, Any]
) -> Routine:
    """Write the fields a caller may choose, and keep the schedule in step. Raises 400."""
    await conn.execute(_UPDATE, (*_columns(values), routine.project_id, routine.id))
    return await _scheduled(conn, schedules, await find(conn, routine.project_id, routine.id))


def _columns(values: dict[str, Any]) -> tuple[Any, ...]:
    names = ("name", "prompt", "cron", "timezone", "agent")
    config = encode(values["config"]).decode()
    return (*(values[name] for name in names), config, values["enabled"])


async def _scheduled(conn: Connection, schedules: Schedules, routine: Routine) -> Routine:
    spec = ScheduleSpec(
        id=routine.schedule_id,
        job_type=routine.schedule_id,
        cron_expression=routine.cron,
        timezone=routine.timezone,
        payload=encode({"routine_id": routine.id}).decode(),
        enabled=routine.enabled,
    )
    try:
        await schedules.put(conn, LANE, routine.project_id, spec)
    except InvalidSchedule as wrong:
        field = "cron" if isinstance(wrong.cause, CronError) else "timezone"
        raise invalid_argument(f"{field}: {wrong}", field) from None
    return await find(conn, routine.project_id, routine.id)


async def delete(conn: Connection, schedules: Schedules, project_id: str, id: str) -> None:
    """Delete a routine and its schedule; the sessions it started stay. Raises 404."""
    row = await (await conn.execute(_DELETE, (project_id, id))).fetchone()
    if row is None:
        raise not_found("Routine", id)
    with contextlib.suppress(ScheduleNotFound):
        await schedules.delete(conn, LANE, f"{project_id}/{id}")


async def ran(
    conn: Connection, routine: Routine, session_id: str | None, error: str | None = None
) -> None:
    """Remember what a run of the routine came to."""
    await conn.execute(_RAN, (error, session_id, routine.project_id, routine.id))
