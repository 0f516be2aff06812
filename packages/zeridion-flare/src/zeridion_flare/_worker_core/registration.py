"""Announcing the worker and its schedules, until the service has accepted them.

Registration carries the recurring schedules, so a lost one would silently lose them: it is
repeated with back-off for as long as the worker lives, and again after every outage, because the
server that comes back may not be the one that knew us. Polling waits for the first attempt only.
"""

from __future__ import annotations

from zeridion_flare._worker_core.actions import Register
from zeridion_flare._worker_core.agenda import REGISTER, Agenda
from zeridion_flare._worker_core.events import INFO, WARNING
from zeridion_flare._worker_core.failure import Failure
from zeridion_flare._worker_core.plan import WorkerPlan


class Registration:
    """Whether the service knows this worker, and when to tell it next."""

    def __init__(self, plan: WorkerPlan, agenda: Agenda) -> None:
        self._plan = plan
        self._agenda = agenda
        self._failures = 0
        self._in_flight = False
        self.accepted = False
        self.tried = False
        """The first attempt has been answered, whatever the answer."""
        self.last_error: str | None = None

    def send(self) -> None:
        """Announce the worker now, unless that is already under way."""
        self._agenda.timers.drop(REGISTER)
        if not self._in_flight:
            self._in_flight = True
            self._agenda.emit(Register(self._plan.register_body))

    def succeeded(self) -> None:
        """Take the service's acceptance."""
        self._in_flight = False
        self._failures = 0
        self.tried = self.accepted = True
        self.last_error = None
        self._agenda.note("registered", INFO, f"worker {self._plan.worker_id} is registered")

    def failed(self, now: float, failure: Failure) -> None:
        """Plan the next attempt."""
        self._in_flight = False
        self._failures += 1
        self.tried = True
        self.accepted = False
        self.last_error = failure.message
        wait = self._agenda.wait(self._plan.register_backoff, self._failures, failure.retry_after)
        self._agenda.timers.set(REGISTER, now + wait)
        message = f"registration failed, next try in {wait:.1f} s: {failure.message}"
        self._agenda.note("register_failed", WARNING, message, retry_in=wait)

    def stop(self) -> None:
        """Try no more."""
        self._agenda.timers.drop(REGISTER)
