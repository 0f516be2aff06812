# Generated from quintet/_async/polling.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Waiting for a state by looking again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from quintet.clock import Clock
from quintet.core.polling import PollSchedule
from quintet.errors import PollTimeout, QuintetError, TransportError

__all__ = ["poll_until"]

_PASSING = frozenset({408, 425, 429})

T = TypeVar("T")


def poll_until(
    look: Callable[[], T],
    done: Callable[[T], bool],
    schedule: PollSchedule,
    clock: Clock,
) -> T:
    """Look until ``done`` says so; return what was seen then.

    Failures that a later look may not meet (no connection, 408, 425, 429, 5xx) are put up with, as
    many in a row as the schedule allows; any other error ends the wait at once.

    Raises:
        PollTimeout: The schedule's deadline passed; ``last`` is the state last seen.
        QuintetError: A look failed for good.
    """
    last: T | None = None
    while True:
        hint: float | None = None
        try:
            last = look()
        except QuintetError as error:
            passing = isinstance(error, TransportError) or error.status in _PASSING
            if not (passing or error.status >= 500) or not schedule.failed():
                raise
            hint = error.retry_after
        else:
            schedule.looked()
            if done(last):
                return last
        delay = schedule.wait(clock.monotonic(), hint)
        if delay is None:
            raise PollTimeout("the awaited state did not come in time", last=last)
        clock.sleep(delay)
