"""What a client can be told, with the reason for every default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quintet.core.headers import Headers
from quintet.core.record import Record
from quintet.core.redirect import RedirectPolicy
from quintet.core.retry import RetryPolicy
from quintet.core.url import check_base_url
from quintet.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

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


_USUAL_RETRIES = RetryPolicy()
_NO_HEADERS = Headers()
_NO_REDIRECTS = RedirectPolicy()


class ClientOptions(Record):
    """The options of one client; frozen, checked when made.

    Attributes:
        base_url: Where the service is, such as ``https://api.example.com/v1``.
        timeout: Seconds for one attempt, connect to last body byte.  30 s: long enough for the
            slowest documented call, short enough that a hung server is noticed.  None: no bound.
        deadline: Seconds for the whole call, attempts and waits included.  None by default,
            since most callers think in attempts.
        retry: Which answers are retried, how often, after how long;
            ``RetryPolicy(max_retries=0)`` turns retries off.
        max_response_bytes: Bound of a decoded response body.  10 MiB: far above any documented
            answer, far below what hurts.  None: no bound.
        headers: Sent with every request, after the runtime's own.
        hooks: Called after each attempt; see :mod:`quintet.hooks`.
        redirects: Off by default: these APIs document none, so one means a wrong base URL.
        pacing: True to hold requests back while the last answer said the rate limit is used up.
    """

    __slots__ = _fields = (
        "base_url",
        "timeout",
        "deadline",
        "retry",
        "max_response_bytes",
        "headers",
        "hooks",
        "redirects",
        "pacing",
    )
    base_url: str
    timeout: float | None
    deadline: float | None
    retry: RetryPolicy
    max_response_bytes: int | None
    headers: Mapping[str, str]
    hooks: tuple[Hook, ...]
    redirects: RedirectPolicy
    pacing: bool

    def __init__(
        self,
        base_url: str,
        timeout: float | None = 30.0,
        deadline: float | None = None,
        retry: RetryPolicy = _USUAL_RETRIES,
        max_response_bytes: int | None = 10 * MIB,
        headers: Mapping[str, str] = _NO_HEADERS,
        hooks: tuple[Hook, ...] = (),
        redirects: RedirectPolicy = _NO_REDIRECTS,
        pacing: bool = False,
    ) -> None:
        # Imported here: the plan of a call brings much that is needed only with the first client.
        from quintet.core.plan import check_headers

        limit = max_response_bytes
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int) or limit < 1
        ):
            raise ConfigurationError("max_response_bytes must be a positive integer, or None")
        check_retries(retry.max_retries)
        self._fill(
            check_base_url(base_url),
            check_seconds("timeout", timeout),
            check_seconds("deadline", deadline),
            retry,
            limit,
            # Not a plain dict: its repr would show a credential that someone put there.
            Headers(check_headers(headers)),
            hooks,
            redirects,
            pacing,
        )
