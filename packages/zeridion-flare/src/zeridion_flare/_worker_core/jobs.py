"""The jobs a worker holds: from the claim over heartbeats and cancellation to the accepted ack.

Rules this file obeys
- A slot is taken by a running handler only. Acks have a lane of their own, but no more of them may
  be outstanding than there are slots: a server that cannot take acks gets no further polls.
- One heartbeat per job at a time, the first soon after the claim and never before the handler.
- A refusal that says the job is not ours (404, 409) trips the token and forbids the ack.
- Progress is told at most once a second and once more before the ack.
- An ack is repeated until it is taken, refused, or the lease has ended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from zeridion_flare._worker_core.actions import Ack, Beat, Cancel, Interrupt, Run
from zeridion_flare._worker_core.agenda import Agenda
from zeridion_flare._worker_core.claims import BadItem, Claim
from zeridion_flare._worker_core.events import DEBUG, ERROR, INFO, WARNING
from zeridion_flare._worker_core.execution import Execution, Stage
from zeridion_flare._worker_core.failure import Failure, FailureKind
from zeridion_flare._worker_core.outcome import (
    CANCELLED,
    LEASE_LOST,
    TIMEOUT,
    Ending,
    ErrorReport,
    Outcome,
    ack_body,
    clamp_progress,
    decide,
    released,
)
from zeridion_flare._worker_core.plan import WorkerPlan
from zeridion_flare._worker_core.wording import describe_end


class JobBook:
    """Every execution by its key, and the two queues that are not executions yet."""

    def __init__(self, plan: WorkerPlan, agenda: Agenda) -> None:
        self._plan = plan
        self._agenda = agenda
        self._serial = 0
        self._waiting: deque[Execution] = deque()
        self.executions: dict[int, Execution] = {}
        self.running = 0
        self.acking = 0
        self._timer_handlers: dict[str, Callable[[float, Execution], None]] = {
            "beat": self._send_beat,
            "deadline": self._deadline,
            "interrupt": self._interrupt,
            "ack": self._send_ack,
        }

    @property
    def empty(self) -> bool:
        """Whether nothing is held any more."""
        return not self.executions

    @property
    def free_slots(self) -> int:
        """How many more jobs may be claimed now."""
        slots = self._plan.concurrency
        return min(slots - self.running - len(self._waiting), 2 * slots - len(self.executions))

    # -- claims ----------------------------------------------------------------------------------

    def accept(self, now: float, items: list[Claim | BadItem], *, start: bool) -> None:
        """Take what a poll brought; with ``start`` false it is handed back at once."""
        for item in items:
            if isinstance(item, BadItem):
                self._reject(now, item)
            else:
                self._waiting.append(self._add(now, item))
        if start:
            self.start_waiting(now)
        else:
            self.refuse_waiting(now)

    def start_waiting(self, now: float) -> None:
        """Start handlers while there are slots."""
        while self._waiting and self.running < self._plan.concurrency:
            execution = self._waiting.popleft()
            execution.stage = Stage.RUNNING
            self.running += 1
            self._agenda.emit(Run(execution.key, execution.claim))
            self._note(execution, "job_started", DEBUG, "started")

    def refuse_waiting(self, now: float) -> None:
        """Hand back, for another attempt, what was claimed but never started."""
        while self._waiting:
            execution = self._waiting.popleft()
            self._end(now, execution, released("the job had not begun"))

    def _add(self, now: float, claim: Claim) -> Execution:
        self._serial += 1
        plan = self._plan
        execution = Execution(
            key=self._serial,
            claim=claim,
            claimed_at=now,
            timeout=plan.timeout_of(claim.job_type, claim.timeout_seconds),
            lease_timeout=claim.timeout_seconds or plan.default_timeout,
        )
        self.executions[execution.key] = execution
        timers = self._agenda.timers
        timers.set(("beat", execution.key), now + self._agenda.jitter(plan.heartbeat_interval, 0.5))
        timers.set(("deadline", execution.key), now + execution.timeout)
        return execution

    def _reject(self, now: float, item: BadItem) -> None:
        self._agenda.note(
            "bad_item", ERROR, f"unusable poll item: {item.problem}", job_id=item.job_id
        )
        if item.job_id is None:
            return
        claim = Claim(
            item.job_id, job_type="", attempt=item.attempt or 1, fenced=item.attempt is not None
        )
        execution = self._add(now, claim)
        report = ErrorReport(
            "MalformedJobError", f"the worker could not read the job: {item.problem}"
        )
        self._end(now, execution, Outcome("failed", report, retryable=False))

    # -- the handler -----------------------------------------------------------------------------

    def report_progress(self, now: float, key: int, value: object) -> None:
        """Note a handler's progress; it is sent soon, together with what comes meanwhile."""
        execution = self.executions.get(key)
        progress = clamp_progress(value)
        if execution is None or progress is None or execution.stage is not Stage.RUNNING:
            return
        execution.progress = max(progress, execution.progress or 0.0)
        if execution.unsent_progress is not None and not execution.beat_in_flight:
            self._agenda.timers.sooner(("beat", key), self._progress_due(now, execution))

    def finished(self, now: float, key: int, ending: Ending) -> None:
        """Take the end of a handler: free its slot and see its outcome home."""
        execution = self.executions.get(key)
        if execution is None or execution.stage is not Stage.RUNNING:
            return
        self.running -= 1
        execution.ended_at = now
        outcome = decide(
            ending,
            reason=execution.reason,
            elapsed=execution.elapsed(now),
            timeout=execution.timeout,
        )
        if outcome is None:
            self._forget(execution)
        else:
            self._end(now, execution, self._within_attempts(execution, outcome))

    def cancel(self, now: float, execution: Execution, reason: str) -> None:
        """Trip the token of a job, once; a lost lease overrides every earlier reason."""
        first = execution.reason is None
        if first or reason == LEASE_LOST:
            execution.reason = reason
        if not first or execution.stage is not Stage.RUNNING:
            return
        self._agenda.emit(Cancel(execution.key, reason))
        self._agenda.timers.set(("interrupt", execution.key), now + self._plan.interrupt_delay)
        self._note(execution, "job_cancelling", INFO, f"told to stop: {reason}", reason=reason)

    def cancel_running(self, now: float, reason: str, interrupt_at: float) -> None:
        """Trip the tokens of all running jobs; interrupt at ``interrupt_at`` at the latest."""
        for execution in list(self.executions.values()):
            if execution.stage is Stage.RUNNING:
                self.cancel(now, execution, reason)
                self._agenda.timers.sooner(("interrupt", execution.key), interrupt_at)

    def _within_attempts(self, execution: Execution, outcome: Outcome) -> Outcome:
        limit = self._plan.attempt_limits.get(execution.claim.job_type)
        if limit is None or outcome.status != "failed" or execution.claim.attempt < limit:
            return outcome
        return Outcome("failed", outcome.error, retryable=False)

    def _deadline(self, now: float, execution: Execution) -> None:
        if execution.stage is Stage.RUNNING:
            self.cancel(now, execution, TIMEOUT)
        else:
            self._waiting.remove(execution)
            self._end(now, execution, released("the job had not begun"))

    def _interrupt(self, _now: float, execution: Execution) -> None:
        self._agenda.emit(Interrupt(execution.key))

    # -- heartbeats ------------------------------------------------------------------------------

    def beat_answered(self, now: float, key: int, answer: object) -> None:
        """Take an accepted heartbeat."""
        execution = self._beat_over(key)
        if execution is None:
            return
        execution.beat_failures = 0
        execution.last_beat_at = execution.beat_sent_at
        if execution.beat_progress is not None:
            execution.progress_sent = max(execution.progress_sent, execution.beat_progress)
        self._next_beat(now, execution)
        if isinstance(answer, Mapping) and answer.get("status") == "cancel":
            self._told_to_cancel(now, execution)
        self._flushed(now, execution)

    def beat_failed(self, now: float, key: int, failure: Failure) -> None:
        """Take a failed heartbeat: the job is lost, or the beat is tried again soon."""
        execution = self._beat_over(key)
        if execution is None:
            return
        if failure.kind is FailureKind.LOST:
            self._lost(now, execution, failure)
            return
        execution.beat_failures += 1
        wait = self._agenda.wait(
            self._plan.ack_backoff, execution.beat_failures, failure.retry_after
        )
        self._agenda.timers.set(("beat", key), now + wait)
        message = f"heartbeat failed: {failure.message}"
        self._note(execution, "heartbeat_failed", DEBUG, message, retry_in=wait)
        self._flushed(now, execution)

    def _send_beat(self, now: float, execution: Execution) -> None:
        if execution.beat_in_flight:
            return
        execution.beat_in_flight = True
        execution.beat_sent_at = now
        execution.beat_progress = execution.unsent_progress
        body: dict[str, Any] = {
            "job_id": execution.claim.job_id,
            "worker_id": self._plan.worker_id,
        }
        if execution.claim.fenced:
            body["attempt"] = execution.claim.attempt
        if execution.beat_progress is not None:
            body["progress"] = execution.beat_progress
        self._agenda.emit(Beat(execution.key, body))

    def _beat_over(self, key: int) -> Execution | None:
        execution = self.executions.get(key)
        if execution is not None:
            execution.beat_in_flight = False
        return execution

    def _next_beat(self, now: float, execution: Execution) -> None:
        at = now + self._agenda.jitter(self._plan.heartbeat_interval, 0.25)
        if execution.unsent_progress is not None and execution.stage is Stage.RUNNING:
            at = min(at, self._progress_due(now, execution))
        self._agenda.timers.set(("beat", execution.key), at)

    def _progress_due(self, now: float, execution: Execution) -> float:
        soon = now + self._plan.progress_delay
        if execution.beat_sent_at is None:
            return soon
        return max(soon, execution.beat_sent_at + self._plan.progress_interval)

    def _told_to_cancel(self, now: float, execution: Execution) -> None:
        overdue = execution.elapsed(now) >= execution.lease_timeout
        reason = TIMEOUT if overdue else CANCELLED
        if execution.stage is Stage.RUNNING:
            self.cancel(now, execution, reason)
        elif execution.stage is Stage.WAITING and reason == CANCELLED:
            self._waiting.remove(execution)
            self._end(now, execution, Outcome("cancelled"))

    def _lost(self, now: float, execution: Execution, failure: Failure) -> None:
        if execution.stage is Stage.ACKING:
            return  # an ack that was taken makes a late beat fail: the ack's own answer decides
        message = f"no longer held by this worker: {failure.message}"
        self._note(execution, "lease_lost", WARNING, message, reason=LEASE_LOST)
        if execution.stage is Stage.RUNNING:
            self._agenda.timers.drop(("beat", execution.key))
            self.cancel(now, execution, LEASE_LOST)
            return
        if execution.stage is Stage.WAITING:
            self._waiting.remove(execution)
        self._forget(execution)

    # -- acks ------------------------------------------------------------------------------------

    def acked(self, _now: float, key: int, reply: object) -> None:
        """Take an accepted ack."""
        execution = self.executions.get(key)
        if execution is None or execution.outcome is None:
            return
        answer = reply if isinstance(reply, Mapping) else {}
        will_retry = answer.get("action") == "retry"
        outcome = execution.outcome
        retry_at = answer.get("retry_at")
        text = describe_end(execution.claim, outcome, will_retry=will_retry, retry_at=retry_at)
        failed = outcome.status == "failed"
        is_dead = failed and not will_retry and bool(execution.claim.job_type)
        self._note(
            execution,
            "job_finished",
            # One line per failure: the event below tells of the last one.
            DEBUG if is_dead else WARNING if failed else INFO,
            text,
            will_retry=will_retry,
            retry_at=retry_at if isinstance(retry_at, str) else None,
        )
        if is_dead:
            self._note(execution, "job_dead_lettered", ERROR, text, will_retry=False)
        self._forget(execution)

    def ack_failed(self, now: float, key: int, failure: Failure) -> None:
        """Take a failed ack: repeat it while the lease lasts, unless the answer was final."""
        execution = self.executions.get(key)
        if execution is None:
            return
        execution.ack_in_flight = False
        outcome = execution.outcome
        if failure.kind is FailureKind.REFUSED and outcome and outcome.status == "released":
            # An older server: let the attempt count rather than the lease run out.
            execution.outcome = Outcome("failed", outcome.error)
            self._send_ack(now, execution)
            return
        lease_end = execution.lease_end(self._plan)
        final = failure.kind in (FailureKind.LOST, FailureKind.REFUSED)
        if final or now >= lease_end:
            why = failure.message if final else f"the lease ended: {failure.message}"
            self._note(execution, "ack_given_up", ERROR, f"outcome not recorded: {why}")
            self._forget(execution)
            return
        wait = self._agenda.wait(self._plan.ack_backoff, execution.ack_tries, failure.retry_after)
        at = min(now + wait, lease_end)
        self._agenda.timers.set(("ack", key), at)
        message = f"ack failed, next try in {at - now:.1f} s: {failure.message}"
        self._note(execution, "ack_failed", WARNING, message, retry_in=at - now)

    def _end(self, now: float, execution: Execution, outcome: Outcome) -> None:
        execution.outcome = outcome
        if execution.ended_at is None:
            execution.ended_at = now
        self.acking += 1
        for subject in ("deadline", "interrupt"):
            self._agenda.timers.drop((subject, execution.key))
        if execution.unsent_progress is None:
            self._send_ack(now, execution)
            return
        execution.stage = Stage.FLUSHING
        self._agenda.timers.set(("ack", execution.key), now + self._plan.flush_limit)
        self._send_beat(now, execution)

    def _flushed(self, now: float, execution: Execution) -> None:
        if execution.stage is not Stage.FLUSHING:
            return
        if execution.unsent_progress is not None and execution.beat_failures == 0:
            self._send_beat(now, execution)
        else:
            self._send_ack(now, execution)

    def _send_ack(self, now: float, execution: Execution) -> None:
        outcome = execution.outcome
        assert outcome is not None  # only an execution that has ended gets here
        self._agenda.timers.drop(("ack", execution.key))
        execution.stage = Stage.ACKING
        execution.ack_in_flight = True
        execution.ack_tries += 1
        claim = execution.claim
        body = ack_body(
            claim.job_id,
            self._plan.worker_id,
            claim.attempt if claim.fenced else None,
            outcome,
            execution.elapsed(now),
        )
        self._agenda.emit(Ack(execution.key, body))

    # -- timers and bookkeeping ------------------------------------------------------------------

    def due(self, now: float, subject: str, key: int) -> None:
        """Act on a timer of one execution."""
        self._timer_handlers[subject](now, self.executions[key])

    def _forget(self, execution: Execution) -> None:
        if execution.outcome is not None:
            self.acking -= 1
        del self.executions[execution.key]
        for subject in self._timer_handlers:
            self._agenda.timers.drop((subject, execution.key))

    def _note(self, execution: Execution, name: str, level: int, text: str, **more: Any) -> None:
        claim = execution.claim
        outcome = execution.outcome
        fields: dict[str, Any] = {
            "job_id": claim.job_id,
            "job_type": claim.job_type,
            "attempt": claim.attempt,
            "max_attempts": claim.max_attempts,
            "reason": execution.reason,
        }
        if outcome is not None:
            fields["status"] = outcome.status
            fields["error"] = outcome.error
            fields["duration_seconds"] = execution.elapsed(0.0)
        message = f"job {claim.job_id} ({claim.job_type or 'unknown type'}): {text}"
        self._agenda.note(name, level, message, **{**fields, **more})
