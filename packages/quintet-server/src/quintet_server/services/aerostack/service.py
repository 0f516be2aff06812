"""The Aerostack service as the kernel mounts it: start and stop of its engines and rooms."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from fastapi import FastAPI

from quintet_server.http.auth import KeyAuth, KeyHeader
from quintet_server.http.service import Service
from quintet_server.services.aerostack.context import SERVICE, Aerostack
from quintet_server.services.aerostack.errors import AerostackErrors
from quintet_server.services.aerostack.limits import ProjectLimits
from quintet_server.services.aerostack.openapi import describe
from quintet_server.services.aerostack.parts import start_parts
from quintet_server.services.aerostack.routes import (
    HOST_PREFIXES,
    KINDS,
    PUBLIC_PREFIXES,
    STARTS,
    all_routes,
)
from quintet_server.services.aerostack.settings import AerostackSettings

MOUNT = "/v1"
# The first that is there counts: the vendor's own header, that of its command line, a bearer token.
_KEY_HEADERS = (
    KeyHeader("X-Aerostack-Key", bearer=False),
    KeyHeader("X-API-Key", bearer=False),
    KeyHeader(),
)


def service(settings: AerostackSettings | None = None) -> Service:
    """One Aerostack for one process; settings come from the environment unless given."""
    return AerostackService(settings or AerostackSettings()).as_service()


class AerostackService:
    """Holds the parts between their start and their stop."""

    def __init__(self, settings: AerostackSettings) -> None:
        self._settings = settings
        self._parts: Aerostack | None = None
        self._stack = AsyncExitStack()

    def as_service(self) -> Service:
        """What the kernel mounts."""
        return Service(
            name=SERVICE,
            title="Aerostack",
            mount=MOUNT,
            version="1.5.0",
            envelope=AerostackErrors(),
            auth=KeyAuth(SERVICE, _KEY_HEADERS),
            register=self._register,
            rate_limiter=lambda _runtime: ProjectLimits(self._settings),
            body_limit=lambda _method, path, _runtime: self._settings.body_limit(path),
            public_prefixes=PUBLIC_PREFIXES,
            host_prefixes=HOST_PREFIXES,
            describe=describe,
            definitions=KINDS,
            settings=AerostackSettings,
            start=self._start,
            stop=self._stop,
        )

    def _register(self, app: FastAPI, _runtime: Any) -> None:
        app.state.aerostack = self._parts
        app.router.routes.extend(all_routes())

    async def _start(self, runtime: Any) -> None:
        async with AsyncExitStack() as stack:
            parts = self._parts = await start_parts(runtime, self._settings, stack)
            for start in STARTS:
                stack.push_async_callback(await start(parts))
            self._stack = stack.pop_all()

    async def _stop(self, _runtime: Any) -> None:
        await self._stack.aclose()
