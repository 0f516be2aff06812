"""Every bound of tenants' SQL, each an environment variable `QUINTET_SQL_...`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["SqlSettings"]

_MIB = 1024 * 1024


class SqlSettings(BaseSettings):
    """Settings of the group `sql`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_SQL_", extra="ignore", frozen=True)

    # One statement.
    sql_max_bytes: int = Field(
        default=64 * 1024, ge=1, le=_MIB, description="Longest statement of a tenant."
    )
    nesting_max_count: int = Field(
        default=32,
        ge=4,
        le=40,
        description="Parentheses, CASEs and the like inside each other; the parser recurses.",
    )
    tokens_max_count: int = Field(
        default=5_000,
        ge=10,
        description="Words and signs of a statement, each of which costs time.",
    )
    deadline_seconds: float = Field(
        default=25.0,
        gt=0,
        description="A statement is cancelled after this: below the 30 s that clients wait, so "
        "that the server's answer arrives first.",
    )
    grace_seconds: float = Field(
        default=0.5,
        gt=0,
        description="A statement that is still running this long after it was cancelled loses its "
        "connection.",
    )
    rows_max_count: int = Field(default=10_000, ge=1, description="Most rows of a result.")
    result_max_bytes: int = Field(
        default=10 * _MIB, ge=1024, description="A result is cut before it grows beyond this."
    )
    work_memory_bytes: int = Field(
        default=32 * _MIB,
        ge=64 * 1024,
        description="What one sort or hash of a statement may hold before it goes to disk.",
    )
    temporary_files_max_bytes: int = Field(
        default=512 * _MIB,
        ge=_MIB,
        description="What a statement may keep on disk meanwhile; needs a superuser to set.",
    )

    # Connections.
    connections_max_count: int = Field(
        default=8, ge=1, description="Statements of all tenants that one process runs at a time."
    )
    tenant_connections_max_count: int = Field(
        default=4, ge=1, description="Statements of one tenant that one process runs at a time."
    )
    wait_seconds: float = Field(
        default=10.0, gt=0, description="How long a statement may wait for its turn."
    )
    waiting_max_count: int = Field(
        default=200, ge=0, description="Statements that wait; more are refused at once."
    )
    idle_seconds: float = Field(
        default=60.0, ge=0, description="How long a tenant's connection is kept without use."
    )
