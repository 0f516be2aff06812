"""An endpoint as one line of a table: the route, its checks and the OpenAPI document come from it.

Every operation states the scope and the role it needs, and leaves a line in the audit log under its
name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http import json_models
from quintet_server.http.body import read_body
from quintet_server.http.json_models import BodyRefused
from quintet_server.services.amdahl.context import Call, serve
from quintet_server.services.amdahl.errors import invalid_argument, unsupported_media_type

__all__ = ["Body", "Endpoint", "build_routes", "read_model"]

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[..., Awaitable[Response]]


class Body(BaseModel):
    """The body of a request: exact types, unknown fields ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation.

    `handler` is called with the call and, if there is a `request` model, with the checked body.
    """

    path: str
    """Below the mount."""
    handler: Handler
    operation_id: str
    """`pages.create`: in the document, and in the audit log."""
    summary: str
    scope: str | tuple[str, ...] | None
    """What the key must be allowed to do; of several, one is enough; None: any key will do."""
    role: str = "viewer"
    """The lowest role that may."""
    request: type[Body] | None = None
    response: type[BaseModel] | None = None
    """For the document only: answers are not checked again on their way out."""
    status: int = 200
    method: str = "POST"
    description: str = ""
    body_max_bytes: int | None = None
    """Largest body, if it may be larger than the setting says."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of which one is needed."""
        if self.scope is None:
            return ()
        return (self.scope,) if isinstance(self.scope, str) else self.scope


def build_routes(endpoints: Iterable[Endpoint]) -> list[BaseRoute]:
    """The table as plain routes, which take the short cut past the framework."""
    return [Route(each.path, _serving(each), methods=[each.method]) for each in endpoints]


def _serving(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    answer = partial(_answer, endpoint)
    needs: dict[str, Any] = {
        "operation": endpoint.operation_id,
        "scopes": endpoint.scopes,
        "role": endpoint.role,
    }

    async def serving(request: Request) -> Response:
        return await serve(request, answer, **needs)

    return serving


async def _answer(endpoint: Endpoint, call: Call) -> Response:
    model = endpoint.request
    if model is None:
        return await endpoint.handler(call)
    _check_kind(call.request)
    most = endpoint.body_max_bytes or call.parts.settings.body_max_bytes
    call.raw = await read_body(call.request, max_bytes=most)
    return await endpoint.handler(call, read_model(model, call.raw))


def _check_kind(request: Request) -> None:
    """JSON, or nothing said about it: command lines often say nothing, or what a form says."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and given != "application/json" and not given.endswith("+json"):
        raise unsupported_media_type(given)


def read_model(model: type[Model], raw: bytes) -> Model:
    """The body as `model`. Raises 400 that names every field at fault, or the JSON's mistake."""
    try:
        return json_models.read_model(model, raw)
    except BodyRefused as refused:
        fields = [
            {"field": field, "message": message}
            for field, messages in refused.fields.items()
            for message in messages
        ]
        first = fields[0]["field"] if fields else None
        raise invalid_argument(refused.message, first, fields=fields or None) from None
