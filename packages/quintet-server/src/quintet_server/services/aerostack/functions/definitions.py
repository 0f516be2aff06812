"""`kind: service` of definition files."""

from __future__ import annotations

from pathlib import Path

from psycopg.types.json import Jsonb
from pydantic import Field

from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.services.aerostack.context import SERVICE
from quintet_server.services.aerostack.functions.targets import (
    TIMEOUT_MAX_SECONDS,
    TargetSpec,
    check_name,
    read_target,
)
from quintet_server.store.database import Connection

_STORED = "SELECT spec, enabled FROM aerostack_services WHERE project_id = %s AND name = %s"
_PUT = """
INSERT INTO aerostack_services (project_id, name, spec, enabled) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, name) DO UPDATE
SET spec = excluded.spec, enabled = excluded.enabled, updated_at = quintet_now()
"""


class ServiceSpec(TargetSpec):
    """A target and the seconds it may take; `enabled: false` rests it."""

    timeout: float = Field(default=30.0, gt=0, le=TIMEOUT_MAX_SECONDS)
    enabled: bool = True


def read_service(file: Path, spec: ServiceSpec, report: Report) -> ServiceSpec:
    """Look at its URL or its function."""
    read: ServiceSpec = read_target(file, spec, report)
    return read


async def apply_service(conn: Connection, project_id: str, name: str, spec: ServiceSpec) -> Outcome:
    """Create or update a service."""
    check_name(name)
    wanted = spec.model_dump(mode="json", by_alias=True, exclude={"enabled"})
    stored = await (await conn.execute(_STORED, (project_id, name))).fetchone()
    if stored == (wanted, spec.enabled):
        return "unchanged"
    await conn.execute(_PUT, (project_id, name, Jsonb(wanted), spec.enabled))
    return "created" if stored is None else "updated"


KINDS = (Kind(SERVICE, "service", ServiceSpec, apply_service, read=read_service),)
