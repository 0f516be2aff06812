"""The OpenAPI document of GhostFlow."""

from __future__ import annotations

from typing import Any

from quintet_server.http.describing import describe_routes
from quintet_server.services.ghostflow.routes import ENDPOINTS, plain_routes

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["code", "message", "requestId"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
        "requestId": {"type": "string"},
    },
}
_SECURITY: dict[str, dict[str, Any]] = {"bearer": {"type": "http", "scheme": "bearer"}}


def describe(document: dict[str, Any]) -> None:
    """Complete FastAPI's document with every operation."""
    describe_routes(document, ENDPOINTS, plain_routes(), error=_ERROR, security=_SECURITY)
    for endpoint in ENDPOINTS:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        for parameter in endpoint.query or ():
            operation.setdefault("parameters", []).append(parameter.described())
