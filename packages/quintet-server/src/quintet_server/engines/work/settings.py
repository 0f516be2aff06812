"""Every number of the work engine, each an environment variable `QUINTET_WORK_...`.

Names end in their unit. The lease windows, the retry policy and the reaper period are the ones a
test shrinks; the defaults are those of the Flare contract or, where it is silent, our decision.
"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkSettings(BaseSettings):
    """Settings of the group `work`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_WORK_", extra="ignore", frozen=True)

    # Lease windows.
    lease_floor_seconds: float = Field(
        default=60.0, gt=0, description="No lease is shorter than this."
    )
    lease_first_cap_seconds: float = Field(
        default=300.0,
        gt=0,
        description="A claim that never sent a heartbeat is held at most this long, "
        "however long its timeout (but never less than the floor).",
    )
    lease_grace_seconds: float = Field(
        default=60.0,
        ge=0,
        description="An attempt is given up this long after its timeout, heartbeats or not.",
    )
    reaper_period_seconds: float = Field(
        default=5.0, gt=0, description="How often expired leases are looked for."
    )

    # Processes.
    presence_period_seconds: float = Field(
        default=5.0, gt=0, description="How often a process shows that it is alive."
    )
    presence_grace_seconds: float = Field(
        default=0.5,
        ge=0,
        description="A process whose lock is free for this long is dead. The time a living one "
        "has to take it again after it lost its connection.",
    )
    presence_silence_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A process that has its lock but shows no life for this long is stuck, "
        "and what it has in hand goes to others.",
    )
    jump_respite_seconds: float = Field(
        default=15.0,
        ge=0,
        description="After the clock was moved, workers inside the server have this long to "
        "renew their leases before these count as expired.",
    )

    # Retries.
    retry_base_ms: int = Field(
        default=60_000, ge=0, description="Wait after the first failed attempt; doubles each time."
    )
    retry_cap_ms: int = Field(
        default=6 * 3_600_000, ge=0, description="No wait between attempts is longer than this."
    )
    retry_jitter_ms: int = Field(
        default=3_000, ge=0, description="A random time up to this is added to each wait."
    )

    # Claims.
    recheck_seconds: float = Field(
        default=2.0,
        gt=0,
        description="A waiting long-poll looks again this often, should a wake-up get lost.",
    )
    claim_batch_max_count: int = Field(
        default=500, ge=1, description="Most jobs handed out by one statement."
    )
    batch_max_count: int = Field(
        default=200,
        ge=1,
        description="Most acks, heartbeats or single enqueues that share one statement.",
    )
    contention_retries_count: int = Field(
        default=5, ge=0, description="Times a statement is repeated after a deadlock."
    )

    # Housekeeping.
    schedule_batch_max_count: int = Field(
        default=100, ge=1, description="Most due schedules handled in one transaction."
    )
    retention_seconds: float = Field(
        default=30 * 86_400.0,
        gt=0,
        description="Finished jobs are deleted this long after their end.",
    )
    retention_period_seconds: float = Field(
        default=600.0, gt=0, description="How often finished jobs past their time are looked for."
    )

    # Workers inside the server.
    worker_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="Most time between two heartbeats of an in-process worker."
    )
    worker_drain_seconds: float = Field(
        default=10.0,
        ge=0,
        description="A stopping in-process worker lets running jobs finish for this long, "
        "then hands them back.",
    )
