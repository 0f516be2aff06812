"""An endpoint as one line of a table: the route, its checks and the OpenAPI document come from it.

Nearly everything in Aerostack is `POST` with a JSON object. So a room lists its endpoints, each
with the model of its body, and its handlers get a body that has been checked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http import json_models
from quintet_server.http.body import read_body
from quintet_server.http.json_models import BodyRefused
from quintet_server.services.aerostack.context import call_of
from quintet_server.services.aerostack.errors import invalid

__all__ = ["Body", "Endpoint", "build_routes", "read_model"]

Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """The body of a request: camelCase on the wire, exact types, unknown fields ignored."""

    model_config = ConfigDict(
        strict=True, extra="ignore", alias_generator=to_camel, frozen=True, allow_inf_nan=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation.

    `handler` is called with the call and, if there is a `request` model, with the checked body.
    """

    path: str
    """Below the mount."""
    handler: Callable[..., Awaitable[Response]]
    operation_id: str
    summary: str
    scope: str | None
    """What the key must be allowed to do; None: any key will do."""
    request: type[Body] | None = None
    response: type[BaseModel] | None = None
    """For the document only: answers are not checked again on their way out."""
    status: int = 200
    method: str = "POST"
    description: str = ""


def build_routes(endpoints: Iterable[Endpoint]) -> list[BaseRoute]:
    """The table as plain routes, which take the short cut past the framework."""
    return [Route(each.path, _serving(each), methods=[each.method]) for each in endpoints]


def _serving(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    scopes = () if endpoint.scope is None else (endpoint.scope,)
    handler, model = endpoint.handler, endpoint.request

    async def serve(request: Request) -> Response:
        return await handler(call_of(request, *scopes))

    async def serve_body(request: Request) -> Response:
        call = call_of(request, *scopes)
        # The gateway has bounded the body; how much a path may take is known there.
        call.raw = await read_body(request, max_bytes=call.parts.settings.body_limit(endpoint.path))
        assert model is not None  # else `serve` is the route
        return await handler(call, read_model(model, call.raw))

    return serve if model is None else serve_body


def read_model(model: type[Model], raw: bytes) -> Model:
    """The body as `model`. Raises 400 that names every field at fault, or the JSON's mistake."""
    try:
        return json_models.read_model(model, raw)
    except BodyRefused as refused:
        reason = "INVALID_JSON" if refused.is_syntax else None
        raise invalid(refused.message, reason, field_errors=refused.fields or None) from None
