"""A clock under a test's control."""

from __future__ import annotations

import threading
from collections.abc import Iterable

__all__ = ["FakeClock"]


class FakeClock:
    """A clock that stands still until something sleeps, or :meth:`advance` is called.

    Args:
        start: Epoch seconds at the beginning.
        randoms: What :meth:`random` returns, in turn; the last one for ever.  1.0 less a hair by
            default, so that jittered waits are their longest.

    Attributes:
        sleeps: Every span that was slept, in order.
    """

    def __init__(
        self, start: float = 1_700_000_000.0, randoms: Iterable[float] = (0.999999,)
    ) -> None:
        self._epoch = start
        self._elapsed = 0.0
        self._randoms = list(randoms)
        self._ids = 0
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._elapsed

    def time(self) -> float:
        """Return the fake time of day."""
        return self._epoch + self._elapsed

    def random(self) -> float:
        """Return the next of the given numbers."""
        return self._randoms.pop(0) if len(self._randoms) > 1 else self._randoms[0]

    def new_id(self) -> str:
        """Return ids that count up: the same in every run."""
        with self._lock:
            self._ids += 1
            return f"{self._ids:032x}"

    def advance(self, seconds: float) -> None:
        """Let time pass without a sleep being noted."""
        self._elapsed += seconds

    def sleep(self, seconds: float) -> None:
        """Pass the time at once, and note it."""
        self.sleeps.append(seconds)
        self._elapsed += seconds

    async def asleep(self, seconds: float) -> None:
        """Pass the time at once, and note it."""
        self.sleep(seconds)
