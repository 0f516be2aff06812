"""The OpenAPI document of Amdahl."""

from __future__ import annotations

from typing import Any

from quintet_server.http.describing import describe_routes
from quintet_server.services.amdahl.routes import ENDPOINTS, plain_routes

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object"},
                "request_id": {"type": "string"},
            },
        },
        "retry_after": {"type": "integer", "description": "Seconds; of a 429."},
    },
}
_SECURITY: dict[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def describe(document: dict[str, Any]) -> None:
    """Complete FastAPI's document with every operation."""
    describe_routes(document, ENDPOINTS, plain_routes(), error=_ERROR, security=_SECURITY)
