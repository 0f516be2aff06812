"""`kind: project`: a project's own rate limits."""

from __future__ import annotations

from typing import Annotated

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from quintet_server.definitions.kinds import Kind, Outcome
from quintet_server.store.database import Connection

_LIMITS = "UPDATE projects SET settings = %s WHERE id = %s AND settings <> %s"
_Count = Annotated[int, Field(ge=1)]


class ProjectLimits(BaseModel):
    """Limits of each of the project's keys; what is absent follows the server's settings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    requests_per_minute: _Count | None = None
    requests_per_day: _Count | None = None


async def apply_project(
    conn: Connection, project_id: str, _name: str, spec: ProjectLimits
) -> Outcome:
    """Set the limits of the project that the document is in."""
    wanted = Jsonb(spec.model_dump(exclude_none=True))
    changed = await conn.execute(_LIMITS, (wanted, project_id, wanted))
    return "updated" if changed.rowcount else "unchanged"


KINDS = (Kind("flowmaestro", "project", ProjectLimits, apply_project),)
