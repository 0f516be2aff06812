"""`kind: consumer` of definition files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from psycopg.types.json import Jsonb
from pydantic import Field, StringConstraints, field_validator, model_validator

from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.services.aerostack.context import SERVICE
from quintet_server.services.aerostack.functions.targets import (
    TIMEOUT_MAX_SECONDS,
    Spec,
    TargetSpec,
    check_name,
    read_target,
)
from quintet_server.services.aerostack.queue.shapes import check_type
from quintet_server.store.database import Connection

RETRIES_MAX_COUNT = 1_000
CONCURRENCY_MAX_COUNT = 256

_STORED = "SELECT spec, enabled FROM aerostack_consumers WHERE project_id = %s AND name = %s"
_PUT = """
INSERT INTO aerostack_consumers (project_id, name, spec, enabled) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, name) DO UPDATE
SET spec = excluded.spec, enabled = excluded.enabled, updated_at = quintet_now()
"""
_Secret = Annotated[str, StringConstraints(min_length=8, max_length=500, pattern=r"^[!-~]+$")]


class ConsumerTarget(TargetSpec):
    """Where jobs go. `secret` signs what is sent to a URL."""

    secret: _Secret | None = None

    @model_validator(mode="after")
    def _signs_requests(self) -> ConsumerTarget:
        if self.callable is not None and self.secret is not None:
            raise ValueError("secret belongs to a url, not to a callable")
        if self.method in ("GET", "DELETE"):
            raise ValueError(f"method must be POST, PUT or PATCH: {self.method} carries no job")
        return self


class ConsumerSpec(Spec):
    """Which jobs, where they go, and how often they are tried.

    `type`: one type, several, `*`, or the beginning of types (`email.*`). `timeout`: seconds of one
    attempt. `maxRetries`: attempts beyond the first. `retryDelay`: seconds before the second
    attempt; doubles each time. `concurrency`: jobs at a time, per server process.
    """

    type: str | list[str] = Field(union_mode="left_to_right")
    target: ConsumerTarget
    timeout: float = Field(default=30.0, gt=0, le=TIMEOUT_MAX_SECONDS)
    max_retries: int = Field(default=3, ge=0, le=RETRIES_MAX_COUNT)
    retry_delay: float = Field(default=10.0, ge=0, le=86_400)
    concurrency: int = Field(default=4, ge=1, le=CONCURRENCY_MAX_COUNT)
    enabled: bool = True

    @field_validator("type")
    @classmethod
    def _are_types(cls, given: str | list[str]) -> str | list[str]:
        types = [given] if isinstance(given, str) else given
        if not 1 <= len(types) <= 200:
            raise ValueError("must be a type or a list of 1 to 200 types")
        for each in types:
            if "*" in check_type(each)[:-1]:
                raise ValueError(f"{each!r} may have a * at its end only")
        return given

    @property
    def types(self) -> tuple[str, ...]:
        """The types and patterns, as a tuple."""
        return (self.type,) if isinstance(self.type, str) else tuple(self.type)


def read_consumer(file: Path, spec: ConsumerSpec, report: Report) -> ConsumerSpec:
    """Look at its URL or its function."""
    target = read_target(file, spec.target, report, "target")
    return spec.model_copy(update={"target": target})


async def apply_consumer(
    conn: Connection, project_id: str, name: str, spec: ConsumerSpec
) -> Outcome:
    """Create or update a consumer; jobs it has in hand go on."""
    check_name(name)
    wanted = spec.model_dump(mode="json", by_alias=True, exclude={"enabled"})
    stored = await (await conn.execute(_STORED, (project_id, name))).fetchone()
    if stored == (wanted, spec.enabled):
        return "unchanged"
    await conn.execute(_PUT, (project_id, name, Jsonb(wanted), spec.enabled))
    return "created" if stored is None else "updated"


KINDS = (Kind(SERVICE, "consumer", ConsumerSpec, apply_consumer, read=read_consumer),)
