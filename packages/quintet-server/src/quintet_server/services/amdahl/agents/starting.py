"""How a session begins, whoever asks for it: a request or a routine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from quintet_server.engines.runs.model import RunRecord
from quintet_server.services.amdahl.agents.profile_store import list_profiles
from quintet_server.services.amdahl.agents.program import KIND
from quintet_server.services.amdahl.agents.schemas import check_value
from quintet_server.services.amdahl.context import Amdahl
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.services.amdahl.wire import instant
from quintet_server.store.database import Connection

__all__ = ["TooManyRunning", "check_order", "start_session", "started_object"]

ID_PREFIX = "as"
_TASK_MAX_CHARS = 50_000

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('amdahl.agents ' || %s, 0))"
# Those that wait for an answer hold nothing.
_RUNNING = """
SELECT count(*) FROM runs
WHERE project_id = %s AND kind = %s AND state IN ('pending', 'running')
"""
_INSERT = "INSERT INTO amdahl_agent_sessions (id, project_id) VALUES (%s, %s)"


class TooManyRunning(Exception):
    """As many sessions of the business run as may; nothing was started."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} agent runs are under way; wait for one of them, or cancel it.")
        self.message = str(self)


async def check_order(
    conn: Connection,
    project_id: str,
    profile_id: str,
    task: str,
    input_params: Mapping[str, Any],
    *,
    names: tuple[str, str, str] = ("profile_id", "task", "input_params"),
) -> dict[str, Any]:
    """Return the profile, as a session keeps it, after a look at what it is to be started with.

    Args:
        names: What the request calls the three.

    Raises:
        ApiError: 400 there is no such profile, no task, or a parameter its schema does not allow.
    """
    profiles = await list_profiles(conn, project_id)
    if profile_id not in profiles:
        known = sorted(profiles)
        shown = f"{names[0]}: {profile_id[:100]!r} is no profile; there are {', '.join(known)}"
        raise invalid_argument(shown, names[0], allowed=known)
    if not task.strip():
        raise invalid_argument(f"{names[1]}: must not be empty", names[1])
    if len(task) > _TASK_MAX_CHARS:
        message = f"{names[1]}: must have at most {_TASK_MAX_CHARS} characters"
        raise invalid_argument(message, names[1])
    profile = profiles[profile_id].profile
    check_value(dict(input_params), profile.input_params_schema, names[2])
    return asdict(profile)


async def start_session(
    parts: Amdahl,
    conn: Connection,
    project_id: str,
    profile: Mapping[str, Any],
    task: str,
    input_params: Mapping[str, Any],
    *,
    started_by: str,
    session_id: str | None = None,
) -> RunRecord:
    """Create a session in the caller's transaction; it runs once that is committed.

    Raises:
        TooManyRunning.
    """
    most = parts.settings.agent_runs_max_count
    await conn.execute(_TURN, (project_id,))
    row = await (await conn.execute(_RUNNING, (project_id, KIND))).fetchone()
    if row is not None and row[0] >= most:
        raise TooManyRunning(most)
    record = await parts.runs.create(
        conn,
        kind=KIND,
        project_id=project_id,
        subject=profile["id"],
        input={"task": task, "input_params": input_params},
        attributes={"profile": profile, "started_by": started_by},
        id=session_id,
        id_prefix=ID_PREFIX,
    )
    await conn.execute(_INSERT, (record.id, project_id))
    return record


def started_object(record: RunRecord) -> dict[str, Any]:
    """The answer to a start that nobody waited for, or not long enough."""
    return {
        "success": True,
        "session_id": record.id,
        "status": "queued",
        "profile_id": record.subject,
        "created_at": instant(record.created_at),
        "async": True,
    }
