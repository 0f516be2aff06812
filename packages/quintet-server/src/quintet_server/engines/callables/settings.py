"""Every number of callables, each an environment variable `QUINTET_CALLABLES_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["CallableSettings"]


class CallableSettings(BaseSettings):
    """Settings of the group `callables`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_CALLABLES_", extra="ignore", frozen=True)

    processes_max_count: int = Field(
        default=8, ge=1, le=1000, description="Most processes at a time; each runs one call."
    )
    waiting_max_count: int = Field(
        default=1000, ge=0, description="Most calls that wait for a process; others are refused."
    )
    start_seconds: float = Field(
        default=20.0,
        gt=0,
        description="Longest time a file may take to be loaded (its imports included).",
    )
    idle_seconds: float = Field(
        default=300.0, gt=0, description="A process without a call for this long is ended."
    )
    answer_max_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="Largest answer of a function, as JSON."
    )
    environment: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names of variables, separated by commas, that functions may see beside what "
        "Python needs to run. None of the server's own are passed on otherwise.",
    )

    @field_validator("environment", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value
