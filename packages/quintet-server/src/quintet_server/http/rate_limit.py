"""Rate limits with headers on every answer.

A limiter is an object per service with one method; how it counts is its own affair. Two are here.
:class:`MovingWindow` allows so many requests in any stretch of the window's length. It counts in
sixty slots of the window, so its memory does not grow with the limit and a request is forgotten
at most one slot (a minute of an hour) too late, never too early. :class:`TokenBucket` lets a client
that was quiet send many at once, and then as many as flow in.

Counts are kept by each process: with several server processes a project may send the limit to each.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from quintet_server.store.keys import Principal

__all__ = ["MovingWindow", "RateDecision", "RateLimiter", "TokenBucket", "limit_headers"]

Headers = tuple[tuple[bytes, bytes], ...]

_SLOTS = 60
# Keys whose buckets are kept; a full bucket is the same as none.
_BUCKETS = 10_000
_UNLIMITED = b"2147483647"


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
                True, limit_headers(self._unlimited, self._unlimited, now + self._window)
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
        return limit_headers(str(limit).encode(), str(left).encode(), oldest + self._window)


def limit_headers(limit: bytes, remaining: bytes, reset: float) -> Headers:
    """The three headers; `reset` in seconds since the epoch, rounded up."""
    return (
        (b"x-ratelimit-limit", limit),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", str(math.ceil(round(reset, 3))).encode()),
    )


class TokenBucket:
    """So many tokens per key; each request takes one, and all flow back within the period.

    ``limit_of(principal)`` returns how many, 0 for no limit; the headers then show a number that
    nobody reaches, because clients read a number. Refused requests take nothing.
    """

    def __init__(self, limit_of: Callable[[Principal], int], *, period_seconds: float = 60.0):
        self._limit_of = limit_of
        self._period = period_seconds
        # Per key: what was missing from a full bucket, and when.
        self._missing: dict[str, tuple[float, float]] = {}

    def check(self, principal: Principal, now: float) -> RateDecision:
        """Take a token from the principal's bucket, if there is one."""
        limit = self._limit_of(principal)
        if limit <= 0:
            return RateDecision(True, limit_headers(_UNLIMITED, _UNLIMITED, now))
        each = self._period / limit
        missing, at = self._missing.get(principal.key_id, (0.0, now))
        missing = min(float(limit), max(0.0, missing - max(0.0, now - at) / each))
        allowed = missing + 1 <= limit
        if allowed:
            missing += 1
        if len(self._missing) >= _BUCKETS and principal.key_id not in self._missing:
            self._forget_full(now)
        self._missing[principal.key_id] = (missing, now)
        left = str(math.floor(limit - missing)).encode()
        headers = limit_headers(str(limit).encode(), left, now + missing * each)
        if allowed:
            return RateDecision(True, headers)
        return RateDecision(
            False,
            headers,
            retry_after=max(1, math.ceil(round((missing + 1 - limit) * each, 6))),
            details={"limit": limit, "window_seconds": self._period},
        )

    def _forget_full(self, now: float) -> None:
        """Drop what has filled up by now, whatever its pace; of the others the oldest half."""
        kept = [each for each in self._missing.items() if now - each[1][1] < self._period]
        kept.sort(key=lambda each: each[1][1])
        self._missing = dict(kept[-_BUCKETS // 2 :])
