"""What came with an answer besides its body: ids, limits, quota, replay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quintet.core.headers import Headers
    from quintet.core.rate_limit import RateLimit
    from quintet.core.response import Response

__all__ = ["Quota", "ResponseInfo"]


@dataclass(frozen=True, slots=True)
class Quota:
    """The allowance of new jobs, from the answer to a creation. ``None`` where nothing was said."""

    limit: int | None
    used: int | None
    reset_at: int | None
    """Epoch seconds."""
    overage: int | None = None
    """Jobs beyond the allowance."""
    overage_cost_cents: int | None = None
    spend_cap_cents: int | None = None


class ResponseInfo:
    """The circumstances of one answer."""

    __slots__ = ("_now", "_response")

    def __init__(self, response: Response, now: float) -> None:
        self._response = response
        self._now = now

    @property
    def status_code(self) -> int:
        """HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Headers:
        """All headers, by case-insensitive name."""
        return self._response.headers

    @property
    def request_id(self) -> str:
        """The service's id of the request, ``""`` if it named none."""
        return self._response.headers.get("x-request-id") or ""

    @property
    def idempotent_replay(self) -> bool:
        """Whether this is the stored answer to an earlier request with the same key."""
        return (self._response.headers.get("idempotent-replay") or "").strip().lower() == "true"

    @property
    def rate_limit(self) -> RateLimit | None:
        """Requests per window, left, and when it frees up; ``None`` if nothing was said."""
        from quintet.core.rate_limit import parse_rate_limit

        return parse_rate_limit(self._response.headers, now=self._now)

    @property
    def quota(self) -> Quota | None:
        """The allowance of new jobs; ``None`` on answers that do not speak of it."""
        limit, used, reset = (self._count(f"x-quota-{name}") for name in ("limit", "used", "reset"))
        if limit is None and used is None and reset is None:
            return None
        return Quota(
            limit,
            used,
            reset,
            self._count("x-quota-overage"),
            self._count("x-quota-overage-cost"),
            self._count("x-quota-spend-cap"),
        )

    @property
    def location(self) -> str | None:
        """Where the created resource is."""
        return self._response.headers.get("location")

    @property
    def attempts(self) -> int:
        """How many times the request was sent."""
        return self._response.attempts

    @property
    def elapsed(self) -> float:
        """Seconds from the beginning of the last attempt to the last byte."""
        return self._response.elapsed

    def _count(self, name: str) -> int | None:
        text = (self._response.headers.get(name) or "").strip()
        # The length keeps absurd digits away from int().
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

    def __repr__(self) -> str:
        return f"<ResponseInfo {self.status_code} request_id={self.request_id!r}>"
