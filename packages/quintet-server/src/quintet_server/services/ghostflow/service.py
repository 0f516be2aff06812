"""The GhostFlow service as the kernel mounts it: start and stop of its engines and rooms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute

from quintet_server.http.service import Service
from quintet_server.services.ghostflow.authenticating import GhostFlowAuth
from quintet_server.services.ghostflow.context import SERVICE, GhostFlow
from quintet_server.services.ghostflow.errors import GhostFlowErrors
from quintet_server.services.ghostflow.limits import key_limits
from quintet_server.services.ghostflow.openapi import describe
from quintet_server.services.ghostflow.parts import start_parts
from quintet_server.services.ghostflow.routes import (
    HOST_PREFIXES,
    KINDS,
    PUBLIC_PATHS,
    PUBLIC_PREFIXES,
    SECRET_PREFIXES,
    STARTS,
    all_routes,
    body_limits,
    root_routes,
)
from quintet_server.services.ghostflow.settings import GhostFlowSettings

MOUNT = "/ghostflow/api/v1"


def service(settings: GhostFlowSettings | None = None) -> Service:
    """One GhostFlow for one process; settings come from the environment unless given."""
    return GhostFlowService(settings or GhostFlowSettings()).as_service()


class GhostFlowService:
    """Holds the parts between their start and their stop."""

    def __init__(self, settings: GhostFlowSettings) -> None:
        self._settings = settings
        self._parts: GhostFlow | None = None
        self._stack = AsyncExitStack()
        self._body_limits = body_limits()
        self._auth = GhostFlowAuth()

    def as_service(self) -> Service:
        """What the kernel mounts."""
        return Service(
            name=SERVICE,
            title="GhostFlow",
            mount=MOUNT,
            envelope=GhostFlowErrors(),
            auth=self._auth,
            register=self._register,
            rate_limiter=lambda _runtime: key_limits(self._settings),
            body_limit=self._body_limit,
            public_paths=Service.public_paths | PUBLIC_PATHS,
            public_prefixes=PUBLIC_PREFIXES,
            host_prefixes=HOST_PREFIXES,
            secret_prefixes=SECRET_PREFIXES,
            root_routes=self._root_routes,
            describe=describe,
            definitions=KINDS,
            settings=GhostFlowSettings,
            start=self._start,
            stop=self._stop,
        )

    def _body_limit(self, _method: str, path: str, _runtime: Any) -> int:
        return self._body_limits.get(path, self._settings.body_max_bytes)

    def _register(self, app: FastAPI, _runtime: Any) -> None:
        app.state.ghostflow = self._parts
        app.router.routes.extend(all_routes())

    def _root_routes(self, runtime: Any) -> Sequence[BaseRoute]:
        assert self._parts is not None  # started by the runtime before the application is made
        return root_routes(self._parts, runtime)

    async def _start(self, runtime: Any) -> None:
        async with AsyncExitStack() as stack:
            parts = self._parts = await start_parts(runtime, self._settings, stack)
            self._auth.parts = parts
            for start in STARTS:
                stack.push_async_callback(await start(parts))
            self._stack = stack.pop_all()

    async def _stop(self, _runtime: Any) -> None:
        await self._stack.aclose()
