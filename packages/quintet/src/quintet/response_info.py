"""What came with an answer besides its body, as an SDK shows it to its users."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quintet.core.headers import Headers
    from quintet.core.rate_limit import RateLimit
    from quintet.core.response import Response

__all__ = ["ResponseInfo"]


class ResponseInfo:
    """The circumstances of one answer. SDKs add what their service says in headers of its own."""

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
        """The service's id of the request: from the header, else from the body; else ``""``."""
        from quintet.core.error_map import parse_error_body

        return self._response.request_id() or parse_error_body(self._response).request_id or ""

    @property
    def rate_limit(self) -> RateLimit | None:
        """Requests per window, left, and when it frees up; ``None`` if nothing was said."""
        from quintet.core.rate_limit import parse_rate_limit

        return parse_rate_limit(self._response.headers, now=self._now)

    @property
    def attempts(self) -> int:
        """How many times the request was sent."""
        return self._response.attempts

    @property
    def elapsed(self) -> float:
        """Seconds from the beginning of the last attempt to the last byte."""
        return self._response.elapsed

    def _count(self, name: str) -> int | None:
        """A header that is a count; ``None`` when absent or no number."""
        text = (self._response.headers.get(name) or "").strip()
        # The length keeps absurd digits away from int().
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

    def __repr__(self) -> str:
        return f"<ResponseInfo {self.status_code} request_id={self.request_id!r}>"
