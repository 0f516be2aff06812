"""Workers inside the server: they claim from a lane, run a coroutine per job, and ack.

The same functions that serve remote workers, so leases, retries and recovery on another node come
for free. One task sends the heartbeats of all running jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.engines.work.model import Job, WorkError
from quintet_server.engines.work.queue import Queue
from quintet_server.store.background import end

_log = structlog.get_logger(__name__)

_DATABASE_AWAY = (psycopg.Error, PoolTimeout)
_PAUSE_SECONDS = 1.0
_CLEAN_UP_SECONDS = 10.0
_TRACE_MAX_CHARS = 8_000
_STOPPED = "stopped: cancellation was asked for, or the timeout has passed"


class PermanentFailure(Exception):
    """Raised by a handler: trying again is useless."""


class HandBack(Exception):
    """Raised by a handler: not now; the attempt does not count and the job waits."""

    def __init__(self, delay_seconds: float = 0.0) -> None:
        super().__init__(f"handed back for {delay_seconds} s")
        self.delay_seconds = delay_seconds


class TryAgain(Exception):
    """Raised by a handler: the attempt failed, and the next is not due before that many seconds.

    Stands for the job's own policy of waits. Whether there is a next attempt is decided as ever.
    """

    def __init__(self, message: str, delay_seconds: float) -> None:
        super().__init__(message)
        self.delay_seconds = delay_seconds


@dataclass(eq=False, slots=True)
class Running:
    """A job in the hands of a handler.

    `stop` is set when the handler should end: cancellation was asked for, the timeout has passed,
    or the lease is lost. `progress` (0–1) is sent along with the next heartbeat. `has_ended`: the
    handler has, and what became of it is being reported.
    """

    job: Job
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    progress: float | None = None
    is_lost: bool = False
    has_ended: bool = False


Handler = Callable[[Running], Awaitable[None]]
# What became of an attempt: given back, or (status, error, retryable, wait before the next).
Outcome = HandBack | tuple[str, dict[str, Any] | None, bool, float | None]


class LaneWorker:
    """Runs `handler` for every job of a lane, at most `concurrency` at a time.

    Returning means success. :class:`PermanentFailure` fails for good, :class:`HandBack` gives the
    job back, any other exception is a failed attempt (:class:`TryAgain` says when to go on). A
    handler that must stop is cancelled; its job ends cancelled if that was asked for, and otherwise
    has failed an attempt by its timeout.
    """

    def __init__(
        self,
        queue: Queue,
        lane: str,
        handler: Handler,
        *,
        concurrency: int,
        queues: Sequence[str] = ("default",),
        job_types: Sequence[str] | None = None,
    ) -> None:
        self.worker_id = queue.in_process_worker_id()
        self._queue = queue
        self._lane = lane
        self._queues = queues
        self._job_types = job_types
        self._handler = handler
        self._concurrency = concurrency
        # Not by job: one that was taken from us may come back while its first handler still ends.
        self._running: dict[Running, asyncio.Task[None]] = {}
        self._slot_free = asyncio.Event()
        self._stopping = asyncio.Event()
        self._interrupt = asyncio.Event()  # a claim that waits should look around
        self._claims: asyncio.Task[None] | None = None
        self._beats: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._unsubscribe: tuple[Callable[[], None], ...] = ()

    def start(self) -> None:
        """Begin to claim."""
        self._unsubscribe = (
            self._queue.bus.subscribe("work_cancel", self._cancel_asked),
            self._queue.bus.subscribe("clock", lambda _: self._cancel_asked(None)),
        )
        self._claims = asyncio.create_task(self._claim_loop(), name=f"{self._lane}-claims")
        self._beats = asyncio.create_task(self._beat_loop(), name=f"{self._lane}-heartbeats")

    def serve(self, queues: Sequence[str]) -> None:
        """Claim from these queues from now on; what has been claimed goes on."""
        if set(queues) != set(self._queues):
            self._queues = tuple(queues)
            self._interrupt.set()

    async def stop(self, drain_seconds: float | None = None) -> None:
        """Claim nothing more; let running jobs end within the drain time, hand back the rest."""
        grace = (
            self._queue.settings.worker_drain_seconds if drain_seconds is None else drain_seconds
        )
        self._stopping.set()
        self._interrupt.set()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._claims is None or self._beats is None:
            return
        await self._claims
        jobs = list(self._running.values())
        if jobs:
            _, unfinished = await asyncio.wait(jobs, timeout=grace)
            await end(*unfinished, patience_seconds=_CLEAN_UP_SECONDS)
        await end(self._beats)
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def _claim_loop(self) -> None:
        while not self._stopping.is_set():
            if self._queue.is_closed:  # the process is about to stop this worker too
                await self._stopping.wait()
                return
            free = self._concurrency - len(self._running)
            if free <= 0:
                self._slot_free.clear()
                await self._first_of(self._slot_free.wait())
                continue
            self._interrupt.clear()
            try:
                jobs = await self._queue.claim_wait(
                    self._lane,
                    self._queues,
                    worker_id=self.worker_id,
                    capacity=free,
                    job_types=self._job_types,
                    gone=self._interrupt,
                )
            except _DATABASE_AWAY:
                await self._first_of(asyncio.sleep(_PAUSE_SECONDS))
                continue
            for job in jobs:
                running = Running(job)
                task = asyncio.create_task(self._run(running), name=job.id)
                self._running[running] = task

    async def _first_of(self, awaitable: Awaitable[Any]) -> None:
        """Wait for this, or for the order to stop."""
        tasks = [asyncio.ensure_future(awaitable), asyncio.ensure_future(self._stopping.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    async def _run(self, running: Running) -> None:
        job = running.job
        started = time.monotonic()
        try:
            outcome = await self._outcome(running)
            running.has_ended = True
            duration_ms = round((time.monotonic() - started) * 1000)
            if not running.is_lost:
                await self._tell(job, outcome, duration_ms)
        finally:
            del self._running[running]
            self._slot_free.set()

    async def _tell(self, job: Job, outcome: Outcome, duration_ms: int) -> None:
        """Report an outcome, again and again while the database is away.

        Leases can be long ones as long as this process lives, so it must not forget a job it
        holds. Only when it stops does it leave that to the others.
        """
        while True:
            try:
                await self._report(job, outcome, duration_ms)
            except WorkError as error:
                _log.warning("job_not_acknowledged", job=job.id, error=str(error))
            except _DATABASE_AWAY as error:
                _log.warning("job_not_acknowledged", job=job.id, error=str(error).strip())
                if not self._stopping.is_set():
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
            return

    async def _report(self, job: Job, outcome: Outcome, duration_ms: int) -> None:
        if isinstance(outcome, HandBack):
            await self._queue.release(
                self._lane,
                job.id,
                self.worker_id,
                job.attempt,
                delay_seconds=outcome.delay_seconds,
            )
        else:
            status, error, retryable, delay_seconds = outcome
            if delay_seconds is not None:
                await self._queue.put_off(job, delay_seconds)
            await self._queue.ack(
                self._lane,
                job.id,
                self.worker_id,
                status,
                attempt=job.attempt,
                duration_ms=duration_ms,
                error=error,
                retryable=retryable,
            )

    async def _outcome(self, running: Running) -> Outcome:
        try:
            await self._handler(running)
        except asyncio.CancelledError as error:
            if not running.stop.is_set():
                return HandBack()  # this worker stops, not the job
            # Failed, says the worker; after a request to cancel the queue makes it cancelled.
            return "failed", _describe(error, _STOPPED), True, None
        except HandBack as order:
            return order
        except Exception as error:
            delay_seconds = error.delay_seconds if isinstance(error, TryAgain) else None
            is_retryable = not isinstance(error, PermanentFailure)
            return "failed", _describe(error), is_retryable, delay_seconds
        return "succeeded", None, True, None

    async def _beat_loop(self) -> None:
        while True:
            await asyncio.sleep(self._beat_period())
            beats = [self._beat(running) for running in list(self._running)]
            await asyncio.gather(*beats)

    def _beat_period(self) -> float:
        """A third of the shortest lease in hand, at most the configured period."""
        windows = self._queue.windows
        leases = (windows.first(one.job.timeout_seconds) for one in self._running)
        return min(self._queue.settings.worker_heartbeat_seconds, *(x / 3 for x in leases), 3600.0)

    async def _beat(self, running: Running) -> None:
        job = running.job
        try:
            answer = await self._queue.heartbeat(
                self._lane,
                job.id,
                self.worker_id,
                progress=running.progress,
                attempt=job.attempt,
            )
        except WorkError:
            running.is_lost = True
            answer = "cancel"
        except _DATABASE_AWAY:
            return
        if answer == "cancel" and not running.stop.is_set():
            running.stop.set()
            if running.has_ended:
                return  # its report may wait for its turn, and nobody else would make it
            with contextlib.suppress(KeyError):
                self._running[running].cancel()

    def _cancel_asked(self, job_id: str | None) -> None:
        """Ask at once whether it concerns us, rather than at the next heartbeat.

        None: it may concern any job; the clock was moved, or notifications may have been lost.
        """
        for running in list(self._running):
            if job_id is None or running.job.id == job_id:
                task = asyncio.create_task(self._beat(running))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)


def _describe(error: BaseException, message: str = "") -> dict[str, Any]:
    trace = "".join(traceback.format_exception(error))
    return {
        "type": type(error).__name__,
        "message": message or str(error),
        "stack_trace": trace[-_TRACE_MAX_CHARS:],
    }
