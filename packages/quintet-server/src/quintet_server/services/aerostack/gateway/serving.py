"""Refusals of the gateway, in a shape that all its clients read, and the call behind a request.

These paths see to it themselves who is calling. Their refusals carry an object `error` beside the
service's own fields, because OpenAI's clients look there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.ai.failures import with_openai_error
from quintet_server.services.aerostack.context import parts_of
from quintet_server.services.aerostack.errors import invalid_field
from quintet_server.services.aerostack.gateway.apis import Api
from quintet_server.services.aerostack.gateway.callers import Caller, caller_of
from quintet_server.store.database import Connection

__all__ = ["Handler", "Paid", "called", "for_openai_too", "paid_by", "queried_slug"]

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Paid:
    """An API that the caller may use, and the wallet that pays for it."""

    api: Api
    wallet: int


async def called(request: Request) -> Caller:
    """Who is calling. Raises 401 or 403; hold no connection meanwhile."""
    return await caller_of(parts_of(request), request)


async def paid_by(conn: Connection, caller: Caller, slug: str) -> Paid:
    """What is called, and which wallet pays. Raises 404 or 403."""
    api = await caller.api(conn, slug)
    return Paid(api, await caller.wallet(conn, api))


def queried_slug(request: Request) -> str:
    """The API that a query names; without one it is the caller's mistake."""
    slug = request.query_params.get("api_slug")
    if not slug:
        raise invalid_field("api_slug", "is required in the query")
    return slug


def for_openai_too(handler: Handler) -> Handler:
    """The handler, with its refusals in both shapes."""

    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiError as error:
            body = orjson.dumps(with_openai_error(error), default=str)
            return Response(body, error.status, error.headers, "application/json")

    serve.__name__ = handler.__name__
    serve.__doc__ = handler.__doc__
    return serve
