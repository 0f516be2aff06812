"""From how a handler ended and why it was told to stop, to what the server is told.

| stop reason | handler returned               | handler raised                   |
|-------------|--------------------------------|----------------------------------|
| none        | succeeded                      | failed (permanent if it says so) |
| cancelled   | cancelled                      | cancelled                        |
| timeout     | failed, ``JobTimeoutError``    | failed, ``JobTimeoutError``      |
| shutdown    | succeeded, unless it had seen  | failed; released if it only      |
|             | the token: then released       | obeyed the token                 |
| lease_lost  | nothing: the job is not ours   | nothing                          |

*Released* hands a job back for another attempt at once without using one up. It is an extension;
a server that does not know it is told ``failed`` instead, which costs the attempt.

A handler that returns after having *seen* a tripped token most likely stopped early; one which
never looked has done its work. Only the shutdown row needs the distinction: a timeout is a broken
promise and a cancel a wish of the caller, whatever the handler got done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

CANCELLED = "cancelled"
TIMEOUT = "timeout"
SHUTDOWN = "shutdown"
LEASE_LOST = "lease_lost"

MAX_TYPE_CHARS = 500
MAX_MESSAGE_CHARS = 4_000
MAX_STACK_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as the wire carries it, already cut to the sizes the service stores."""

    type: str
    message: str
    stack_trace: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a handler ended, as the driver saw it."""

    error: ErrorReport | None = None
    """``None`` when the handler returned."""
    permanent: bool = False
    """The error says that another attempt is useless."""
    obeyed: bool = False
    """The error is nothing but the answer to a tripped token."""
    saw_token: bool = False
    """The handler had looked at its tripped token."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is acknowledged. ``status`` is the wire's word."""

    status: str
    error: ErrorReport | None = None
    retryable: bool = True


def decide(ending: Ending, *, reason: str | None, elapsed: float, timeout: float) -> Outcome | None:
    """Return what to acknowledge, or ``None`` when the job is no longer this worker's."""
    if reason == LEASE_LOST:
        return None
    if reason == CANCELLED:
        return Outcome("cancelled", None if ending.obeyed else ending.error)
    if reason == TIMEOUT or (timeout and elapsed > timeout and reason != SHUTDOWN):
        return Outcome("failed", _timed_out(ending, elapsed, timeout))
    if reason == SHUTDOWN and (ending.obeyed or (ending.error is None and ending.saw_token)):
        return released(f"the handler stopped after {elapsed:.1f} s")
    if ending.error is not None:
        return Outcome("failed", ending.error, retryable=not ending.permanent)
    return Outcome("succeeded")


def ack_body(
    job_id: str, worker_id: str, attempt: int | None, outcome: Outcome, elapsed: float
) -> dict[str, Any]:
    """Return the ack request for an outcome; ``attempt`` fences it against a later claim."""
    body: dict[str, Any] = {
        "job_id": job_id,
        "worker_id": worker_id,
        "status": outcome.status,
        "duration_ms": max(0, int(elapsed * 1000)),
    }
    if attempt is not None:
        body["attempt"] = attempt
    if outcome.error is not None and outcome.status != "released":
        error: dict[str, Any] = {"type": outcome.error.type, "message": outcome.error.message}
        if outcome.error.stack_trace:
            error["stack_trace"] = outcome.error.stack_trace
        if not outcome.retryable:
            error["retryable"] = False
        body["error"] = error
    return body


def clamp_progress(value: object) -> float | None:
    """Return a reportable progress in (0, 1], or ``None`` for what the wire does not carry."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    if math.isnan(number) or number <= 0.0:
        return None
    return min(number, 1.0)


def cut_report(type_name: str, message: str, stack_trace: str | None) -> ErrorReport:
    """Return a report within the stored sizes; the end of a trace, where the error is, survives."""
    return ErrorReport(
        _sendable(type_name[:MAX_TYPE_CHARS]),
        _sendable(message[:MAX_MESSAGE_CHARS]),
        _cut_stack(stack_trace),
    )


def _sendable(text: str) -> str:
    """Replace halves of surrogate pairs, which no JSON can carry."""
    return text.encode("utf-8", "replace").decode()


def _cut_stack(stack_trace: str | None) -> str | None:
    if stack_trace is None:
        return None
    raw = stack_trace.encode("utf-8", "replace")
    if len(raw) <= MAX_STACK_BYTES:
        return raw.decode()
    mark = b"... (cut)\n"
    return (mark + raw[len(mark) - MAX_STACK_BYTES :]).decode("utf-8", "ignore")


def _timed_out(ending: Ending, elapsed: float, timeout: float) -> ErrorReport:
    message = f"the handler ran {elapsed:.1f} s; its limit is {timeout:g} s"
    if ending.error is None or ending.obeyed:
        return ErrorReport("JobTimeoutError", message)
    message = f"{message}; it then raised {ending.error.type}: {ending.error.message}"
    return cut_report("JobTimeoutError", message, ending.error.stack_trace)


def released(what_happened: str) -> Outcome:
    """Return the outcome that hands a job back; its error is for servers that cannot take it."""
    report = ErrorReport(
        "WorkerShutdownError", f"the worker shut down; {what_happened} and the job can run again"
    )
    return Outcome("released", report)
