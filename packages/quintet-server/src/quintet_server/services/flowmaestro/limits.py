"""Rate limits: so many requests per key in each minute and in each UTC day.

Windows are fixed: they begin with the minute and at midnight UTC. Every request with a valid key
counts, refused ones too. Counts are kept by each process.
"""

from __future__ import annotations

from collections.abc import Callable

from quintet_server.http.rate_limit import Headers, RateDecision
from quintet_server.store.keys import Principal

_MINUTE = 60
_DAY = 86_400
# The counters of finished windows are dropped when this many keys have one.
_SWEEP_COUNT = 10_000


class FixedWindows:
    """`limits_of(principal)` returns (per minute, per day)."""

    def __init__(self, limits_of: Callable[[Principal], tuple[int, int]]) -> None:
        self._limits_of = limits_of
        self._counts: dict[str, list[int]] = {}  # key → [minute, count, day, count]

    def check(self, principal: Principal, now: float) -> RateDecision:
        """Count one request; the minute is looked at before the day."""
        per_minute, per_day = self._limits_of(principal)
        minute, day = int(now // _MINUTE), int(now // _DAY)
        count = self._count(principal.key_id, minute, day)
        headers = _headers(per_minute, count[1], per_day, count[3], (minute + 1) * _MINUTE)
        if count[1] > per_minute:
            return _refusal(headers, per_minute, "minute", (minute + 1) * _MINUTE - now)
        if count[3] > per_day:
            return _refusal(headers, per_day, "day", (day + 1) * _DAY - now)
        return RateDecision(True, headers)

    def _count(self, key_id: str, minute: int, day: int) -> list[int]:
        count = self._counts.get(key_id)
        if count is None:
            if len(self._counts) >= _SWEEP_COUNT:
                self._counts = {k: c for k, c in self._counts.items() if c[2] == day}
            count = self._counts[key_id] = [minute, 0, day, 0]
        if count[0] != minute:
            count[0:2] = minute, 0
        if count[2] != day:
            count[2:4] = day, 0
        count[1] += 1
        count[3] += 1
        return count


def _headers(per_minute: int, used: int, per_day: int, used_today: int, reset: int) -> Headers:
    return (
        (b"x-ratelimit-limit", str(per_minute).encode()),
        (b"x-ratelimit-remaining", str(max(0, per_minute - used)).encode()),
        (b"x-ratelimit-reset", str(reset).encode()),
        (b"x-ratelimit-limit-day", str(per_day).encode()),
        (b"x-ratelimit-remaining-day", str(max(0, per_day - used_today)).encode()),
    )


def _refusal(headers: Headers, limit: int, window: str, seconds: float) -> RateDecision:
    retry_after = max(1, -int(-seconds // 1))
    details = {"limit": limit, "window": window, "retry_after": retry_after}
    return RateDecision(False, headers, retry_after=retry_after, details=details)
