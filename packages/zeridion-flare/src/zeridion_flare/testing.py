"""Testing handlers without a network, without waiting: the service's rules in memory.

::

    flare = LocalFlare(worker)  # any worker or JobRegistry
    job = flare.create_job(job_type="SendWelcomeEmail", payload={"email": "a@b.c"})
    flare.run_until_idle()
    assert flare.job(job["id"])["state"] == "succeeded"

Jobs run one after the other in the calling thread. Time is a number that jumps to the next retry
or ``run_at``, so a job with three attempts and minutes of back-off is over at once. What is not
played: leases, timeouts, several workers; those belong to a test against a real server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, cast

from zeridion_flare._bodies import new_job, trace_headers
from zeridion_flare._invocation import Invocation, make_context
from zeridion_flare._loop_thread import LoopThread
from zeridion_flare._worker_core.claims import Claim
from zeridion_flare._worker_core.outcome import CANCELLED, Ending, Outcome, clamp_progress, decide
from zeridion_flare.context import CancellationToken
from zeridion_flare.errors import ConflictError, FlareError, NotFoundError
from zeridion_flare.handlers import JobRegistry
from zeridion_flare.timestamps import format_timestamp, parse_timestamp
from zeridion_flare.types import TERMINAL_STATES, Job
from zeridion_flare.webhooks import sign_webhook

__all__ = ["LocalFlare", "TooManyRunsError", "sign_webhook"]

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
BACKOFF_BASE = timedelta(seconds=60)
BACKOFF_CAP = timedelta(hours=6)


class TooManyRunsError(FlareError):
    """Handlers enqueue jobs without end, or more than the test allowed for."""


class LocalFlare:
    """The service's job rules in memory: states, attempts, back-off, continuations, cancellation.

    Args:
        handlers: Whose handlers run: a worker or a :class:`~zeridion_flare.JobRegistry`.
        now: The virtual time at the beginning.

    Attributes:
        now: The virtual time.
        ended: The jobs that have reached a final state, in that order.
    """

    def __init__(self, handlers: JobRegistry, *, now: datetime = START) -> None:
        self._handlers = handlers
        self._jobs: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, CancellationToken] = {}
        self._progress: dict[str, list[float]] = {}
        self.now = now
        self.ended: list[Job] = []

    # -- the client's side -----------------------------------------------------------------------

    def create_job(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
        **fields: Any,
    ) -> Job:
        """Enqueue a job, as the client's method of this name does.

        Raises:
            NotFoundError: There is no job ``parent_job_id``.
            ConflictError: That job has failed.
        """
        request, key = new_job(body, fields, idempotency_key)
        trace_headers(traceparent)  # refuses what the client would refuse
        for job in self._jobs.values():
            if key is not None and job["_key"] == key:
                return self._shown(job)
        job = self._create(request, key)
        job["_traceparent"] = traceparent
        return self._shown(job)

    def trigger(self, job_type: str, payload: Any = None) -> Job:
        """Enqueue one run of a recurring job, as its schedule would."""
        return self.create_job(job_type=job_type, payload=payload)

    def job(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            NotFoundError: There is none with this id.
        """
        return self._shown(self._find(job_id))

    def jobs(self, *, state: str | None = None, job_type: str | None = None) -> list[Job]:
        """Return the jobs in the order of their creation."""
        return [
            self._shown(job)
            for job in self._jobs.values()
            if state in (None, job["state"]) and job_type in (None, job["job_type"])
        ]

    def progress(self, job_id: str) -> list[float]:
        """Return what the job's handler reported, over all attempts."""
        return list(self._progress.get(job_id, []))

    def cancel_job(self, job_id: str) -> Job:
        """Cancel a waiting job, or tell the handler of the running one to stop.

        Raises:
            ConflictError: The job has ended.
        """
        job = self._find(job_id)
        if job["state"] in TERMINAL_STATES:
            raise ConflictError(f"the job is {job['state']}", "invalid_state", status_code=409)
        if job["state"] == "processing":
            job["cancel_requested_at"] = format_timestamp(self.now)
            self._tokens[job_id].cancel(CANCELLED)
        else:
            self._end(job, "cancelled")
        return self._shown(job)

    def retry_job(self, job_id: str) -> Job:
        """Put a job that failed for good back, with all its attempts.

        Raises:
            ConflictError: The job has not failed for good.
        """
        job = self._find(job_id)
        if job["state"] not in ("dead_letter", "failed"):
            raise ConflictError(f"the job is {job['state']}", "invalid_state", status_code=409)
        job.update(state="pending", attempt=0, run_at=None, completed_at=None, progress=None)
        return self._shown(job)

    # -- the worker's side -----------------------------------------------------------------------

    def run_until_idle(self, *, max_runs: int = 1000) -> list[Job]:
        """Run jobs until none is left to run, jumping over waits; return those that ended.

        Args:
            max_runs: Handler calls after which something must be wrong.

        Raises:
            TooManyRunsError: There were more.
        """
        loop = LoopThread("flare-test")
        before = len(self.ended)
        try:
            for _ in range(max_runs):
                job = self._claim()
                if job is None:
                    return self.ended[before:]
                invocation = self._invocation(job)
                result: Ending | Awaitable[Any]
                if invocation.is_async:
                    result = cast("Ending", loop.call(invocation.call_async).result())
                else:
                    result = invocation.call()
                if not isinstance(result, Ending):
                    rest = loop.call(partial(invocation.see_through, result))
                    result = cast("Ending", rest.result())
                self._finish(job, result)
        finally:
            loop.close()
        raise TooManyRunsError(f"{max_runs} handlers ran and there is still work")

    async def run_until_idle_async(self, *, max_runs: int = 1000) -> list[Job]:
        """The same on the running event loop, for async tests."""
        before = len(self.ended)
        for _ in range(max_runs):
            job = self._claim()
            if job is None:
                return self.ended[before:]
            invocation = self._invocation(job)
            result = await invocation.call_async() if invocation.is_async else invocation.call()
            if not isinstance(result, Ending):
                result = await invocation.see_through(result)
            self._finish(job, result)
        raise TooManyRunsError(f"{max_runs} handlers ran and there is still work")

    # -- the rules -------------------------------------------------------------------------------

    def _create(self, request: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        parent = request.get("parent_job_id")
        waits = False
        if parent is not None:
            state = self._find(parent)["state"]
            if state in TERMINAL_STATES - {"succeeded"}:
                raise ConflictError(f"the parent is {state}", "parent_terminal", status_code=409)
            waits = state != "succeeded"
        run_at = parse_timestamp(request.get("run_at"))
        later = run_at is not None and run_at > self.now
        job = {
            "id": f"job_{len(self._jobs) + 1:026d}",
            "job_type": request["job_type"],
            "queue": request.get("queue", "default"),
            "state": "scheduled" if waits or later else "pending",
            "payload": request.get("payload", {}),
            "created_at": format_timestamp(self.now),
            "run_at": request.get("run_at"),
            "started_at": None,
            "completed_at": None,
            "attempt": 0,
            "max_attempts": request.get("max_attempts", 3),
            "timeout_seconds": request.get("timeout_seconds", 1800),
            "progress": None,
            "error": None,
            "error_message": None,
            "tags": request.get("tags"),
            "parent_job_id": parent,
            "cancel_requested_at": None,
            "_key": key,
            "_waits": waits,
        }
        self._jobs[job["id"]] = job
        return job

    def _claim(self) -> dict[str, Any] | None:
        """Return the next job to run, after a jump to its time; ``None`` when nothing is left."""
        known = {definition.job_type for definition in self._handlers.definitions()}
        ready = [
            (parse_timestamp(job["run_at"]) or self.now, number, job)
            for number, job in enumerate(self._jobs.values())
            if job["state"] in ("pending", "scheduled")
            and not job["_waits"]
            and job["job_type"] in known
        ]
        if not ready:
            return None
        due, _, job = min(ready, key=lambda entry: (max(entry[0], self.now), entry[1]))
        self.now = max(self.now, due)
        job.update(
            state="processing",
            attempt=job["attempt"] + 1,
            started_at=format_timestamp(self.now),
            progress=None,
        )
        return job

    def _invocation(self, job: dict[str, Any]) -> Invocation:
        token = self._tokens[job["id"]] = CancellationToken()
        claim = Claim(
            job["id"],
            job["job_type"],
            job["payload"],
            job["attempt"],
            max_attempts=job["max_attempts"],
            timeout_seconds=job["timeout_seconds"],
            enqueued_at=job["created_at"],
            tags=job["tags"] or {},
            traceparent=job["_traceparent"],
        )

        def report(value: float) -> None:
            progress = clamp_progress(value)
            if progress is not None and progress > (job["progress"] or 0.0):
                job["progress"] = progress
                self._progress.setdefault(job["id"], []).append(progress)

        return Invocation(self._handlers.get(job["job_type"]), make_context(claim, token, report))

    def _finish(self, job: dict[str, Any], ending: Ending) -> None:
        token = self._tokens.pop(job["id"])
        outcome = decide(ending, reason=token.reason, elapsed=0.0, timeout=0.0)
        assert outcome is not None  # only a lost lease has none
        if outcome.error is not None:
            job["error_message"] = outcome.error.message
            job["error"] = {
                "type": outcome.error.type,
                "message": outcome.error.message,
                "stack_trace": outcome.error.stack_trace,
            }
        if outcome.status != "failed":
            self._end(job, outcome.status)
        elif not self._may_retry(job, outcome):
            self._end(job, "dead_letter" if outcome.retryable else "failed")
        else:
            wait = min(BACKOFF_BASE * 2 ** (job["attempt"] - 1), BACKOFF_CAP)
            job.update(state="pending", run_at=format_timestamp(self.now + wait))

    def _may_retry(self, job: Mapping[str, Any], outcome: Outcome) -> bool:
        definition = self._handlers.get(job["job_type"])
        limit = definition.max_attempts if definition is not None else None
        within = limit is None or job["attempt"] < limit
        return outcome.retryable and within and bool(job["attempt"] < job["max_attempts"])

    def _end(self, job: dict[str, Any], state: str) -> None:
        job.update(state=state, completed_at=format_timestamp(self.now))
        self.ended.append(self._shown(job))
        for child in self._jobs.values():
            if child["parent_job_id"] != job["id"] or child["state"] != "scheduled":
                continue
            if state == "succeeded":
                child["_waits"] = False
            else:
                self._end(child, "cancelled")

    def _find(self, job_id: str) -> dict[str, Any]:
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFoundError("there is no such job", "job_not_found", status_code=404)
        return job

    @staticmethod
    def _shown(job: Mapping[str, Any]) -> Job:
        public = {name: value for name, value in job.items() if not name.startswith("_")}
        return cast("Job", public)
