"""The bound of a whole call: attempts, waits and body together."""

from __future__ import annotations

from quintet.core.record import Record

__all__ = ["Deadline"]


class Deadline(Record):
    """A moment on the monotonic clock, or none.

    Attributes:
        at: Monotonic seconds, or None for "no deadline".
    """

    __slots__ = _fields = ("at",)
    at: float | None

    def __init__(self, at: float | None = None) -> None:
        self._fill(at)

    @classmethod
    def after(cls, seconds: float | None, now: float) -> Deadline:
        """Return the deadline so many seconds from now; None means there is none."""
        return cls(None if seconds is None else now + seconds)

    def remaining(self, now: float) -> float | None:
        """Return the seconds left, 0.0 if it has passed, None if there is no deadline."""
        return None if self.at is None else max(0.0, self.at - now)

    def expired(self, now: float) -> bool:
        """Return True once the deadline has come."""
        return self.at is not None and now >= self.at

    def attempt_timeout(self, timeout: float | None, now: float) -> float | None:
        """Return the time an attempt may take: its own timeout or what is left, the smaller."""
        left = self.remaining(now)
        if timeout is None:
            return left
        return timeout if left is None else min(timeout, left)
