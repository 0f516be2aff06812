"""What comes with an answer besides its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from quintet.core.rate_limit import parse_rate_limit
from quintet.core.record import Record
from quintet.core.retry_after import parse_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import TypeVar

    from quintet.core.headers import Headers
else:
    from typing import TypeVar

__all__ = ["RateLimitInfo", "RawResponse"]

_RESET = "x-ratelimit-reset"
_LONGEST = 64


class RateLimitInfo(Record):
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

    __slots__ = ("_read", "limit", "remaining", "reset", "reset_at", "retry_after")
    _fields = ("limit", "remaining", "reset", "reset_at", "retry_after")
    limit: int | None
    remaining: int | None
    reset: int | None
    reset_at: datetime | None
    retry_after: float | None

    def __init__(
        self,
        limit: int | None = None,
        remaining: int | None = None,
        reset: int | None = None,
        reset_at: datetime | None = None,
        retry_after: float | None = None,
    ) -> None:
        self._fill(limit, remaining, reset, reset_at, retry_after)

    def __getattr__(self, name: str) -> Any:
        # Only a field that has not been filled comes here. It comes with every call by path, and
        # hardly any of them looks at it; so it is read when it is looked at.
        if name not in self._fields:
            raise AttributeError(name)
        headers, now = object.__getattribute__(self, "_read")
        self._fill(*_facts(headers, now))
        return getattr(self, name)


if TYPE_CHECKING:
    Model = TypeVar("Model", default=Any)

    class _Parts(NamedTuple, Generic[Model]):
        model: Model
        headers: Headers
        rate_limit: RateLimitInfo
        attempts: int

else:
    Model = TypeVar("Model")

    # A named tuple can be generic itself from Python 3.11 on.
    class _Named(NamedTuple):
        model: Any
        headers: Headers
        rate_limit: RateLimitInfo
        attempts: int

    class _Parts(_Named, Generic[Model]):
        __slots__ = ()


class RawResponse(_Parts[Model]):
    """What a method of ``with_raw_response`` returns.

    Attributes:
        model: What the method itself returns.
        headers: The headers of the answer, by case-insensitive name.
        rate_limit: What they say of the rate limit.
        attempts: How many times the request was sent.
    """

    __slots__ = ()

    @property
    def etag(self) -> str | None:
        """Which version of the object it is, as HTTP writes it, quotes included.

        Good for ``if_match=`` as it is. ``None`` if there is none: lists and reports have no
        versions.
        """
        return self.headers.get("etag")

    @property
    def request_id(self) -> str:
        """The service's id of the request, ``""`` if it sent none."""
        return self.headers.get("x-request-id") or ""


def read_rate_limit(headers: Headers, now: float) -> RateLimitInfo:
    """Return what the headers of an answer say; never raises.

    Args:
        now: Epoch seconds, for a reset or a wait that is relative.
    """
    info = RateLimitInfo.__new__(RateLimitInfo)
    object.__setattr__(info, "_read", (headers, now))
    return info


def _facts(headers: Headers, now: float) -> tuple[Any, ...]:
    found = parse_rate_limit(headers, now=now)
    if found is None:
        return (None,) * len(RateLimitInfo._fields)
    text = (headers.get(_RESET) or "")[:_LONGEST].partition(",")[0].partition(";")[0]
    number = parse_seconds(text)
    if number is None:
        number = found.reset_at
    return (
        found.limit,
        found.remaining,
        None if number is None else int(number),
        _instant(found.reset_at),
        found.retry_after,
    )


def _instant(epoch: float | None) -> datetime | None:
    if epoch is None:
        return None
    from datetime import datetime, timezone

    try:
        return datetime.fromtimestamp(epoch, timezone.utc)
    except (OverflowError, ValueError, OSError):
        # A year that no datetime has.
        return None
