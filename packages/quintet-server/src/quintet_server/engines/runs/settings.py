"""Every number of durable runs, each an environment variable `QUINTET_RUNS_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RunSettings(BaseSettings):
    """Settings of the group `runs`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_RUNS_", extra="ignore", frozen=True)

    concurrency_count: int = Field(
        default=50,
        ge=1,
        description="Runs of one kind under way at once in one process, "
        "unless the kind has a setting of its own.",
    )
    attempts_max_count: int = Field(
        default=5,
        ge=1,
        description="A run whose process died this often while it was under way, without getting "
        "any further in between, has failed.",
    )
    retry_delays_ms: list[Annotated[int, Field(ge=0)]] = Field(
        default=[0, 1_000, 5_000, 30_000],
        min_length=1,
        description="Waits before a run that was interrupted goes on, as a JSON array; "
        "the last one repeats.",
    )
    segment_timeout_seconds: int = Field(
        default=30 * 86_400,
        ge=1,
        description="A run that neither ends nor waits elsewhere for this long is interrupted "
        "and goes on from its last step.",
    )
    drain_seconds: float = Field(
        default=2.0,
        ge=0,
        description="A stopping process lets runs reach their end for this long, then another "
        "process goes on with them.",
    )
    save_seconds: float = Field(
        default=5.0,
        gt=0,
        description="Most time that an interrupted run may take to write down its last steps.",
    )
    batch_max_count: int = Field(
        default=200, ge=1, description="Most runs whose writes share one transaction."
    )
    tidy_period_seconds: float = Field(
        default=5.0,
        gt=0,
        description="How often runs that nobody will go on with are looked for.",
    )
    retention_seconds: float = Field(
        default=30 * 86_400.0,
        gt=0,
        description="Runs are deleted this long after their end, with their steps and events.",
    )
    retention_period_seconds: float = Field(
        default=600.0, gt=0, description="How often runs past their time are looked for."
    )
