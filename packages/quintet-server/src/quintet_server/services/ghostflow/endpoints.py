"""An endpoint as one line of a table: route, check and OpenAPI document come from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http import json_models
from quintet_server.http.body import read_body
from quintet_server.http.json_models import BodyRefused
from quintet_server.services.ghostflow.context import Call, serve
from quintet_server.services.ghostflow.errors import (
    invalid,
    invalid_fields,
    unsupported_media_type,
)
from quintet_server.services.ghostflow.parameters import Param
from quintet_server.services.ghostflow.queries import check_query

__all__ = ["Body", "Endpoint", "build_routes", "check_kind", "read_model"]

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[..., Awaitable[Response]]


class Body(BaseModel):
    """The body of a request: exact types, names in camelCase, and no others than these."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation.

    `handler` is called with the call and, if there is a `request` model, with the checked body.
    """

    path: str
    """Below the mount."""
    handler: Handler
    operation_id: str
    """`campaigns.create`."""
    summary: str
    scope: str | tuple[str, ...] | None
    """What the caller must be allowed to do; of several, one is enough; None: anybody."""
    request: type[BaseModel] | None = None
    reads_itself: bool = False
    """Whether the handler makes sense of the body itself: it finds it in `call.raw`."""
    response: type[BaseModel] | None = None
    """For the document only: answers are not checked again on their way out."""
    status: int = 200
    method: str = "GET"
    description: str = ""
    body_max_bytes: int | None = None
    """Largest body, if it may be larger than the setting says."""
    query: tuple[Param, ...] | None = None
    """Every parameter that the query may have; None: it is not looked at."""
    guard: Callable[[Call], None] | None = None
    """What else the caller must be; it raises, before anything of the request is looked at."""

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

    async def serving(request: Request) -> Response:
        return await serve(request, answer, operation=endpoint.operation_id, scopes=endpoint.scopes)

    return serving


async def _answer(endpoint: Endpoint, call: Call) -> Response:
    if endpoint.guard is not None:
        endpoint.guard(call)
    if endpoint.query is not None:
        check_query(call.request, endpoint.query)
    if endpoint.request is None and not endpoint.reads_itself:
        return await endpoint.handler(call)
    check_kind(call.request)
    most = endpoint.body_max_bytes or call.parts.settings.body_max_bytes
    call.raw = await read_body(call.request, max_bytes=most)
    if endpoint.request is None or endpoint.reads_itself:
        return await endpoint.handler(call)
    return await endpoint.handler(call, read_model(endpoint.request, call.raw))


def check_kind(request: Request) -> None:
    """JSON, or nothing said about it: command lines often say nothing, or what a form says."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and given != "application/json" and not given.endswith("+json"):
        raise unsupported_media_type(given)


def read_model(model: type[Model], raw: bytes) -> Model:
    """The body as `model`. Raises 400 that names every field at fault, or the JSON's mistake."""
    try:
        return json_models.read_model(model, raw)
    except BodyRefused as refused:
        fields = [(name, why) for name, reasons in refused.fields.items() for why in reasons]
        if not fields:
            raise invalid(refused.message) from None
        raise invalid_fields(fields, refused.message) from None
