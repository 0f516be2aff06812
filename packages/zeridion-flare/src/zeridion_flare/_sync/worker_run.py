# Generated from zeridion_flare/_async/worker_run.py by tools/async_to_sync; edit the source and run scripts/fix.
"""One run of a worker: gives the core its time, its answers, and its threads or tasks.

The core is called under one lock and never waits; what it asks for is handed on at once: polls to
their own lane, other calls and handlers to theirs. One pump sleeps until the core's next instant.
So a worker has one timer for all its jobs and, beyond its handlers, a fixed number of threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from quintet._acompat import Event, spawn, wait_event
from zeridion_flare._daemon_threads import DaemonThreads
from zeridion_flare._failures import failure_of
from zeridion_flare._invocation import Around, Invocation, Redact, make_context
from zeridion_flare._worker_core.actions import (
    AbortPoll,
    Ack,
    Action,
    Beat,
    Cancel,
    Interrupt,
    Note,
    Poll,
    Register,
    Run,
    Stop,
)
from zeridion_flare._worker_core.core import Health, WorkerCore
from zeridion_flare._worker_core.outcome import Ending
from zeridion_flare.context import CancellationToken
from zeridion_flare.errors import FlareError

if TYPE_CHECKING:
    from zeridion_flare._sync.client import FlareClient
    from zeridion_flare._worker_core.events import WorkerEvent
    from zeridion_flare._worker_core.plan import WorkerPlan
    from zeridion_flare.handlers import JobRegistry

logger = logging.getLogger("zeridion_flare.worker")

POLL_MARGIN = 15.0
"""Seconds a poll may take beyond the time for which the server holds it."""
CALL_TIMEOUT = 15.0
"""Seconds for one heartbeat or ack: a slow one is better repeated while the lease lasts."""
LAST_MOMENT = 1.0
"""Seconds that cancelled tasks are given to clean up before they are abandoned."""
CALL_LANES = 16
"""Most threads that a threaded worker spends on heartbeats and acks."""


class WorkerRun:
    """Drives one core from begin to stop."""

    def __init__(
        self,
        plan: WorkerPlan,
        registry: JobRegistry,
        calls: FlareClient,
        polls: FlareClient,
        *,
        hooks: Iterable[Callable[[WorkerEvent], object]] = (),
        around: Sequence[Around] = (),
        redact: Redact | None = None,
        random: Callable[[], float],
        abortable: bool = True,
        owned: Sequence[FlareClient] = (),
    ) -> None:
        self._plan = plan
        self._registry = registry
        self._calls = calls.with_options(max_retries=0)
        self._polls = polls.with_options(max_retries=0)
        self._polls_owner = polls
        self._abortable = abortable
        self._owned = owned
        self._hooks = tuple(hooks)
        self._around = around
        self._redact = redact
        self._core = WorkerCore(plan, random)
        self._lock = threading.Lock()
        self._planned: float | None = None
        self._tokens: dict[int, CancellationToken] = {}
        self._interrupts: dict[int, Callable[[], object]] = {}
        self._exit_code: int | None = None
        self._wakeup = Event()
        self._done = Event()
        self._handlers = DaemonThreads(plan.concurrency, "flare-job")
        self._requests: list[tuple[str, float | None]] = []
        from zeridion_flare._loop_thread import LoopThread

        self._lanes = DaemonThreads(max(2, min(plan.concurrency, CALL_LANES)), "flare-call")
        self._poll_lane = DaemonThreads(1, "flare-poll")
        self._handler_loop = LoopThread("flare-async-jobs")

    # -- from outside ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Start; returns at once."""
        self._tell(self._core.begin)
        spawn(self._pump, name="flare-pump")

    def request_stop(self, grace: float | None = None) -> None:
        """Ask for an orderly end. Safe in a signal handler and from any thread."""
        self._requests.append(("stop", grace))
        self._wake()

    def request_force(self) -> None:
        """Ask for an end at once. Safe in a signal handler and from any thread."""
        self._requests.append(("force", None))
        self._wake()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end up to ``timeout`` seconds; return whether it has come."""
        return wait_event(self._done, timeout)

    @property
    def exit_code(self) -> int | None:
        """How it ended; ``None`` while it runs."""
        return self._exit_code if self._done.is_set() else None

    def health(self) -> Health:
        """Return the condition of the worker."""
        with self._lock:
            return self._core.health(self._now())

    # -- the core's time -------------------------------------------------------------------------

    def _pump(self) -> None:
        try:
            while self._exit_code is None:
                self._take_requests()
                self._tell(_nothing)
                if self._exit_code is None:
                    wait_event(self._wakeup, self._pause())
                self._wakeup.clear()
        finally:
            self._close()
            self._done.set()

    def _take_requests(self) -> None:
        while self._requests:
            kind, grace = self._requests.pop(0)
            if kind == "force":
                self._tell(self._core.force_stop)
            else:
                self._tell(self._core.shut_down, grace)

    def _pause(self) -> float | None:
        with self._lock:
            self._planned = self._core.next_wake()
            if self._planned is None:
                return None
            return max(0.0, self._planned - self._now())

    def _wake(self) -> None:
        self._wakeup.set()

    def _tell(self, event: Callable[..., object], *details: Any) -> None:
        """Tell the core what happened, and carry out what it asks for."""
        with self._lock:
            now = self._now()
            event(now, *details)
            later = self._carry_out(self._core.step(now))
            wake = self._core.next_wake()
            early = wake is not None and (self._planned is None or wake < self._planned)
        for call in later:
            call()
        if early:
            self._wake()

    @staticmethod
    def _now() -> float:
        return time.monotonic()

    # -- what the core asks for ------------------------------------------------------------------

    def _carry_out(self, actions: Iterable[Action]) -> list[Callable[[], object]]:
        """Start what can be started under the lock; return what runs code of others."""
        later: list[Callable[[], object]] = []
        for action in actions:
            if isinstance(action, Run):
                self._tokens[action.key] = token = CancellationToken()
                self._start_handler(action, token)
            elif isinstance(action, (Ack, Beat, Register)):
                self._start_call(self._call_for(action))
            elif isinstance(action, Poll):
                self._start_poll(action)
            elif isinstance(action, AbortPoll):
                later.append(self._abort_poll)
            elif isinstance(action, Cancel):
                later.append(partial(self._cancel, action))
            elif isinstance(action, Interrupt):
                later.append(partial(self._interrupt, action.key))
            elif isinstance(action, Note):
                later.append(partial(self._note, action.event))
            else:
                later.append(partial(self._stop, action))
        return later

    def _call_for(self, action: Ack | Beat | Register) -> Callable[[], None]:
        if isinstance(action, Ack):
            return partial(self._ack, action)
        if isinstance(action, Beat):
            return partial(self._beat, action)
        return partial(self._register, action)

    def _start_call(self, work: Callable[[], None]) -> None:
        self._lanes.submit(work)

    def _start_poll(self, action: Poll) -> None:
        self._poll_lane.submit(partial(self._poll, action))

    def _start_handler(self, action: Run, token: CancellationToken) -> None:
        claim = action.claim
        context = make_context(claim, token, partial(self._progress, action.key))
        definition = self._registry.get(claim.job_type)
        invocation = Invocation(definition, context, self._around, self._redact)
        self._handlers.submit(partial(self._handle, action.key, invocation))

    def _cancel(self, action: Cancel) -> None:
        token = self._tokens.get(action.key)
        if token is not None:
            token.cancel(action.reason)

    def _interrupt(self, key: int) -> None:
        interrupt = self._interrupts.get(key)
        if interrupt is not None:
            interrupt()

    def _abort_poll(self) -> None:
        if self._abortable:
            # Closing is what wakes a thread that blocks in a read; polls have their own client.
            closable: Any = self._polls_owner
            closable.close()

    def _note(self, event: WorkerEvent) -> None:
        logger.log(event.level, "%s", event.message, extra={"flare_event": event})
        if event.name == "job_finished" and event.error and event.error.stack_trace:
            logger.debug("job %s raised\n%s", event.job_id, event.error.stack_trace.rstrip())
        for hook in self._hooks:
            try:
                hook(event)
            except Exception:
                logger.exception("a hook of the worker raised on %s", event.name)

    def _stop(self, action: Stop) -> None:
        self._exit_code = action.exit_code
        self._wake()

    # -- lanes: each reports to the core what came of it -----------------------------------------

    def _poll(self, action: Poll) -> None:
        try:
            answer = self._polls.poll_workers(action.body, timeout=action.hold + POLL_MARGIN)
        except FlareError as error:
            self._tell(self._core.poll_failed, failure_of(error))
        else:
            self._tell(self._core.polled, answer)

    def _register(self, action: Register) -> None:
        try:
            self._calls.register_worker(action.body)
        except FlareError as error:
            self._tell(self._core.register_failed, failure_of(error))
        else:
            self._tell(self._core.registered)

    def _beat(self, action: Beat) -> None:
        try:
            answer = self._calls.heartbeat_worker(action.body, timeout=CALL_TIMEOUT)
        except FlareError as error:
            self._tell(self._core.beat_failed, action.key, failure_of(error))
        else:
            self._tell(self._core.beat_answered, action.key, answer)

    def _ack(self, action: Ack) -> None:
        try:
            reply = self._calls.ack_worker(action.body, timeout=CALL_TIMEOUT)
        except FlareError as error:
            self._tell(self._core.ack_failed, action.key, failure_of(error))
        else:
            self._tell(self._core.acked, action.key, reply)

    # -- handlers --------------------------------------------------------------------------------

    def _handle(self, key: int, invocation: Invocation) -> None:
        ending = self._handle_here(key, invocation)
        self._tokens.pop(key, None)
        self._interrupts.pop(key, None)
        self._tell(self._core.finished, key, ending)

    def _handle_here(self, key: int, invocation: Invocation) -> Ending:
        """Run a handler in this thread, an async one on the worker's private loop."""
        make: Callable[[], Any]
        if invocation.is_async:
            make = invocation.call_async
        else:
            result = invocation.call()
            if isinstance(result, Ending):
                return result
            make = partial(invocation.see_through, result)
        call = self._handler_loop.call(make)
        self._interrupts[key] = call.interrupt
        ending: Ending = call.result()
        return ending

    def _progress(self, key: int, value: float) -> None:
        """Take a report from whatever thread the handler runs in; the pump sees to the rest."""
        with self._lock:
            self._core.report_progress(self._now(), key, value)
            wake = self._core.next_wake()
            early = wake is not None and (self._planned is None or wake < self._planned)
        if early:
            self._wake()

    # -- the end ---------------------------------------------------------------------------------

    def _close(self) -> None:
        self._handlers.close()
        self._lanes.close()
        self._poll_lane.close()
        self._handler_loop.close()
        for client in self._owned:
            client.close()


def _nothing(now: float) -> None:
    """Nothing has happened but time."""
