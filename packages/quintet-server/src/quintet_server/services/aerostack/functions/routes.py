"""`POST /services/invoke`, and the services by their paths: `/custom/{slug}`."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quintet_server.http.body import read_body
from quintet_server.services.aerostack.context import Call, call_of
from quintet_server.services.aerostack.endpoints import Body, Endpoint
from quintet_server.services.aerostack.errors import invalid
from quintet_server.services.aerostack.functions.definitions import KINDS
from quintet_server.services.aerostack.functions.invoking import invoke
from quintet_server.services.aerostack.functions.once import Turns, once
from quintet_server.services.aerostack.functions.services import find_service
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS", "KINDS", "ROUTES"]

# One per process, whatever runs in it: what it holds is named by project, and gone when unused.
_turns = Turns()
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class ServicesInvoke(Body):
    """Which service, and what it is given."""

    service_name: str = Field(min_length=1, max_length=200, examples=["text-statistics"])
    data: dict[str, Any] = Field(examples=[{"text": "To be or not to be"}])


class ServicesInvoked(BaseModel):
    """What the service answered."""

    success: bool
    result: Any = None


async def services_invoke(call: Call, body: ServicesInvoke) -> Response:
    """Invoke a service of the project and wait for its answer."""

    async def act() -> Reply:
        result = await _invoke(call, body.service_name, body.data)
        return _reply({"success": True, "result": result})

    return await once(call, _turns, act)


async def custom(request: Request) -> Response:
    """Call a service of the project by its path; the answer is the service's alone.

    What it is given is the JSON of the body, or the query if there is no body.
    """
    call = call_of(request, "services")
    limit = call.parts.settings.body_limit("/custom")
    call.raw = await read_body(request, max_bytes=limit)
    data = _json(call.raw) if call.raw.strip() else dict(request.query_params)

    async def act() -> Reply:
        return _reply(await _invoke(call, request.path_params["slug"], data))

    return await once(call, _turns, act)


async def _invoke(call: Call, name: str, data: Any) -> Any:
    parts = call.parts
    service = await find_service(parts.db, call.project_id, name.replace("\x00", "\ufffd"))
    return await invoke(parts, service, data, _passed_on(call))


def _json(raw: bytes) -> Any:
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}", "INVALID_JSON") from None


def _reply(value: Any) -> Reply:
    # The standard library's JSON: integers of any size stay what they are.
    return Reply(200, json.dumps(value).encode())


def _passed_on(call: Call) -> dict[str, str]:
    """What a target over HTTP learns of the request: its id, and its idempotency key."""
    headers = {"X-Request-ID": str(call.request.state.request_id)}
    key = call.request.headers.get("idempotency-key")
    return headers if key is None else {**headers, "Idempotency-Key": key}


ENDPOINTS = (
    Endpoint(
        path="/services/invoke",
        handler=services_invoke,
        operation_id="servicesInvoke",
        summary="Invoke a service",
        scope="services",
        request=ServicesInvoke,
        response=ServicesInvoked,
        description="Calls a service that a definition file has given the project: a Python "
        "function, or a URL. It is called once; `Idempotency-Key` makes a repeated request get the "
        "first answer, and is passed on.",
    ),
)

ROUTES = (Route("/custom/{slug}", custom, methods=list(_METHODS)),)
