"""`/flare/health/live` and `/flare/health/ready`: public, and counted against no limit."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http.responses import json_response
from quintet_server.store.ids import new_ulid


def health_routes(runtime: Any) -> list[BaseRoute]:
    """The two routes, outside the service's mount and so outside its authentication."""

    async def live(_: Request) -> Response:
        return _answer(200, {"status": "live"})

    async def ready(_: Request) -> Response:
        if runtime.is_ready and await runtime.db.is_reachable():
            return _answer(200, {"status": "ready"})
        return _answer(503, None)

    return [Route("/flare/health/live", live), Route("/flare/health/ready", ready)]


def _answer(status: int, body: dict[str, str] | None) -> Response:
    request_id = new_ulid()
    response = json_response(
        body
        or {
            "error": {
                "code": "service_unavailable",
                "message": "The service cannot do its work right now; try again shortly.",
                "request_id": request_id,
            }
        },
        status,
    )
    response.headers["x-request-id"] = request_id
    if status == 503:
        response.headers["retry-after"] = "1"
    return response
