"""What a handler is given besides its payload: who it is, whether to stop, where to report."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zeridion_flare._worker_core.outcome import CANCELLED, LEASE_LOST, SHUTDOWN, TIMEOUT

__all__ = [
    "CancellationToken",
    "JobCancelledError",
    "JobContext",
    "PayloadError",
    "PermanentError",
]

_SENTENCES = {
    CANCELLED: "the job was cancelled",
    TIMEOUT: "the job ran longer than its timeout",
    SHUTDOWN: "the worker is shutting down",
    LEASE_LOST: "the job is no longer held by this worker",
}


class JobCancelledError(Exception):
    """Raised in a handler by :meth:`JobContext.raise_if_cancelled`: let it pass.

    Attributes:
        reason: ``"cancelled"``, ``"timeout"``, ``"shutdown"`` or ``"lease_lost"``.
    """

    def __init__(self, reason: str = CANCELLED) -> None:
        super().__init__(_SENTENCES.get(reason, reason))
        self.reason = reason


class PermanentError(Exception):
    """Raise it in a handler when another attempt is useless: the job fails for good at once."""


class PayloadError(PermanentError):
    """A payload does not fit the type its handler asks for; the message names the place.

    The worker raises it before it calls the handler. It is permanent: our decision, since the
    payload would not fit at the next attempt either.
    """

    # The name in error reports is part of the surface, whichever way the class was imported.
    __module__ = "zeridion_flare"


class CancellationToken:
    """Tells a handler that it should stop, and why. Safe to use from any thread or task.

    Stopping is cooperative: nothing can end a blocking function from outside. Async handlers are
    cancelled by the event loop if they have not stopped a few seconds after the token.
    """

    __slots__ = ("_callbacks", "_event", "_lock", "_reason", "_seen")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] = []
        self._reason: str | None = None
        self._seen = False

    @property
    def reason(self) -> str | None:
        """Why to stop; ``None`` while there is no reason to."""
        return self._reason

    def is_cancelled(self) -> bool:
        """Return whether to stop."""
        if self._event.is_set():
            self._seen = True
            return True
        return False

    def raise_if_cancelled(self) -> None:
        """Raise :class:`JobCancelledError` if the handler should stop."""
        if self.is_cancelled():
            raise JobCancelledError(self._reason or CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Block up to ``timeout`` seconds, or until told to stop; return whether to stop.

        A sleep that a shutdown cuts short: ``if ctx.cancellation.wait(5): return``.
        """
        self._event.wait(timeout)
        return self.is_cancelled()

    async def wait_async(self, timeout: float | None = None) -> bool:
        """Like :meth:`wait`, without blocking the event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        told = asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(told.set)

        self.on_cancel(tell)
        try:
            await asyncio.wait_for(told.wait(), timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            self._forget(tell)
        return self.is_cancelled()

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` once when told to stop; at once if that has happened.

        It runs in the worker's own thread or event loop: keep it short.
        """
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def cancel(self, reason: str = CANCELLED) -> None:
        """Tell the handler to stop; the first reason stays."""
        with self._lock:
            if self._event.is_set():
                return
            self._reason = reason
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @property
    def was_seen(self) -> bool:
        """Whether the handler has looked at the token since it was told to stop."""
        return self._seen

    def _forget(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def __repr__(self) -> str:
        return f"<CancellationToken {self._reason or 'not cancelled'}>"


@dataclass(frozen=True, slots=True)
class JobContext:
    """One execution of a job, as its handler sees it."""

    job_id: str
    job_type: str
    attempt: int
    """1 for the first attempt."""
    max_attempts: int
    enqueued_at: datetime | None
    """When the job was created, in UTC; ``None`` if the service sent no readable time."""
    payload: Any
    """The payload as it came, before it was turned into the handler's type."""
    logger: logging.LoggerAdapter[logging.Logger]
    """Adds job id, type and attempt to every record."""
    cancellation: CancellationToken
    tags: Mapping[str, str] = field(default_factory=dict)
    """The job's tags, where the service sends them to workers."""
    traceparent: str | None = None
    """The W3C trace context that the job was created with; ``None`` without one."""
    _report: Callable[[float], object] = field(default=lambda value: None, repr=False)

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job_id

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure now is final."""
        return self.attempt >= self.max_attempts

    def report_progress(self, value: float) -> None:
        """Report how far the job is, from 0 to 1. Never blocks, so call it as often as you like.

        Reports are collected and sent at most once a second; the last one is sent before the
        outcome. Progress only rises: a lower value is ignored, one above 1 counts as 1, and 0,
        negative values and NaN are dropped.
        """
        self._report(value)

    progress = report_progress

    def is_cancelled(self) -> bool:
        """Return whether to stop."""
        return self.cancellation.is_cancelled()

    def raise_if_cancelled(self) -> None:
        """Raise :class:`JobCancelledError` if the handler should stop."""
        self.cancellation.raise_if_cancelled()


def job_logger(job_id: str, job_type: str, attempt: int) -> logging.LoggerAdapter[logging.Logger]:
    """Return a logger whose records carry the job's identity."""
    return logging.LoggerAdapter(
        logging.getLogger("zeridion_flare.job"),
        {"job_id": job_id, "job_type": job_type, "attempt": attempt},
    )
