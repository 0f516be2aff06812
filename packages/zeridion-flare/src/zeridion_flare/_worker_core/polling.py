"""When to poll, for how many jobs, and how long to pause after an answer.

An answer that was held, or that brought jobs, is followed by the next poll at once; a slot that
becomes free while none is open also polls at once. Only an empty answer that came back early and a
failure cause a pause, which grows while they repeat and is never shorter than the server's hint.
"""

from __future__ import annotations

from typing import Any

from zeridion_flare._worker_core.actions import AbortPoll, Poll
from zeridion_flare._worker_core.agenda import POLL, Agenda
from zeridion_flare._worker_core.events import INFO, WARNING
from zeridion_flare._worker_core.failure import Failure, FailureKind
from zeridion_flare._worker_core.plan import DEFAULT_HOLD_SECONDS, MAX_CAPACITY, WorkerPlan


class Polling:
    """The one long-poll of a worker: at most one is in flight."""

    def __init__(self, plan: WorkerPlan, agenda: Agenda) -> None:
        self._plan = plan
        self._agenda = agenda
        self._sent_at = 0.0
        self._early_answers = 0
        self.failures = 0
        self.in_flight = False
        self.last_answer_at: float | None = None
        self.outage = False
        """The last answer was no answer: whoever answers next may have forgotten this worker."""

    def send_if_free(self, now: float, free_slots: int) -> None:
        """Poll when a slot is free, no poll is open and no pause is running."""
        if self.in_flight or free_slots <= 0 or self._agenda.timers.at(POLL) is not None:
            return
        self.in_flight = True
        self._sent_at = now
        hold = self._hold
        body: dict[str, Any] = {
            "worker_id": self._plan.worker_id,
            "queues": list(self._plan.queues),
            "capacity": min(free_slots, MAX_CAPACITY),
        }
        if self._plan.job_types:
            body["job_types"] = list(self._plan.job_types)
        if hold != DEFAULT_HOLD_SECONDS:
            body["wait_seconds"] = hold
        self._agenda.emit(Poll(body, hold))

    def answered(self, now: float, items: int) -> None:
        """Take a well-formed answer with that many items."""
        self.in_flight = False
        self.last_answer_at = now
        if self.failures:
            self._agenda.note(
                "poll_recovered", INFO, f"polling again after {self.failures} failed polls"
            )
        self.failures = 0
        held = now - self._sent_at >= min(self._plan.early_answer, self._plan.hold / 2)
        if items or (held and self._hold):
            self._early_answers = 0
            return
        self._early_answers += 1
        self._pause(now, self._agenda.wait(self._plan.empty_backoff, self._early_answers, None))

    def failed(self, now: float, failure: Failure) -> None:
        """Plan the next poll after a failed one."""
        self.in_flight = False
        self.failures += 1
        self.outage = self.outage or failure.kind is not FailureKind.REFUSED
        wait = self._agenda.wait(self._plan.poll_backoff, self.failures, failure.retry_after)
        self._pause(now, wait)
        message = f"poll failed, next in {wait:.1f} s: {failure.message}"
        self._agenda.note("poll_failed", WARNING, message, retry_in=wait)

    def aborted(self) -> None:
        """Take the end of a poll that was broken off on purpose."""
        self.in_flight = False

    def stop(self) -> None:
        """Poll no more, and break off the poll that is open."""
        self._agenda.timers.drop(POLL)
        if self.in_flight:
            self._agenda.emit(AbortPoll())

    @property
    def _hold(self) -> float:
        return 0.0 if self._plan.stop_when_idle else self._plan.hold

    def _pause(self, now: float, seconds: float) -> None:
        self._agenda.timers.set(POLL, now + seconds)
