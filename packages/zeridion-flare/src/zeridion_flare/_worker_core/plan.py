"""The numbers a worker core runs by, and why they are what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from quintet.core.backoff import Backoff

MAX_CAPACITY = 50
"""The service takes a poll's ``capacity`` from 1 to 50."""
DEFAULT_HOLD_SECONDS = 30.0
"""How long the service holds a poll when the request does not say."""


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """Settings of one worker run. All durations are seconds."""

    worker_id: str
    queues: tuple[str, ...]
    job_types: tuple[str, ...] = ()
    register_body: dict[str, Any] = field(default_factory=dict)
    concurrency: int = 10
    hold: float = DEFAULT_HOLD_SECONDS
    """How long a poll may be held open by the server."""
    heartbeat_interval: float = 10.0
    """Independent of a job's timeout, so that a cancel arrives within it."""
    progress_interval: float = 1.0
    """At most one progress report per job in this time."""
    progress_delay: float = 0.2
    """A first change waits this long for company, so that short jobs report once."""
    flush_limit: float = 2.0
    """The last progress may hold up the ack no longer than this."""
    default_timeout: float = 1800.0
    timeouts: dict[str, float] = field(default_factory=dict)
    """Tighter limits declared by handlers, by job type."""
    attempt_limits: dict[str, int] = field(default_factory=dict)
    """Tighter numbers of attempts declared by handlers, by job type."""
    shutdown_grace: float = 30.0
    cancel_window: float = 5.0
    """The end of the grace, in which handlers have been told to stop; at most a third of it."""
    interrupt_delay: float = 5.0
    """How long an async handler may ignore its token before its task is cancelled."""
    lease_floor: float = 60.0
    """The service's smallest lease; see the guide's worker protocol, leases."""
    unbeaten_lease_cap: float = 300.0
    """A job that never sent a heartbeat is leased for no longer than this."""
    auth_tries: int = 3
    """Refusals of the key in a row after which the worker gives up."""
    early_answer: float = 1.0
    """An empty answer that came sooner than this was not held: pause before the next poll."""
    stop_when_idle: bool = False
    poll_backoff: Backoff = Backoff(base=0.5, cap=30.0)
    empty_backoff: Backoff = Backoff(base=0.25, cap=2.0)
    register_backoff: Backoff = Backoff(base=1.0, cap=60.0)
    ack_backoff: Backoff = Backoff(base=0.2, cap=5.0)

    def timeout_of(self, job_type: str, claimed: float) -> float:
        """Return the limit of one attempt: the job's own, or the handler's if that is tighter."""
        limit = claimed or self.default_timeout
        return min(limit, self.timeouts.get(job_type, limit))
