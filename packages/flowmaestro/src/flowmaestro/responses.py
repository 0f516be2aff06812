"""What came with an answer besides its body: status, headers, ids, limits."""

from __future__ import annotations

from quintet.response_info import ResponseInfo as _ResponseInfo

__all__ = ["ResponseInfo"]


class ResponseInfo(_ResponseInfo):
    """The circumstances of one answer; `rate_limit` is about requests per minute."""

    __slots__ = ()

    @property
    def daily_limit(self) -> int | None:
        """Requests per day (UTC); ``None`` if nothing was said."""
        return self._count("x-ratelimit-limit-day")

    @property
    def daily_remaining(self) -> int | None:
        """Requests left today; ``None`` if nothing was said."""
        return self._count("x-ratelimit-remaining-day")
