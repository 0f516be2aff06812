"""Rate limits with headers on every answer.

A limiter is an object per service with one method; how it counts is its own affair. The one here,
:class:`MovingWindow`, allows so many requests in any stretch of the window's length. It counts in
sixty slots of the window, so its memory does not grow with the limit and a request is forgotten
at most one slot (a minute of an hour) too late, never too early.

Counts are kept by each process: with several server processes a project may send the limit to each.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from quintet_server.store.keys import Principal

__all__ = ["MovingWindow", "RateDecision", "RateLimiter"]

Headers = tuple[tuple[bytes, bytes], ...]

_SLOTS = 60


@dataclass(frozen=True, slots=True)
class RateDecision:
    """Whether a request may pass, and what the answer tells about the limit."""

    allowed: bool
    headers: Headers
    retry_after: int = 0
    details: Any = None


class RateLimiter(Protocol):
    """Counts a request and decides."""

    def check(self, principal: Principal, now: float) -> RateDecision:
        """``now``: seconds since the epoch, by the database's clock."""
        ...


class _Window:
    """The requests of one project: (start of slot, count), oldest first."""

    __slots__ = ("slots", "total")

    def __init__(self) -> None:
        self.slots: deque[list[float]] = deque()
        self.total = 0

    def forget_before(self, instant: float) -> None:
        slots = self.slots
        while slots and slots[0][0] <= instant:
            self.total -= int(slots.popleft()[1])

    def add(self, slot: float) -> None:
        if self.slots and self.slots[-1][0] >= slot:
            self.slots[-1][1] += 1
        else:
            self.slots.append([slot, 1])
        self.total += 1


class MovingWindow:
    """So many requests per project in any ``window_seconds``.

    ``limit_of(principal)`` returns the project's limit, or None for no limit; then the headers
    show ``unlimited_shown_as``, because clients read a number. Refused requests do not count.
    """

    def __init__(
        self,
        limit_of: Callable[[Principal], int | None],
        *,
        window_seconds: int = 3600,
        unlimited_shown_as: int = 2_147_483_647,
    ):
        self._limit_of = limit_of
        self._window = window_seconds
        self._slot = window_seconds / _SLOTS
        self._unlimited = str(unlimited_shown_as).encode()
        self._windows: dict[str, _Window] = {}

    def check(self, principal: Principal, now: float) -> RateDecision:
        """Count one request of the principal's project, if it may pass."""
        limit = self._limit_of(principal)
        if limit is None:
            return RateDecision(
                True, _headers(self._unlimited, self._unlimited, now + self._window)
            )
        window = self._windows.get(principal.project_id)
        if window is None:
            window = self._windows[principal.project_id] = _Window()
        slot = math.floor(now / self._slot) * self._slot
        window.forget_before(slot - self._slot - self._window)
        if window.total < limit:
            window.add(slot)
            left = limit - window.total
            return RateDecision(True, self._shown(limit, left, window, now))
        frees = window.slots[0][0] + self._window + self._slot if window.slots else now + 1
        return RateDecision(
            False,
            self._shown(limit, 0, window, now),
            retry_after=max(1, math.ceil(frees - now)),
            details={"limit": limit, "window_seconds": self._window},
        )

    def _shown(self, limit: int, left: int, window: _Window, now: float) -> Headers:
        oldest = window.slots[0][0] + self._slot if window.slots else now
        return _headers(str(limit).encode(), str(left).encode(), oldest + self._window)


def _headers(limit: bytes, remaining: bytes, reset: float) -> Headers:
    return (
        (b"x-ratelimit-limit", limit),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", str(math.ceil(reset)).encode()),
    )
