"""One log line per request: who, what, how long. Never headers, queries or bodies.

Paths are logged, queries are not: services never put a secret into a path, clients do put them
into queries.
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
        if status < self._from_status:
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
