"""The worker as a state machine: what happened goes in, what to do comes out.

Phases
    idle ─begin─▶ running ─shut_down─▶ draining ─▶ cancelling ─▶ stopped
                                    └─(nothing left)──────────────▲
- running: registered or trying to be; one poll open whenever a slot is free.
- draining: no new polls, the open one broken off, what it still brings is run; running handlers
  are left alone.
- cancelling: the last part of the grace. Handlers have been told ``shutdown``; jobs that never
  began are handed back.
- stopped: whatever is left is abandoned and will be redelivered when its lease ends.

Every method takes ``now`` (monotonic seconds). After calling any of them the driver calls
:meth:`step`, carries out the actions, and calls it again at :meth:`next_wake` at the latest.
Nothing here blocks, logs, or raises on anything a server may answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from zeridion_flare._worker_core.actions import Action, Stop
from zeridion_flare._worker_core.agenda import PHASE, POLL, REGISTER, Agenda
from zeridion_flare._worker_core.claims import MalformedAnswer, read_poll_answer
from zeridion_flare._worker_core.events import ERROR, INFO, WARNING
from zeridion_flare._worker_core.failure import Failure, FailureKind
from zeridion_flare._worker_core.jobs import JobBook
from zeridion_flare._worker_core.outcome import SHUTDOWN, Ending
from zeridion_flare._worker_core.plan import WorkerPlan
from zeridion_flare._worker_core.polling import Polling
from zeridion_flare._worker_core.registration import Registration

EXIT_CLEAN = 0
EXIT_FATAL = 1
EXIT_ABANDONED = 3
"""2 is left to the command line, where it means wrong usage."""


class Phase(Enum):
    """Where the worker stands."""

    IDLE = "idle"
    RUNNING = "running"
    DRAINING = "draining"
    CANCELLING = "cancelling"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Health:
    """A worker's condition at one moment."""

    phase: str
    registered: bool
    registration_error: str | None
    running: int
    """Handlers at work."""
    acking: int
    """Ended jobs whose outcome the service has not yet taken."""
    poll_failures: int
    """Failed polls in a row."""
    seconds_since_poll: float | None
    """Since the last good answer to a poll; ``None`` before the first."""
    fatal_error: str | None

    @property
    def ok(self) -> bool:
        """Whether the worker is running, registered, and its last poll was answered."""
        return self.phase == "running" and self.registered and self.poll_failures == 0


class WorkerCore:
    """One run of one worker. It cannot be begun twice."""

    def __init__(self, plan: WorkerPlan, random: Callable[[], float]) -> None:
        self._plan = plan
        self._agenda = Agenda(random)
        self._jobs = JobBook(plan, self._agenda)
        self._polling = Polling(plan, self._agenda)
        self._registration = Registration(plan, self._agenda)
        self._refusals = 0
        self._grace_end = 0.0
        self._fatal: str | None = None
        self.phase = Phase.IDLE

    # -- what the driver calls -------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """Start: register, then poll."""
        del now
        self.phase = Phase.RUNNING
        self._registration.send()

    def step(self, now: float) -> list[Action]:
        """Act on everything that is due and return the actions collected since the last step."""
        for subject, key in self._agenda.timers.due(now):
            self._on_timer(now, (subject, key))
        if self.phase is Phase.RUNNING:
            if self._registration.tried:
                self._polling.send_if_free(now, self._jobs.free_slots)
        elif self.phase in (Phase.DRAINING, Phase.CANCELLING):
            self._stop_when_empty()
        return self._agenda.take()

    def next_wake(self) -> float | None:
        """Return the instant by which :meth:`step` must be called even if nothing happens."""
        return self._agenda.timers.next_at()

    def health(self, now: float) -> Health:
        """Return the condition of the worker."""
        last = self._polling.last_answer_at
        return Health(
            phase=self.phase.value,
            registered=self._registration.accepted,
            registration_error=self._registration.last_error,
            running=self._jobs.running,
            acking=self._jobs.acking,
            poll_failures=self._polling.failures,
            seconds_since_poll=None if last is None else now - last,
            fatal_error=self._fatal,
        )

    # -- answers of the service ------------------------------------------------------------------

    def registered(self, now: float) -> None:
        """The registration was accepted."""
        del now
        self._refusals = 0
        self._registration.succeeded()

    def register_failed(self, now: float, failure: Failure) -> None:
        """The registration was not accepted, or not answered."""
        self._registration.failed(now, failure)
        if self.phase is not Phase.RUNNING:
            self._registration.stop()
        self._count_refusal(now, failure)

    def polled(self, now: float, answer: object) -> None:
        """A poll was answered with this body."""
        try:
            items = read_poll_answer(answer)
        except MalformedAnswer as error:
            self.poll_failed(now, Failure(FailureKind.BUSY, f"malformed answer: {error}"))
            return
        self._refusals = 0
        self._polling.answered(now, len(items))
        if self._polling.outage:
            self._polling.outage = False
            if self.phase is Phase.RUNNING:
                self._registration.send()
        if self.phase is Phase.STOPPED:
            return
        self._jobs.accept(now, items, start=self.phase is not Phase.CANCELLING)
        if self._plan.stop_when_idle and not items and self._jobs.empty:
            self.shut_down(now)

    def poll_failed(self, now: float, failure: Failure) -> None:
        """A poll failed."""
        if self.phase is not Phase.RUNNING:
            self._polling.aborted()
            return
        self._polling.failed(now, failure)
        self._count_refusal(now, failure)

    def poll_aborted(self, now: float) -> None:
        """The poll in flight was broken off as asked."""
        del now
        self._polling.aborted()

    def beat_answered(self, now: float, key: int, answer: object) -> None:
        """A heartbeat was answered with this body."""
        self._jobs.beat_answered(now, key, answer)

    def beat_failed(self, now: float, key: int, failure: Failure) -> None:
        """A heartbeat failed."""
        self._jobs.beat_failed(now, key, failure)

    def acked(self, now: float, key: int, reply: object) -> None:
        """An ack was answered with this body."""
        self._jobs.acked(now, key, reply)

    def ack_failed(self, now: float, key: int, failure: Failure) -> None:
        """An ack failed."""
        if self._fatal is not None and failure.kind is FailureKind.UNAUTHORIZED:
            failure = Failure(FailureKind.REFUSED, failure.message)
        self._jobs.ack_failed(now, key, failure)

    # -- handlers --------------------------------------------------------------------------------

    def report_progress(self, now: float, key: int, value: object) -> None:
        """A handler reported progress."""
        self._jobs.report_progress(now, key, value)

    def finished(self, now: float, key: int, ending: Ending) -> None:
        """A handler returned or raised."""
        self._jobs.finished(now, key, ending)
        if self.phase in (Phase.RUNNING, Phase.DRAINING):
            self._jobs.start_waiting(now)

    # -- the end ---------------------------------------------------------------------------------

    def shut_down(self, now: float, grace: float | None = None) -> None:
        """Begin to stop; a second call changes nothing unless its grace ends sooner."""
        grace = self._plan.shutdown_grace if grace is None else max(0.0, grace)
        if self.phase is Phase.IDLE:
            self._stop()
        if self.phase is Phase.STOPPED:
            return
        if self.phase is not Phase.RUNNING:
            self._shorten_grace(now, grace)
            return
        self.phase = Phase.DRAINING
        self._grace_end = now + grace
        message = f"stopping: {self._jobs.running} running, {grace:g} s of grace"
        # First of all: breaking off the poll may end the worker, which says so at once.
        self._agenda.note("stopping", INFO, message)
        self._registration.stop()
        self._polling.stop()
        self._agenda.timers.set(PHASE, now + grace - self._window(grace))

    def force_stop(self, now: float) -> None:
        """Stop at once: trip every token, abandon what does not end by itself."""
        if self.phase is Phase.STOPPED:
            return
        self._jobs.cancel_running(now, SHUTDOWN, now)
        self._polling.stop()
        self._registration.stop()
        for timer in list(self._agenda.timers.due(now)):
            if timer[0] == "interrupt":
                self._jobs.due(now, *timer)
        self._stop()

    def _on_timer(self, now: float, timer: tuple[str, int]) -> None:
        if timer == REGISTER:
            self._registration.send()
        elif timer == PHASE:
            self._next_phase(now)
        elif timer != POLL:  # the end of a pause needs no act of its own: ``step`` polls
            self._jobs.due(now, *timer)

    def _next_phase(self, now: float) -> None:
        if self.phase is Phase.DRAINING:
            self.phase = Phase.CANCELLING
            left = max(0.0, self._grace_end - now)
            self._jobs.refuse_waiting(now)
            self._jobs.cancel_running(
                now, SHUTDOWN, now + min(self._plan.interrupt_delay, left / 2)
            )
            self._agenda.timers.set(PHASE, self._grace_end)
        else:
            self._stop()

    def _shorten_grace(self, now: float, grace: float) -> None:
        end = now + grace
        if end >= self._grace_end:
            return
        self._grace_end = end
        at = end if self.phase is Phase.CANCELLING else end - self._window(grace)
        self._agenda.timers.set(PHASE, at)

    def _window(self, grace: float) -> float:
        return min(self._plan.cancel_window, grace / 3)

    def _stop_when_empty(self) -> None:
        if self._jobs.empty and not self._polling.in_flight:
            self._stop()

    def _stop(self) -> None:
        abandoned = len(self._jobs.executions)
        self.phase = Phase.STOPPED
        self._agenda.timers.drop(PHASE)
        code = EXIT_FATAL if self._fatal else EXIT_ABANDONED if abandoned else EXIT_CLEAN
        if abandoned:
            message = f"stopped; {abandoned} jobs abandoned to redelivery"
            self._agenda.note("stopped", WARNING, message)
        else:
            self._agenda.note("stopped", INFO, "stopped")
        self._agenda.emit(Stop(code, abandoned))

    def _count_refusal(self, now: float, failure: Failure) -> None:
        if failure.kind is not FailureKind.UNAUTHORIZED:
            self._refusals = 0
            return
        self._refusals += 1
        if self._refusals < self._plan.auth_tries or self._fatal is not None:
            return
        self._fatal = failure.message
        message = f"the key was refused {self._refusals} times: {failure.message}"
        self._agenda.note("fatal", ERROR, message)
        self.shut_down(now)
