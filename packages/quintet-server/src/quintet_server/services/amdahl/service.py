"""The Amdahl service as the kernel mounts it: start and stop of its engine and rooms."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from fastapi import FastAPI

from quintet_server.http.service import Service
from quintet_server.services.amdahl.authenticating import VERSION, VERSION_HEADER, AmdahlAuth
from quintet_server.services.amdahl.context import SERVICE, Amdahl
from quintet_server.services.amdahl.errors import AmdahlErrors
from quintet_server.services.amdahl.limits import business_limits
from quintet_server.services.amdahl.openapi import describe
from quintet_server.services.amdahl.parts import start_parts
from quintet_server.services.amdahl.routes import (
    HOST_PREFIXES,
    KINDS,
    PUBLIC_PREFIXES,
    STARTS,
    all_routes,
    body_limits,
)
from quintet_server.services.amdahl.settings import AmdahlSettings

MOUNT = "/api/platform/v1"


def service(settings: AmdahlSettings | None = None) -> Service:
    """One Amdahl for one process; settings come from the environment unless given."""
    return AmdahlService(settings or AmdahlSettings()).as_service()


class AmdahlService:
    """Holds the parts between their start and their stop."""

    def __init__(self, settings: AmdahlSettings) -> None:
        self._settings = settings
        self._parts: Amdahl | None = None
        self._stack = AsyncExitStack()
        self._body_limits = body_limits()

    def as_service(self) -> Service:
        """What the kernel mounts."""
        return Service(
            name=SERVICE,
            title="Amdahl Platform",
            mount=MOUNT,
            version=VERSION,
            envelope=AmdahlErrors(),
            auth=AmdahlAuth(),
            register=self._register,
            rate_limiter=lambda _runtime: business_limits(self._settings),
            body_limit=self._body_limit,
            answer_headers=((VERSION_HEADER, VERSION.encode()),),
            public_prefixes=PUBLIC_PREFIXES,
            host_prefixes=HOST_PREFIXES,
            describe=describe,
            definitions=KINDS,
            settings=AmdahlSettings,
            start=self._start,
            stop=self._stop,
        )

    def _body_limit(self, _method: str, path: str, _runtime: Any) -> int:
        return self._body_limits.get(path, self._settings.body_max_bytes)

    def _register(self, app: FastAPI, _runtime: Any) -> None:
        app.state.amdahl = self._parts
        app.router.routes.extend(all_routes())

    async def _start(self, runtime: Any) -> None:
        async with AsyncExitStack() as stack:
            parts = self._parts = await start_parts(runtime, self._settings, stack)
            for start in STARTS:
                stack.push_async_callback(await start(parts))
            self._stack = stack.pop_all()

    async def _stop(self, _runtime: Any) -> None:
        await self._stack.aclose()
