"""Watching calls: one frozen record per attempt, handed to every hook.

A hook is any callable that takes an :class:`Attempt`.  It runs in the thread or task of the
call, after the attempt, so it should be quick; what it raises is logged and dropped, because a
metrics bug must not fail a payment.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from quintet.core.record import Record

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["Attempt", "Hook", "log_attempt"]

_DEBUG = 10
"""``logging.DEBUG``."""


class Attempt(Record):
    """What became of one attempt.  Holds no header, no body and no query string.

    A followed redirect is a record of its own with the number of the attempt it belongs to.  An
    attempt that was interrupted from outside (Ctrl-C, cancellation) leaves no record.

    Attributes:
        service: The service's name, such as ``"flare"``.
        operation: The SDK's name of the call.
        method: HTTP method.
        url: Scheme, host and path, without the query.
        number: 1 for the first attempt of the call.
        status: HTTP status, 0 if no head arrived.
        error: Class name of the failure, None if a whole answer arrived.
        progress: 0 nothing sent, 1 request sent, 2 response begun.
        elapsed: Seconds from the start of the attempt to its end.
        retry_in: Seconds until the next attempt, None if this was the last.
        request_id: The service's id of the request, if its answer named one.
        reason: What the failure says of itself, None if a whole answer arrived.
    """

    __slots__ = _fields = (
        "service",
        "operation",
        "method",
        "url",
        "number",
        "status",
        "error",
        "progress",
        "elapsed",
        "retry_in",
        "request_id",
        "reason",
    )
    service: str
    operation: str
    method: str
    url: str
    number: int
    status: int
    error: str | None
    progress: int
    elapsed: float
    retry_in: float | None
    request_id: str | None
    reason: str | None

    def __init__(
        self,
        service: str,
        operation: str,
        method: str,
        url: str,
        number: int,
        status: int,
        error: str | None,
        progress: int,
        elapsed: float,
        retry_in: float | None,
        request_id: str | None,
        reason: str | None = None,
    ) -> None:
        self._fill(
            service,
            operation,
            method,
            url,
            number,
            status,
            error,
            progress,
            elapsed,
            retry_in,
            request_id,
            reason,
        )


Hook = Callable[[Attempt], object]


@functools.cache
def _log() -> Logger:
    import logging

    return logging.getLogger("quintet")


def log_attempt(attempt: Attempt) -> None:
    """Write one line per attempt to the ``quintet`` logger, at debug level."""
    outcome = attempt.error or str(attempt.status)
    if attempt.reason:
        outcome += f" ({attempt.reason})"
    again = "" if attempt.retry_in is None else f", again in {attempt.retry_in:.3f} s"
    _log().debug(
        "%s %s %s -> %s in %.1f ms (attempt %d, request id %s%s)",
        attempt.service,
        attempt.method,
        attempt.url,
        outcome,
        attempt.elapsed * 1000,
        attempt.number,
        attempt.request_id or "-",
        again,
    )


def is_log_on() -> bool:
    """Tell whether attempts are to be written to the debug log."""
    # Whoever switched the log on has loaded ``logging``; nobody else needs to pay for it.
    return "logging" in sys.modules and _log().isEnabledFor(_DEBUG)


def report(hooks: tuple[Hook, ...], attempt: Attempt) -> None:
    """Hand ``attempt`` to each hook; a hook that raises is logged and passed over."""
    for hook in hooks:
        try:
            hook(attempt)
        except Exception:
            logger = _log()
            logger.exception("a hook of the %s client raised", attempt.service)
