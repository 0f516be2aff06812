"""A service: everything that makes one of the five different from the others, as one value.

``services/<name>/__init__.py`` makes one, :mod:`quintet_server.services` lists them, and the
application mounts what it finds, built by :mod:`quintet_server.http.application`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic_settings import BaseSettings
from starlette.routing import BaseRoute

from quintet_server.definitions.kinds import Kind
from quintet_server.http.auth import Authenticator
from quintet_server.http.context import Kernel
from quintet_server.http.errors import ErrorEnvelope
from quintet_server.http.rate_limit import RateLimiter
from quintet_server.store.ids import new_ulid

__all__ = ["Service"]

_OPENAPI_PATHS = frozenset({"/openapi.json", "/docs", "/docs/oauth2-redirect"})


def _one_mebibyte(_method: str, _path: str, _kernel: Kernel) -> int:
    return 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Service:
    """One of the five, as the kernel sees it."""

    name: str
    """Short name: in the key table, in settings, in metrics, on the command line."""
    title: str
    """Title of the OpenAPI document."""
    mount: str
    """Path prefix, without a slash at the end."""
    version: str = "1"
    """Version of the API in the OpenAPI document."""
    envelope: ErrorEnvelope
    """How errors look."""
    auth: Authenticator
    """Who is calling."""
    register: Callable[[FastAPI, Any], None]
    """Called with the service's application and the runtime: adds the routes.

    A plain Starlette route without path parameters takes a short cut past the framework (see
    :mod:`quintet_server.http.hot_routes`).
    """
    rate_limiter: Callable[[Any], RateLimiter] | None = None
    """Called with the runtime once; None means no limit and no headers."""
    body_limit: Callable[[str, str, Any], int] = _one_mebibyte
    """(method, path below the mount, runtime) → largest body in bytes. Default 1 MiB."""
    new_request_id: Callable[[], str] = new_ulid
    """Makes a request id when the client sent none."""
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)
    """Response headers that carry it."""
    answer_headers: tuple[tuple[bytes, bytes], ...] = ()
    """Headers that every answer has."""
    public_paths: frozenset[str] = _OPENAPI_PATHS
    """Paths below the mount that need no key."""
    public_prefixes: tuple[str, ...] = ()
    """Beginnings of more such paths; their handlers see to it themselves who is calling."""
    host_prefixes: tuple[str, ...] = ()
    """Beginnings of paths at the root of the host that are served by the same application.

    Its routes for them have the whole path. They win over the mounts of other services, so each is
    to be as long as can be.
    """
    secret_prefixes: tuple[str, ...] = ()
    """Beginnings of whole paths whose rest is a secret: it goes into no log, whatever happens."""
    root_routes: Callable[[Any], Sequence[BaseRoute]] = lambda _runtime: ()
    """Called with the runtime: routes outside the mount (a service's own health checks)."""
    describe: Callable[[dict[str, Any]], None] | None = None
    """Completes the OpenAPI document: plain routes are not in it by themselves."""
    definitions: Sequence[Kind] = ()
    """What ``quintet apply`` can define in this service."""
    settings: type[BaseSettings] | None = None
    """The service's settings, shown by ``quintet settings``."""
    start: Callable[[Any], Awaitable[None]] | None = None
    """Called with the runtime before the first request."""
    stop: Callable[[Any], Awaitable[None]] | None = None
    """Called with the runtime after the last request."""
