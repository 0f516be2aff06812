"""One task that waits, for something to come or for its time to be over.

There is one timer, which is not moved while limits grow later, as those of one call after the other
do: it fires at the earliest of them, looks, and sets itself anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["OneWaiter"]

_NEVER = float("inf")


class OneWaiter:
    """What one task at most waits for.

    Args:
        loop: Where it waits.
        now: The clock in which time limits are given.
    """

    __slots__ = ("_loop", "_now", "_timer", "_timer_until", "_until", "_waiter")

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        self._loop = loop
        self._now = now
        self._waiter: asyncio.Future[None] | None = None
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_until = _NEVER

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def nudge(self) -> None:
        """Have the task look at what it waits for."""
        self._wake()

    def wait(self, until: float | None) -> asyncio.Future[None]:
        """Return what is done when something has come, or at ``until`` at the latest."""
        self._until = until
        if until is not None and until < self._timer_until:
            self._set_timer(until, until - self._now())
        self._waiter = waiter = self._loop.create_future()
        return waiter

    def _set_timer(self, until: float, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_until = until
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """See whether the limit of the moment is over; it may be a later one than the timer's."""
        self._stop_timer()
        if self._waiter is not None and self._until is not None:
            left = self._until - self._now()
            if left > 0:
                self._set_timer(self._until, left)
            else:
                self._wake()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_until = _NEVER

    def check(self, until: float | None, expired: type[Exception]) -> None:
        """Raise ``expired`` if the limit is over."""
        if until is not None and self._now() >= until:
            raise expired
