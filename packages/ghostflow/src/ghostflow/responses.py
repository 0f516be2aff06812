"""What comes with an answer besides its body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from quintet.core.rate_limit import parse_rate_limit
from quintet.core.retry_after import parse_seconds

if TYPE_CHECKING:
    from quintet.core.headers import Headers

__all__ = ["RateLimitInfo", "RawResponse"]

_RESET = "x-ratelimit-reset"
_LONGEST = 64


@dataclass(frozen=True)
class RateLimitInfo:
    """What an answer says of the rate limit; ``None`` where it says nothing readable.

    A ``remaining`` of 0 therefore means that nothing is left, and never that a header was missing.

    Attributes:
        limit: Requests per window.
        remaining: Requests left now.
        reset: The ``x-ratelimit-reset`` header as a whole number, in whatever unit it came: the
            self-hosted server sends Unix seconds, of the hosted service it is not known.
        reset_at: The same as an instant: from 10^11 on it is read as epoch milliseconds, from 10^9
            on as epoch seconds, below that as seconds from now.
        retry_after: Seconds that the service asks to wait.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: int | None = None
    reset_at: datetime | None = None
    retry_after: float | None = None


class RawResponse(NamedTuple):
    """What a method of ``with_raw_response`` returns.

    Attributes:
        model: What the method itself returns.
        headers: The headers of the answer, by case-insensitive name.
        rate_limit: What they say of the rate limit.
        attempts: How many times the request was sent.
    """

    model: Any
    headers: Headers
    rate_limit: RateLimitInfo
    attempts: int

    @property
    def request_id(self) -> str:
        """The service's id of the request, ``""`` if it sent none."""
        return self.headers.get("x-request-id") or ""


def read_rate_limit(headers: Headers, now: float) -> RateLimitInfo:
    """Return what the headers of an answer say; never raises.

    Args:
        now: Epoch seconds, for a reset or a wait that is relative.
    """
    found = parse_rate_limit(headers, now=now)
    if found is None:
        return RateLimitInfo()
    text = (headers.get(_RESET) or "")[:_LONGEST].partition(",")[0].partition(";")[0]
    number = parse_seconds(text)
    if number is None:
        number = found.reset_at
    return RateLimitInfo(
        limit=found.limit,
        remaining=found.remaining,
        reset=None if number is None else int(number),
        reset_at=_instant(found.reset_at),
        retry_after=found.retry_after,
    )


def _instant(epoch: float | None) -> datetime | None:
    if epoch is None:
        return None
    try:
        return datetime.fromtimestamp(epoch, timezone.utc)
    except (OverflowError, ValueError, OSError):
        # A year that no datetime has.
        return None
