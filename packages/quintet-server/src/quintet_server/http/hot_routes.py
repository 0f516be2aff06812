"""A short cut for the busiest routes.

The framework's way to a handler (four middlewares, a walk over all routes, two layers that catch
exceptions) costs about as much as everything else a request needs. A plain Starlette route without
path parameters needs none of it: its handler is found in a table by method and path, and what it
raises is answered by the gateway, in the same envelope. Everything else takes the long way.
"""

from __future__ import annotations

import inspect

from fastapi import FastAPI
from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

__all__ = ["HotRoutes"]


class HotRoutes:
    """The application, with a table in front of it."""

    def __init__(self, app: FastAPI):
        self._app = app
        self._table = {
            (method, route.path): route
            for route in app.routes
            if type(route) is Route and _is_plain(route)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the handler from the table, or the application."""
        route = self._table.get((scope["method"], get_route_path(scope)))
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        scope["route"] = route
        scope["path_params"] = {}
        response = await route.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _is_plain(route: Route) -> bool:
    """A coroutine function on a fixed path, not one of the framework's own (its documents)."""
    return (
        not route.param_convertors
        and inspect.iscoroutinefunction(route.endpoint)
        and route.include_in_schema
    )
