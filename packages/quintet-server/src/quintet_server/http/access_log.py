"""One log line per request: who, what, how long. Never headers, queries or bodies.

Paths are logged, queries are not: services say which of their paths hold a secret, clients do put
them into queries.
"""

from __future__ import annotations

from typing import Literal

import structlog

__all__ = ["AccessLog", "Which"]

Which = Literal["all", "errors", "none"]

_log = structlog.get_logger("quintet_server.access")


class AccessLog:
    """Writes the lines that the setting ``log_requests`` asks for."""

    def __init__(self, which: Which):
        self._from_status = {"all": 0, "errors": 400, "none": 1000}[which]

    def writes(self, status: int) -> bool:
        """Whether the setting asks for a line for this status."""
        return status >= self._from_status

    def write(
        self,
        *,
        service: str,
        method: str,
        path: str,
        status: int,
        seconds: float,
        request_id: str,
        key_id: str | None,
    ) -> None:
        """Write one line, unless the setting leaves it out."""
        if not self.writes(status):
            return
        _log.info(
            "request",
            service=service,
            method=method,
            path=path,
            status=status,
            ms=round(seconds * 1000, 2),
            request_id=request_id,
            key=key_id,
        )
