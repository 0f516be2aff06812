"""The OpenAPI document of Aerostack."""

from __future__ import annotations

from typing import Any

from quintet_server.http.describing import describe_routes
from quintet_server.services.aerostack.routes import ENDPOINTS, plain_routes

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "details": {"type": "object"},
    },
}
_SECURITY: dict[str, dict[str, Any]] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Aerostack-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def describe(document: dict[str, Any]) -> None:
    """Complete FastAPI's document with every operation."""
    describe_routes(document, ENDPOINTS, plain_routes(), error=_ERROR, security=_SECURITY)
