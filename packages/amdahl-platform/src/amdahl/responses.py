"""What came with an answer besides its body: status, headers, ids, limits, advisories."""

from __future__ import annotations

from quintet.response_info import ResponseInfo as _ResponseInfo

__all__ = ["ResponseInfo"]


class ResponseInfo(_ResponseInfo):
    """The circumstances of one answer; ``rate_limit`` is about requests per minute."""

    __slots__ = ()

    @property
    def deprecation(self) -> str | None:
        """What the service says of an endpoint that will go away; ``None`` if it stays."""
        headers = self.headers
        return headers.get("x-amdahl-deprecation") or headers.get("deprecation")

    @property
    def sunset(self) -> str | None:
        """When it goes away, as the service writes it; ``None`` if unsaid."""
        return self.headers.get("sunset")

    @property
    def api_version(self) -> str | None:
        """The version of the API that answered."""
        return self.headers.get("x-amdahl-api-version")

    @property
    def replayed(self) -> bool:
        """Whether this is the stored answer to an earlier request with the same key."""
        return (self.headers.get("idempotent-replayed") or "").lower() == "true"
