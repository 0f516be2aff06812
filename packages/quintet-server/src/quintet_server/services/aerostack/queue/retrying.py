"""When a job that failed is tried again."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

_LARGEST_EXPONENT = 40
_JITTER_SHARE = 0.1


def is_worth_another_try(status: int) -> bool:
    """Whether an answer with this status may be a better one later.

    408, 425, 429 and everything from 500 on; other refusals would only be repeated.
    """
    return status in (408, 425, 429) or status >= 500


def backoff_seconds(
    attempt: int, first_seconds: float, max_seconds: float, random: Callable[[], float]
) -> float:
    """The wait after failed attempt number `attempt` (from 1): doubling, up to 10 % longer."""
    wait = first_seconds * 2.0 ** min(max(attempt, 1) - 1, _LARGEST_EXPONENT)
    return min(max_seconds, wait * (1 + _JITTER_SHARE * random()))


def asked_seconds(header: str | None, now: float) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110 §10.2.3); None if it says nothing.

    `now`: seconds since the epoch, for the form that is a date.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 16 else None
    try:
        when: datetime = parsedate_to_datetime(text)
        seconds = when.timestamp() - now
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
