"""What `quintet apply` can define here: profiles of a project's own.

A profile is one of the four kinds of work under a name of its own; what it leaves out it has from
the built-in profile of its kind.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from psycopg.types.json import Json
from pydantic import BaseModel, ConfigDict, Field

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.services.amdahl.agents.model import Kind as Work, Profile
from quintet_server.services.amdahl.agents.profiles import BUILT_IN
from quintet_server.services.amdahl.agents.schemas import check_params_schema
from quintet_server.store.database import Connection

__all__ = ["KINDS", "ProfileSpec", "profile_of"]

_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")

_UPSERT = """
INSERT INTO amdahl_agent_profiles AS p (project_id, id, spec) VALUES (%s, %s, %s)
ON CONFLICT (project_id, id) DO UPDATE SET spec = excluded.spec, updated_at = quintet_now()
WHERE p.spec::jsonb IS DISTINCT FROM excluded.spec::jsonb
RETURNING xmax = 0
"""


class ProfileSpec(BaseModel):
    """A profile; what is left out is as in the built-in profile of its `kind`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Work
    """Which of the four works carries it out."""
    name: str | None = Field(default=None, min_length=1, max_length=200)
    """Shown to people; default: the document's name."""
    description: str | None = Field(default=None, max_length=2_000)
    instructions: str = Field(default="", max_length=20_000)
    max_turns: int | None = Field(default=None, ge=1, le=500)
    temperature: float | None = Field(default=None, ge=0, le=2)
    artifact_type: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,63}$")
    input_params_schema: dict[str, Any] | None = None
    """JSON Schema of an object."""


def profile_of(id: str, spec: ProfileSpec) -> Profile:
    """The profile that a definition describes."""
    model = BUILT_IN[spec.kind]
    schema = spec.input_params_schema
    return Profile(
        id=id,
        name=spec.name or id,
        description=model.description if spec.description is None else spec.description,
        kind=spec.kind,
        max_turns=spec.max_turns or model.max_turns,
        temperature=model.temperature if spec.temperature is None else spec.temperature,
        artifact_type=spec.artifact_type or model.artifact_type,
        input_params_schema=model.input_params_schema if schema is None else schema,
        instructions=spec.instructions,
        pauses=model.pauses,
    )


def read_profile(_file: Path, spec: ProfileSpec, report: Report) -> ProfileSpec:
    """Look at what the model cannot check: the schema of the parameters."""
    if spec.input_params_schema is not None:
        wrong = check_params_schema(spec.input_params_schema)
        if wrong is not None:
            message, at = wrong
            report(message, "input_params_schema", *at)
    return spec


async def apply_profile(conn: Connection, project_id: str, name: str, spec: ProfileSpec) -> Outcome:
    """Create or update a profile; sessions that were started with it keep what they have."""
    if not _ID.match(name):
        raise DefinitionError(
            f"the name {name!r} cannot be the id of a profile: lower-case letters, digits, _ and "
            "-, a letter first, 64 at most"
        )
    if name in BUILT_IN:
        raise DefinitionError(
            f"{name!r} is a built-in profile; give yours another name "
            f"(built in: {', '.join(BUILT_IN)})"
        )
    values = (project_id, name, Json(spec.model_dump(exclude_none=True)))
    row = await (await conn.execute(_UPSERT, values)).fetchone()
    if row is None:
        return "unchanged"
    return "created" if row[0] else "updated"


KINDS: tuple[Kind, ...] = (
    Kind("amdahl", "profile", ProfileSpec, apply_profile, read=read_profile),
)
