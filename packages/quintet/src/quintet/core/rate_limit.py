"""Rate-limit headers, in every dialect we meet.

Per request: ``X-RateLimit-Limit/-Remaining/-Reset``, the same with ``X-Rate-Limit-`` or
``RateLimit-`` in front, the combined ``RateLimit: limit=100, remaining=5, reset=30`` and the IETF
draft's ``RateLimit: "name";r=5;t=30`` with ``RateLimit-Policy: "name";q=100;w=60``.  Resets come as
epoch seconds, epoch milliseconds, seconds from now, or a timestamp.  Every answer passes through
here, so the common case of no such header costs a few dictionary look-ups.
"""

from __future__ import annotations

from quintet.core.headers import Headers
from quintet.core.record import Record
from quintet.core.retry_after import parse_retry_after, parse_seconds

__all__ = ["RateLimit", "parse_rate_limit"]

_NAMES = tuple(
    (prefix + "limit", prefix + "remaining", prefix + "reset")
    for prefix in ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
)
_LONGEST = 256
# Epoch seconds passed 10**9 in 2001, epoch milliseconds passed 10**11 in 1973; no window lasts
# 30 years.
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e11
_MOST = 2**53


class RateLimit(Record):
    """What an answer says about the caller's allowance; None where it says nothing readable.

    Attributes:
        limit: Requests per window.
        remaining: Requests left in this window.
        reset_at: When the window frees up, in epoch seconds.
        reset_after: The same as seconds from the answer, never negative.
        retry_after: Seconds the server asks to wait, if it does.
    """

    __slots__ = _fields = ("limit", "remaining", "reset_at", "reset_after", "retry_after")
    limit: int | None
    remaining: int | None
    reset_at: float | None
    reset_after: float | None
    retry_after: float | None

    def __init__(
        self,
        limit: int | None = None,
        remaining: int | None = None,
        reset_at: float | None = None,
        reset_after: float | None = None,
        retry_after: float | None = None,
    ) -> None:
        self._fill(limit, remaining, reset_at, reset_after, retry_after)


def parse_rate_limit(headers: Headers, *, now: float) -> RateLimit | None:
    """Return the rate limit an answer states, None if it has no such header; never raises.

    Args:
        headers: The answer's.
        now: Epoch seconds.
    """
    index = headers.index()
    limit = remaining = reset = None
    for limit_name, remaining_name, reset_name in _NAMES:
        if limit is None:
            limit = index.get(limit_name)
        if remaining is None:
            remaining = index.get(remaining_name)
        if reset is None:
            reset = index.get(reset_name)
    if "ratelimit" in index or "ratelimit-policy" in index:
        fields = _combined(index.get("ratelimit", ""), index.get("ratelimit-policy", ""))
        limit = fields.get("limit") if limit is None else limit
        remaining = fields.get("remaining") if remaining is None else remaining
        reset = fields.get("reset") if reset is None else reset
    elif limit is None and remaining is None and reset is None and "retry-after" not in index:
        return None
    reset_at = _reset_at(reset, now)
    return RateLimit(
        limit=_count(limit),
        remaining=_count(remaining),
        reset_at=reset_at,
        reset_after=None if reset_at is None else max(0.0, reset_at - now),
        retry_after=parse_retry_after(headers, now=now),
    )


def _combined(state: str, policy: str) -> dict[str, str]:
    """Read both combined forms; the first item speaks for all."""
    short = {"r": "remaining", "t": "reset", "q": "limit"}
    fields: dict[str, str] = {}
    for text in (state[:_LONGEST], policy[:_LONGEST]):
        for part in text.replace(",", ";").split(";"):
            name, _, value = part.strip().partition("=")
            name = name.strip().lower()
            fields.setdefault(short.get(name, name), value.strip())
    return fields


def _number(text: str | None) -> float | None:
    """Return the leading number of ``100`` or ``100, 100;w=60``."""
    if text is None:
        return None
    if len(text) <= 15 and text.isascii() and text.isdigit():
        return float(text)
    return parse_seconds(text[:_LONGEST].partition(",")[0].partition(";")[0])


def _count(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None or number > _MOST else int(number)


def _reset_at(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    number = _number(text)
    if number is None:
        # Imported here: nearly all services give a number.
        from quintet.core.instant import parse_rfc3339

        return parse_rfc3339(text)
    if number >= _EPOCH_MILLISECONDS:
        number /= 1000
        return number if number < _EPOCH_MILLISECONDS else None
    return number if number >= _EPOCH_SECONDS else now + number
