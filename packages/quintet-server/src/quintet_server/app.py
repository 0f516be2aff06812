"""The ASGI application: every service under its mount, and what belongs to the server itself."""

from __future__ import annotations

from functools import cached_property

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from quintet_server import __version__
from quintet_server.http.application import build_application
from quintet_server.http.responses import json_response
from quintet_server.runtime import Runtime

__all__ = ["create_app"]


def create_app(runtime: Runtime) -> Starlette:
    """Return the application of a runtime that has been started.

    It does not start or stop the runtime: whoever made it does, and sees its errors.
    """
    app = _Application(
        routes=[
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
            *_service_routes(runtime),
        ],
        exception_handlers={404: _not_found},
    )
    app.router.redirect_slashes = False
    app.state.runtime = runtime
    return app


def _service_routes(runtime: Runtime) -> list[BaseRoute]:
    at_root: list[BaseRoute] = []
    mounts: list[BaseRoute] = []
    for service in runtime.services:
        application = build_application(service, runtime)
        at_root.extend(
            Mount(prefix, _AtRoot(application, len(prefix))) for prefix in service.host_prefixes
        )
        mounts.append(_ServiceMount(service.mount, application))
        mounts.extend(service.root_routes(runtime))
    # They may lie within the mount of another service.
    return [*at_root, *mounts]


class _Application(Starlette):
    """The application, with a short cut to its mounts.

    The way through it (two layers that catch what the gateway of a service has caught already, a
    look at every route) costs a fifth of a quick request. What is not a mount takes it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the first mount that the path is in, or take the long way."""
        if scope["type"] == "http":
            path: str = scope["path"]
            for mount in self._first_mounts:
                if path.startswith(mount.path) and (matched := _matched(mount, scope)):
                    scope["app"] = self
                    scope.update(matched)
                    await mount.app(scope, receive, send)
                    return
        await super().__call__(scope, receive, send)

    @cached_property
    def _first_mounts(self) -> tuple[Mount, ...]:
        """The mounts, up to the first that has a route of ours inside which is to win over it."""
        mounts: list[Mount] = []
        paths: list[str] = []
        for route in self.routes:
            if isinstance(route, Route):
                paths.append(route.path)
            elif not isinstance(route, Mount) or any(
                path.startswith(f"{route.path}/") for path in paths
            ):
                break
            else:
                mounts.append(route)
        return tuple(mounts)


def _matched(mount: Mount, scope: Scope) -> Scope | None:
    """What `mount.matches` adds to the scope, which needs no pattern without a root path."""
    root: str = scope.get("root_path", "")
    if root:
        match, child = mount.matches(scope)
        return child if match is Match.FULL else None
    prefix, path = mount.path, scope["path"]
    bare = path == prefix and isinstance(mount, _ServiceMount)
    if not bare and not path.startswith("/", len(prefix)):
        return None
    return {"path_params": {}, "app_root_path": "", "root_path": prefix, "endpoint": mount.app}


class _ServiceMount(Mount):
    """A mount that takes its bare path as well: what is wrong there is for the service to say."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if match is Match.FULL or path != self.path:
            return match, child
        # As if a slash followed, which leaves a path that is empty; no route has that.
        match, child = super().matches({**scope, "path": f"{scope['path']}/"})
        return match, child


class _AtRoot:
    """A service's application that sees whole paths."""

    def __init__(self, application: ASGIApp, prefix_length: int):
        self._application = application
        self._prefix_length = prefix_length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope["root_path"][: -self._prefix_length]
        await self._application({**scope, "root_path": root}, receive, send)


async def _healthz(_request: Request) -> Response:
    """The process serves. Asks nobody else: restarting it would not mend a database."""
    return json_response({"status": "ok", "version": __version__})


async def _readyz(request: Request) -> Response:
    """The process can do its work: started, not stopping, database reachable."""
    runtime: Runtime = request.app.state.runtime
    if not runtime.is_ready:
        return json_response({"status": "stopping"}, 503)
    if not await runtime.db.is_reachable():
        return json_response({"status": "database unreachable"}, 503)
    return json_response({"status": "ready", "clock_shift_seconds": runtime.clock.shift_seconds})


async def _metrics(request: Request) -> Response:
    metrics = request.app.state.runtime.http_metrics
    return Response(
        metrics.render(), media_type=None, headers={"content-type": metrics.content_type}
    )


async def _not_found(request: Request, _error: Exception) -> Response:
    message = f"No service answers at {request.url.path}"
    return json_response({"error": {"code": "not_found", "message": message}}, 404)
