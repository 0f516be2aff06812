"""What a job is: its states, what goes in, what comes out, what can be refused.

States and transitions (the contract of the Flare service, section 6, for every lane)::

    create ──► pending ◄──────── scheduled          scheduled: future run_at, or the parent
                 │  ▲               │               has not succeeded yet (`blocked`)
           claim │  │ failed, may   │ cancel, or parent cancelled/failed/dead
                 ▼  │ try again     ▼
              processing ───────► cancelled
                 ├──► succeeded          activates children
                 ├──► failed             not retryable; cancels children
                 └──► dead_letter        attempts used up; cancels children
    failed, dead_letter ──► pending      by hand (`retry`)

A job that waits for its next attempt is `pending` with a future `due_at`, not `scheduled`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD_LETTER = "dead_letter"

    @property
    def is_terminal(self) -> bool:
        """Whether only a retry by hand can change it."""
        return self in TERMINAL


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.DEAD_LETTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A job to be enqueued. Limits on lengths and counts are the service's business.

    Attributes:
        lane: who may claim it, for example `flare:<project id>`.
        project_id: whose it is; its events carry this.
        job_type: chosen by the caller, compared exactly.
        payload: a JSON document as text; kept and handed out as it is.
        queue: within the lane, compared exactly.
        run_at: not before this instant; None or past means now.
        max_attempts: 1 or more.
        timeout_seconds: time limit of one attempt, 1 or more.
        tags: string to string, searchable.
        parent_id: a job of the same lane that must succeed first.
        schedule_id: the schedule this is a tick of; `schedule_tick` makes the pair unique.
        retry_policy: overrides the engine's, see :class:`~.backoff.RetryPolicy`.
        logged: whether transitions go to the event log (and so to streams and webhooks).
        traceparent: trace context of who asked for it; kept over retries, handed to workers.
        id: taken as given when set, otherwise made from `id_prefix`.
    """

    lane: str
    project_id: str
    job_type: str
    payload: str = "{}"
    queue: str = "default"
    run_at: datetime | None = None
    max_attempts: int = 3
    timeout_seconds: int = 1800
    tags: Mapping[str, str] | None = None
    parent_id: str | None = None
    schedule_id: str | None = None
    schedule_tick: datetime | None = None
    retry_policy: Mapping[str, Any] | None = None
    logged: bool = True
    traceparent: str | None = None
    id: str | None = None
    id_prefix: str = "job"


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the jobs table as its readers see it: a due scheduled job reads `pending`."""

    id: str
    lane: str
    project_id: str
    queue: str
    job_type: str
    payload: str
    state: State
    blocked: bool
    run_at: datetime | None
    due_at: datetime
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    attempt: int
    max_attempts: int
    timeout_seconds: int
    progress: float | None
    error: dict[str, Any] | None
    tags: dict[str, str] | None
    parent_id: str | None
    schedule_id: str | None
    worker_id: str | None
    lease_expires_at: datetime | None
    heartbeat_at: datetime | None
    cancel_requested_at: datetime | None
    duration_ms: int | None
    traceparent: str | None

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Job:
        """Build from the columns named by :data:`~.statements.JOB_COLUMNS`."""
        values = list(row)
        values[6] = State(values[6])
        return cls(*values)


@dataclass(frozen=True, slots=True)
class AckReply:
    """What a worker is told about its ack.

    `action` is `"retry"` when the job will run again, at `retry_at`, otherwise `"done"`.
    `children_activated` counts the children this success released. `repeated` says that this very
    ack had been accepted before and nothing changed now.
    """

    action: str
    retry_at: datetime | None = None
    children_activated: int = 0
    state: State = State.SUCCEEDED
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a listing shows; None means any."""

    state: State | None = None
    queue: str | None = None
    job_type: str | None = None
    created_from: datetime | None = None  # inclusive
    created_until: datetime | None = None  # exclusive
    tags: Mapping[str, str] = field(default_factory=dict)
    schedule_id: str | None = None
    parent_id: str | None = None


class WorkError(Exception):
    """Base of what the engine refuses."""


class JobNotFound(WorkError):
    """No such job in this lane."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"no job {job_id}")
        self.job_id = job_id


class InvalidState(WorkError):
    """The job's state does not allow this."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(f"job {job_id} is {state}")
        self.job_id = job_id
        self.state = State(state)


class WorkerMismatch(WorkError):
    """Another worker holds the job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} is held by another worker")
        self.job_id = job_id


class ParentNotFound(WorkError):
    """The parent named by a new job does not exist in its lane."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"no parent job {job_id}")
        self.job_id = job_id


class ParentTerminal(WorkError):
    """The parent named by a new job ended without success."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(f"parent job {job_id} is {state}")
        self.job_id = job_id
        self.state = State(state)


class DuplicateTick(WorkError):
    """This tick of this schedule has its job already."""

    def __init__(self, schedule_id: str, tick: datetime | None) -> None:
        super().__init__(f"schedule {schedule_id} has a job for {tick}")
        self.schedule_id = schedule_id
        self.tick = tick
