# Generated from zeridion_flare/_async/worker.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The worker: handlers in, jobs done."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from zeridion_flare._identity import local_hostname, make_worker_id
from zeridion_flare._sync.client import FlareClient
from zeridion_flare._sync.worker_run import WorkerRun
from zeridion_flare._version import __version__
from zeridion_flare._worker_core.core import EXIT_CLEAN, Health
from zeridion_flare._worker_core.events import EVENT_NAMES, WorkerEvent
from zeridion_flare._worker_core.plan import WorkerPlan
from zeridion_flare.errors import FlareConfigurationError
from zeridion_flare.handlers import JobRegistry

if TYPE_CHECKING:
    from typing_extensions import Self

    from zeridion_flare._invocation import Around, Redact

__all__ = ["FlareWorker"]

H = TypeVar("H", bound=Callable[[WorkerEvent], object])

UNABORTABLE_HOLD = 5.0
"""How long a poll may be held that cannot be broken off: it bounds how late a stop can be."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class FlareWorker(JobRegistry):
    """Runs jobs: claims them, calls their handlers, keeps their leases, reports how they ended.

    Example::

        worker = FlareWorker()  # FLARE_API_KEY from the environment


        @worker.job("SendWelcomeEmail", queue="email", timeout=60)
        def send_welcome(payload: dict, ctx: JobContext) -> None:
            ...
            ctx.report_progress(0.5)


        @worker.recurring("NightlyCleanup", cron="0 3 * * *", timezone="Europe/Berlin")
        def nightly() -> None: ...


        raise SystemExit(worker.run())

    Delivery is at least once: a handler whose outcome could not be recorded runs again, so
    handlers should be idempotent.

    Args:
        api_key: The key; the environment variable ``FLARE_API_KEY`` without it.
        base_url: The service; ``FLARE_BASE_URL`` without it.
        client: A client to use instead; it stays open when the worker stops.
        handlers: A registry whose handlers this worker takes over.
        queues: Which queues to poll; those of the handlers unless given.
        concurrency: Handlers at work at the same time.
        poll_wait: Seconds for which the service may hold a poll open, 0 to 30.
        heartbeat_interval: Seconds between heartbeats, at most 15, whatever a job's timeout: a
            cancellation arrives within it.
        default_timeout: Seconds for a job that names no timeout.
        shutdown_grace: Seconds from the request to stop to the end. Handlers are left alone for
            most of it, told to stop for the last part (5 seconds, or a third of a shorter grace),
            and what runs even then is abandoned: it is redelivered when its lease ends.
        interrupt_delay: Seconds from telling an async handler to stop until its task is
            cancelled. Blocking handlers cannot be interrupted.
        worker_id: 1 to 200 of ``A-Z a-z 0-9 _ -``; made from host, process and chance unless given.
        hostname: What the service shows as this worker's machine.
        hooks: Called with every :class:`~zeridion_flare.WorkerEvent`; see also :meth:`on`.
        around: Context managers to enter around every handler, made from its context: for
            tracing, log context, database sessions.
        redact: Changes an error report before it leaves the process.

    Raises:
        FlareConfigurationError: There is no key, or an option is out of its range.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        client: FlareClient | None = None,
        handlers: JobRegistry | None = None,
        queues: Iterable[str] | None = None,
        concurrency: int = 10,
        poll_wait: float = 30.0,
        heartbeat_interval: float = 10.0,
        default_timeout: float = 1800.0,
        shutdown_grace: float = 30.0,
        interrupt_delay: float = 5.0,
        worker_id: str | None = None,
        hostname: str | None = None,
        hooks: Iterable[Callable[[WorkerEvent], object]] = (),
        around: Iterable[Around] = (),
        redact: Redact | None = None,
    ) -> None:
        super().__init__()
        _check_range("concurrency", concurrency, 1, 1000)
        _check_range("poll_wait", poll_wait, 0, 30)
        _check_range("heartbeat_interval", heartbeat_interval, 0.01, 15)
        _check_range("default_timeout", default_timeout, 0.01, 86_400)
        _check_range("shutdown_grace", shutdown_grace, 0, 86_400)
        _check_range("interrupt_delay", interrupt_delay, 0, 86_400)
        if client is not None and (api_key is not None or base_url is not None):
            raise FlareConfigurationError("give a client, or api_key and base_url, not both")
        self._given_client = client
        self._address = (api_key, base_url)
        if client is None:
            FlareClient(api_key, base_url)  # fails here, not in the background, without a key
        if handlers is not None:
            self.include(handlers)
        self._queues = None if queues is None else tuple(queues)
        self._settings: dict[str, Any] = {
            "concurrency": concurrency,
            "heartbeat_interval": heartbeat_interval,
            "default_timeout": default_timeout,
            "shutdown_grace": shutdown_grace,
            "interrupt_delay": interrupt_delay,
        }
        self._poll_wait = poll_wait
        self._hostname = local_hostname() if hostname is None else hostname
        self._given_id = None if worker_id is None else _check_id(worker_id)
        self._made_id = (os.getpid(), make_worker_id(self._hostname))
        self._hooks = list(hooks)
        self._around = tuple(around)
        self._redact = redact
        self._run: WorkerRun | None = None

    @property
    def worker_id(self) -> str:
        """This worker's name on the wire: the same for the life of the process."""
        if self._given_id is not None:
            return self._given_id
        if self._made_id[0] != os.getpid():
            self._made_id = (os.getpid(), make_worker_id(self._hostname))
        return self._made_id[1]

    def on(self, name: str) -> Callable[[H], H]:
        """Register the decorated function for one kind of event and return it unchanged.

        Example::

            @worker.on("job_dead_lettered")
            def alarm(event: WorkerEvent) -> None: ...

        Raises:
            FlareConfigurationError: There is no event of this name.
        """
        if name not in EVENT_NAMES:
            raise FlareConfigurationError(f"no event {name!r}; there are {', '.join(EVENT_NAMES)}")

        def decorate(hook: H) -> H:
            def only(event: WorkerEvent) -> None:
                if event.name == name:
                    hook(event)

            self._hooks.append(only)
            return hook

        return decorate

    # -- running ---------------------------------------------------------------------------------

    def run(self, *, handle_signals: bool = True) -> int:
        """Work until told to stop, and return the exit code for the process.

        SIGINT and SIGTERM begin an orderly stop; a second one ends the worker at once. The
        handlers that were there before are put back at the end.

        Args:
            handle_signals: False leaves signals alone; needed outside the main thread.

        Returns:
            0 after an orderly stop, 1 if the key was refused for good, 3 if jobs had to be
            abandoned.

        Raises:
            FlareConfigurationError: There are no handlers, the worker runs already, or signals
                are to be handled outside the main thread.
        """
        if handle_signals and threading.current_thread() is not threading.main_thread():
            raise FlareConfigurationError(
                "signals can be handled in the main thread only: use run(handle_signals=False), "
                "or start() and stop()"
            )
        self.start()
        with _signals_to(self._running()) if handle_signals else _no_signals():
            return self._see_through()

    def run_until_idle(self) -> int:
        """Work until no job is waiting and none is at work; return the exit code.

        For tests and for batch runs. A job whose retry is due later is not waited for.
        """
        self._begin(stop_when_idle=True)
        return self._see_through()

    def start(self) -> None:
        """Begin to work beside the caller; :meth:`stop` ends it. A stopped worker may start again.

        Raises:
            FlareConfigurationError: There are no handlers, or the worker runs already.
        """
        self._begin(stop_when_idle=False)

    def stop(self, grace: float | None = None) -> int:
        """Stop in order and return the exit code; see ``shutdown_grace``. Stopped is stopped.

        Args:
            grace: Seconds, instead of ``shutdown_grace``. 0 tells handlers and leaves.
        """
        if self._run is None:
            return EXIT_CLEAN
        self._run.request_stop(grace)
        self._run.wait()
        return self._code()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the worker has ended, up to ``timeout`` seconds; return whether it has."""
        return self._run is None or self._run.wait(timeout)

    def health(self) -> Health | None:
        """Return the worker's condition; ``None`` before its first start."""
        return None if self._run is None else self._run.health()

    @property
    def exit_code(self) -> int | None:
        """How the last run ended; ``None`` while it lasts and before the first."""
        return None if self._run is None else self._run.exit_code

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- parts -----------------------------------------------------------------------------------

    def _see_through(self) -> int:
        run = self._running()
        try:
            run.wait()
        except BaseException:
            run.request_force()
            run.wait(1.0)
            raise
        return self._code()

    def _begin(self, *, stop_when_idle: bool) -> None:
        if self._run is not None and self._run.exit_code is None:
            raise FlareConfigurationError("the worker runs already")
        if not len(self):
            raise FlareConfigurationError("register at least one handler before starting")
        clients = self._clients()
        calls, polls = clients[0], clients[-1]
        abortable = calls is not polls
        hold = self._poll_wait if abortable else min(self._poll_wait, UNABORTABLE_HOLD)
        self._run = WorkerRun(
            self._plan(hold, stop_when_idle),
            self,
            calls,
            polls,
            hooks=self._hooks,
            around=self._around,
            redact=self._redact,
            random=random.random,
            abortable=abortable,
            owned=[client for client in clients if client is not self._given_client],
        )
        self._run.begin()

    def _clients(self) -> Sequence[FlareClient]:
        """Return the client for calls and the one for polls, which may be one and the same."""
        if self._given_client is None:
            calls = FlareClient(*self._address)
        else:
            calls = self._given_client
        polls = calls.with_own_connections()
        return [calls] if polls is None else [calls, polls]

    def _plan(self, hold: float, stop_when_idle: bool) -> WorkerPlan:
        definitions = self.definitions()
        queues = self._queues or self.queues()
        job_types = tuple(d.job_type for d in definitions)
        body: dict[str, Any] = {
            "worker_id": self.worker_id,
            "queues": list(queues),
            "job_types": list(job_types),
            "hostname": self._hostname,
            "sdk_version": __version__,
        }
        schedules = [d.schedule() for d in definitions if d.is_recurring]
        if schedules:
            body["recurring_schedules"] = schedules
        return WorkerPlan(
            worker_id=self.worker_id,
            queues=queues,
            job_types=job_types,
            register_body=body,
            hold=hold,
            timeouts={d.job_type: d.timeout for d in definitions if d.timeout is not None},
            attempt_limits={
                d.job_type: d.max_attempts for d in definitions if d.max_attempts is not None
            },
            stop_when_idle=stop_when_idle,
            **self._settings,
        )

    def _running(self) -> WorkerRun:
        if self._run is None:
            raise FlareConfigurationError("the worker has not been started")
        return self._run

    def _code(self) -> int:
        code = self._running().exit_code
        return EXIT_CLEAN if code is None else code

    def __repr__(self) -> str:
        return f"{type(self).__name__}(worker_id={self.worker_id!r}, handlers={len(self)})"


@contextmanager
def _signals_to(run: WorkerRun) -> Iterator[None]:
    """Turn the first signal into an orderly stop and later ones into a forced end."""
    seen = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            run.request_stop()
        else:
            run.request_force()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old if old is not None else signal.SIG_DFL)


@contextmanager
def _no_signals() -> Iterator[None]:
    yield


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise FlareConfigurationError(f"{name} must be a number from {least:g} to {most:g}")


def _check_id(worker_id: str) -> str:
    allowed = all(char.isascii() and (char.isalnum() or char in "_-") for char in worker_id)
    if not allowed or not 1 <= len(worker_id) <= 200:
        raise FlareConfigurationError("worker_id must be 1 to 200 of A-Z a-z 0-9 _ -")
    return worker_id
