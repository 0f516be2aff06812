"""The FlowMaestro service as the kernel mounts it, and the start and stop of its rooms."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from fastapi import FastAPI

from quintet_server.engines.hooks.target import guarded_client
from quintet_server.http.auth import KeyAuth, KeyHeader
from quintet_server.http.rate_limit import RateLimiter
from quintet_server.http.service import Service
from quintet_server.services.flowmaestro.context import SERVICE, FlowMaestro
from quintet_server.services.flowmaestro.errors import FlowMaestroErrors
from quintet_server.services.flowmaestro.limits import FixedWindows
from quintet_server.services.flowmaestro.openapi import describe
from quintet_server.services.flowmaestro.routes import KINDS, STARTS, build_routes
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.store.keys import Principal

MOUNT = "/api/v1"


def service(settings: FlowMaestroSettings | None = None) -> Service:
    """One FlowMaestro for one process; settings come from the environment unless given."""
    return FlowMaestroService(settings or FlowMaestroSettings()).as_service()


class FlowMaestroService:
    """Holds the parts between their start and their stop."""

    def __init__(self, settings: FlowMaestroSettings) -> None:
        self._settings = settings
        self._parts: FlowMaestro | None = None
        self._stack = AsyncExitStack()

    def as_service(self) -> Service:
        """What the kernel mounts."""
        return Service(
            name=SERVICE,
            title="FlowMaestro",
            mount=MOUNT,
            envelope=FlowMaestroErrors(),
            # Of the two ways to send a key the vendor's own header is looked at first.
            auth=KeyAuth(SERVICE, (KeyHeader("X-API-Key", bearer=False), KeyHeader())),
            register=self._register,
            rate_limiter=self._rate_limiter,
            body_limit=lambda _method, _path, _runtime: self._settings.body_max_bytes,
            request_id_headers=(b"x-request-id", b"x-trace-id"),
            public_prefixes=("/hooks/",),
            describe=describe,
            definitions=KINDS,
            settings=FlowMaestroSettings,
            start=self._start,
            stop=self._stop,
        )

    def _register(self, app: FastAPI, _runtime: Any) -> None:
        app.state.flowmaestro = self._parts
        app.router.routes.extend(build_routes())

    def _rate_limiter(self, _runtime: Any) -> RateLimiter:
        settings = self._settings

        def limits_of(principal: Principal) -> tuple[int, int]:
            own = principal.settings
            return (
                int(own.get("requests_per_minute", settings.requests_per_minute)),
                int(own.get("requests_per_day", settings.requests_per_day)),
            )

        return FixedWindows(limits_of)

    async def _start(self, runtime: Any) -> None:
        allow_private = runtime.settings.server.allow_private_targets
        async with AsyncExitStack() as stack:
            http = guarded_client(allow_private=allow_private)
            stack.push_async_callback(http.aclose)
            parts = self._parts = FlowMaestro(
                settings=self._settings,
                db=runtime.db,
                clock=runtime.clock,
                queue=runtime.queue,
                schedules=runtime.schedules,
                hooks=runtime.hooks,
                runs=runtime.runs,
                chat=runtime.chat,
                embedder=runtime.embedder,
                vectors=runtime.vectors,
                follower=runtime.follower,
                http=http,
                allow_private_targets=allow_private,
            )
            for start in STARTS:
                stack.push_async_callback(await start(parts))
            self._stack = stack.pop_all()

    async def _stop(self, _runtime: Any) -> None:
        await self._stack.aclose()
