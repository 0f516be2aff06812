"""One claimed job on its way through the worker, and how long it is still ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from zeridion_flare._worker_core.claims import Claim
from zeridion_flare._worker_core.outcome import Outcome
from zeridion_flare._worker_core.plan import WorkerPlan


class Stage(Enum):
    """Where an execution stands. Order: waiting, running, flushing, acking; then it is gone."""

    WAITING = "waiting"
    """Claimed, but every slot is taken: only when the server sent more than was asked for."""
    RUNNING = "running"
    FLUSHING = "flushing"
    """The handler has ended; its last progress is on its way."""
    ACKING = "acking"


@dataclass(slots=True)
class Execution:
    """The worker's knowledge of one attempt. Instants are monotonic seconds."""

    key: int
    claim: Claim
    claimed_at: float
    timeout: float
    """Seconds the handler may take."""
    lease_timeout: float
    """The job's own timeout, from which the server computes the lease."""
    stage: Stage = Stage.WAITING
    reason: str | None = None
    """Why the handler was told to stop; see ``outcome.py``."""
    progress: float | None = None
    progress_sent: float = 0.0
    beat_sent_at: float | None = None
    beat_in_flight: bool = False
    beat_progress: float | None = None
    beat_failures: int = 0
    last_beat_at: float | None = None
    """When the last accepted heartbeat was sent."""
    ended_at: float | None = None
    outcome: Outcome | None = None
    ack_in_flight: bool = False
    ack_tries: int = 0

    @property
    def unsent_progress(self) -> float | None:
        """The progress the server has not been told, if any. It only ever rises."""
        if self.progress is None or self.progress <= self.progress_sent:
            return None
        return self.progress

    def elapsed(self, now: float) -> float:
        """Return the handler's running time so far, or in all once it has ended."""
        return (self.ended_at if self.ended_at is not None else now) - self.claimed_at

    def lease_end(self, plan: WorkerPlan) -> float:
        """Return when the server takes the job back, by the protocol's default windows.

        Counted from when the answer arrived and from when a beat was *sent*: the error made is on
        the side of trying an ack once too often, which the server refuses harmlessly.
        """
        hard = self.claimed_at + self.lease_timeout + plan.lease_floor
        end = self.claimed_at + max(
            plan.lease_floor, min(self.lease_timeout, plan.unbeaten_lease_cap)
        )
        if self.last_beat_at is not None:
            end = max(end, self.last_beat_at + max(plan.lease_floor, self.lease_timeout))
        return min(hard, end)
