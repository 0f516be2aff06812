"""From a service to the ASGI application that is mounted.

Its routes live in a FastAPI application of their own: typed routes for most, plain Starlette
routes where every microsecond counts. Whatever the framework itself refuses (unknown path, wrong
method, invalid input) is answered in the service's envelope like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure, translate
from quintet_server.http.gateway import Gateway
from quintet_server.http.hot_routes import HotRoutes
from quintet_server.http.responses import error_response
from quintet_server.http.service import Service

__all__ = ["build_application"]


def build_application(service: Service, runtime: Any) -> ASGIApp:
    """Return the application of a service on a started runtime."""
    app = FastAPI(
        title=service.title,
        version=service.version,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would turn a client's POST into a GET
        # Asks OpenTelemetry on every request whether it is configured; the gateway measures.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.runtime = runtime
    app.state.service = service
    app.add_exception_handler(ApiError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(Exception, _on_error)
    service.register(app, runtime)
    if service.describe is not None:
        _complete_openapi(app, service.describe)
    return Gateway(HotRoutes(app), service, runtime)


def _envelope(request: Request) -> ErrorEnvelope:
    envelope: ErrorEnvelope = request.app.state.service.envelope
    return envelope


async def _on_error(request: Request, error: Exception) -> Response:
    return error_response(request, _envelope(request), translate(error, _envelope(request)))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Unknown route, wrong method, and whatever the framework refuses."""
    assert isinstance(error, HTTPException)  # registered for this class
    envelope = _envelope(request)
    if isinstance(error.__cause__, ApiError):  # FastAPI wraps what stops it reading a body
        return error_response(request, envelope, error.__cause__)
    path, headers = request.url.path, dict(error.headers or {})
    if error.status_code == 404:
        refusal = envelope.error(Failure.NOT_FOUND, f"No such path: {path}", headers=headers)
    elif error.status_code == 405:
        headers["Allow"] = _allowed_methods(request)
        message = f"{request.method} is not possible on {path}"
        refusal = envelope.error(Failure.METHOD_NOT_ALLOWED, message, headers=headers)
    else:
        refusal = envelope.error(Failure.INVALID_REQUEST, str(error.detail), headers=headers)
    return error_response(request, envelope, refusal)


def _allowed_methods(request: Request) -> str:
    """Every method of the path: one path may be several routes, and a route knows only its own."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(methods))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # registered for this class
    problems = error.errors()
    details = [{"field": _field(each["loc"]), "message": each["msg"]} for each in problems]
    is_syntax = any(each["type"] == "json_invalid" for each in problems)
    failure = Failure.INVALID_JSON if is_syntax else Failure.INVALID_REQUEST
    first = details[0] if details else {"field": "body", "message": "is not valid"}
    message = f"{first['field']}: {first['message']}"
    envelope = _envelope(request)
    return error_response(request, envelope, envelope.error(failure, message, details=details))


def _field(location: Sequence[Any]) -> str:
    """``("body", "items", 0, "name")`` → ``items.0.name``; the body itself stays ``body``."""
    parts = [str(part) for part in location]
    return ".".join(parts[1:]) or ".".join(parts) or "body"


def _complete_openapi(app: FastAPI, describe: Callable[[dict[str, Any]], None]) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            describe(generate())
        assert app.openapi_schema is not None  # generate() keeps the document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
