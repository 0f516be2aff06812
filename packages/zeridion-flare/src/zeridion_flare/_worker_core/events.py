"""What the worker tells hooks about itself: one frozen record per happening."""

from __future__ import annotations

from dataclasses import dataclass

from zeridion_flare._worker_core.outcome import ErrorReport

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40

EVENT_NAMES = (
    "registered",
    "register_failed",
    "poll_failed",
    "poll_recovered",
    "bad_item",
    "job_started",
    "job_cancelling",
    "job_finished",
    "job_dead_lettered",
    "lease_lost",
    "heartbeat_failed",
    "ack_failed",
    "ack_given_up",
    "stopping",
    "fatal",
    "stopped",
)


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """One thing that happened in a worker. Fields that do not apply are ``None``."""

    name: str
    """One of ``EVENT_NAMES``."""
    level: int
    """A level of the standard ``logging`` module; the same record goes to the worker's log."""
    message: str
    """One sentence for people."""
    job_id: str | None = None
    job_type: str | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    status: str | None = None
    """What was acknowledged: ``succeeded``, ``failed``, ``cancelled`` or ``released``."""
    reason: str | None = None
    """Why the handler was told to stop: cancelled, timeout, shutdown or lease_lost."""
    duration_seconds: float | None = None
    error: ErrorReport | None = None
    will_retry: bool | None = None
    """Whether the service scheduled another attempt."""
    retry_at: str | None = None
    """When, as the service wrote it."""
    retry_in: float | None = None
    """Seconds until the worker repeats the failed call."""
