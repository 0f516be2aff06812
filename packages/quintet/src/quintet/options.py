"""What a client can be told, with the reason for every default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from quintet.core.backoff import Backoff
from quintet.core.headers import Headers
from quintet.core.plan import check_headers
from quintet.core.redirect import RedirectPolicy
from quintet.core.retry import RetryPolicy
from quintet.core.url import check_base_url
from quintet.errors import ConfigurationError
from quintet.hooks import Hook

__all__ = ["UNSET", "ClientOptions", "Unset", "check_retries", "check_seconds"]

MIB = 1024 * 1024


class Unset:
    """The type of :data:`UNSET`: "use the client's value", where None already means "no bound"."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


def check_seconds(name: str, value: float | None) -> float | None:
    """Return a positive time span in seconds, or None for no bound.

    Raises:
        ConfigurationError: Not a number, not positive, or not finite.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{name} must be seconds as a number, not {type(value).__name__}")
    if not 0 < value < float("inf"):
        raise ConfigurationError(f"{name} must be positive and finite; None means no bound")
    return float(value)


def check_retries(value: int) -> int:
    """Return a number of extra attempts, 0 or more.

    Raises:
        ConfigurationError: Not an integer, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError("max_retries must be an integer, 0 or more")
    return value


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """The options of one client; frozen, checked when made.

    Attributes:
        base_url: Where the service is, such as ``https://api.example.com/v1``.
        timeout: Seconds for one attempt, connect to last body byte.  30 s: long enough for the
            slowest documented call, short enough that a hung server is noticed.  None: no bound.
        deadline: Seconds for the whole call, attempts and waits included.  None by default,
            since most callers think in attempts.
        retry: Which answers are retried, how often, after how long.
        max_response_bytes: Bound of a decoded response body.  10 MiB: far above any documented
            answer, far below what hurts.  None: no bound.
        headers: Sent with every request, after the runtime's own.
        hooks: Called after each attempt; see :mod:`quintet.hooks`.
        redirects: Off by default: these APIs document none, so one means a wrong base URL.
        pacing: True to hold requests back while the last answer said the rate limit is used up.
    """

    base_url: str
    timeout: float | None = 30.0
    deadline: float | None = None
    retry: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(
            statuses=frozenset({408, 425, 429, 500, 502, 503, 504}), backoff=Backoff(0.5, 8.0)
        )
    )
    max_response_bytes: int | None = 10 * MIB
    headers: Mapping[str, str] = field(default_factory=dict)
    hooks: tuple[Hook, ...] = ()
    redirects: RedirectPolicy = field(default_factory=RedirectPolicy)
    pacing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", check_base_url(self.base_url))
        check_seconds("timeout", self.timeout)
        check_seconds("deadline", self.deadline)
        limit = self.max_response_bytes
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int) or limit < 1
        ):
            raise ConfigurationError("max_response_bytes must be a positive integer, or None")
        check_retries(self.retry.max_retries)
        # Not a plain dict: its repr would show a credential that someone put there.
        object.__setattr__(self, "headers", Headers(check_headers(self.headers)))
