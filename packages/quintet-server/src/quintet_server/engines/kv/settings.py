"""Every number of the cache, each a variable `QUINTET_KV_...`; `CACHE_URL` is a short name."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["KvSettings"]

_SCHEMES = ("valkey://", "valkeys://", "redis://", "rediss://", "unix://")


class KvSettings(BaseSettings):
    """Where cache entries are kept, and how they are written and swept."""

    model_config = SettingsConfigDict(
        env_prefix="QUINTET_KV_", extra="ignore", frozen=True, populate_by_name=True
    )

    # Where.
    url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_KV_URL", "CACHE_URL"),
        description="Valkey or Redis to keep cache entries in, as `valkey://HOST:PORT/DB`; unset: "
        "PostgreSQL. CACHE_URL is read too.",
    )
    connect_seconds: float = Field(
        default=2.0, gt=0, description="How long Valkey may take to accept a connection."
    )
    answer_seconds: float = Field(
        default=10.0, gt=0, description="How long Valkey may take to answer."
    )
    connections_max_count: int = Field(
        default=32, ge=1, description="Most connections of one process to Valkey."
    )
    once_seconds: int = Field(
        default=86_400,
        ge=1,
        description="How long Valkey remembers that an increment with an idempotency key was done.",
    )

    # Sharing statements, on PostgreSQL.
    batch_max_count: int = Field(
        default=200, ge=1, description="Most calls that share one statement."
    )
    batch_value_max_bytes: int = Field(
        default=65_536,
        ge=0,
        description="Larger values are read and written by a statement of their own.",
    )

    # Housekeeping.
    sweep_period_seconds: float = Field(
        default=30.0, gt=0, description="How often expired entries are deleted."
    )
    sweep_batch_count: int = Field(
        default=1_000, ge=1, description="Most entries that one sweeping statement deletes."
    )

    @field_validator("url")
    @classmethod
    def _known(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        if not value.get_secret_value().startswith(_SCHEMES):
            raise ValueError(f"must start with one of {', '.join(_SCHEMES)}")
        return value
