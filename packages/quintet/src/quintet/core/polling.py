"""Polling: when to look again, when to stop looking."""

from __future__ import annotations

from quintet.core.deadline import Deadline
from quintet.errors import ConfigurationError

__all__ = ["PollSchedule"]


class PollSchedule:
    """The waits between two looks at a state that is still changing.

    Args:
        interval: First wait, in seconds, more than 0.
        max_interval: Longest wait; None for ``interval`` throughout.
        factor: Growth from wait to wait, at least 1.
        deadline: When to give up; no deadline by default.
        max_errors: Failed looks in a row to put up with; one network hiccup should not end a
            wait of an hour.
        reserve: Seconds before the deadline at which the last look is taken, so that there is
            time for its answer.

    Raises:
        ConfigurationError: A number is out of range.
    """

    def __init__(
        self,
        interval: float,
        max_interval: float | None = None,
        factor: float = 1.5,
        deadline: Deadline | None = None,
        max_errors: int = 5,
        reserve: float = 0.0,
    ) -> None:
        if interval <= 0 or factor < 1 or max_errors < 0 or reserve < 0:
            raise ConfigurationError(
                "polling needs interval > 0, factor >= 1, max_errors >= 0 and reserve >= 0"
            )
        self._interval = interval
        self._most = interval if max_interval is None else max(interval, max_interval)
        self._factor = factor
        self._deadline = deadline or Deadline()
        self._max_errors = max_errors
        self._reserve = reserve
        self._next = interval
        self._errors = 0

    def wait(self, now: float, server_hint: float | None = None) -> float | None:
        """Return the seconds to wait before the next look, None if there is no time for one.

        The last wait is cut short to end at the deadline, or ``reserve`` before it, so there is
        one last look then.

        Args:
            now: Monotonic seconds.
            server_hint: Seconds the service asked to wait; it is the least wait then.
        """
        left = self._deadline.remaining(now)
        if left is not None:
            left -= self._reserve
            if left <= 0:
                return None
        delay = self._next
        self._next = min(self._most, self._next * self._factor)
        if server_hint is not None:
            delay = max(delay, server_hint)
        return delay if left is None else min(delay, left)

    def changed(self) -> None:
        """Go back to the first interval: the state moved on, so it may soon move again."""
        self._next = self._interval

    def looked(self) -> None:
        """Note a look that succeeded: errors are counted in a row."""
        self._errors = 0

    def failed(self) -> bool:
        """Note a look that failed in passing; False if it was one too many."""
        self._errors += 1
        return self._errors <= self._max_errors
