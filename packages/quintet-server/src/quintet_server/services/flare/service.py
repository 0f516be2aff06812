"""The Flare service as the kernel mounts it, and the start and stop of its parts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from quintet_server.http.auth import KeyAuth
from quintet_server.http.rate_limit import MovingWindow, RateLimiter
from quintet_server.http.service import Service
from quintet_server.services.flare.alert_mail import CHANNEL, AlertMail
from quintet_server.services.flare.context import Flare
from quintet_server.services.flare.creation import Creations
from quintet_server.services.flare.definitions import KINDS
from quintet_server.services.flare.errors import FlareErrors
from quintet_server.services.flare.health import health_routes
from quintet_server.services.flare.openapi import describe
from quintet_server.services.flare.presence import Presence
from quintet_server.services.flare.quotas import Quotas
from quintet_server.services.flare.routes import build_routes
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.tidying import Tidying
from quintet_server.services.flare.turns import Turns
from quintet_server.services.flare.webhook_format import hook_format
from quintet_server.store.keys import Principal

MOUNT = "/flare/v1"


def service(settings: FlareSettings | None = None) -> Service:
    """One Flare for one process; settings come from the environment unless given."""
    return FlareService(settings or FlareSettings()).as_service()


class FlareService:
    """Holds the parts between their start and their stop."""

    def __init__(self, settings: FlareSettings) -> None:
        self._settings = settings
        self._flare: Flare | None = None
        self._mail: AlertMail | None = None
        self._tidying: Tidying | None = None
        self._unsubscribe: list[Callable[[], None]] = []

    def as_service(self) -> Service:
        """What the kernel mounts."""
        return Service(
            name="flare",
            title="Zeridion Flare",
            mount=MOUNT,
            envelope=FlareErrors(),
            auth=KeyAuth("flare"),
            register=self._register,
            rate_limiter=self._rate_limiter,
            body_limit=self._body_limit,
            root_routes=health_routes,
            describe=describe,
            definitions=KINDS,
            settings=FlareSettings,
            start=self._start,
            stop=self._stop,
        )

    def _body_limit(self, method: str, path: str, _runtime: Any) -> int:
        # A create refuses a large body itself, as early, because its 413 shows the quota too.
        return sys.maxsize if (method, path) == ("POST", "/jobs") else self._settings.body_max_bytes

    def _register(self, app: FastAPI, _runtime: Any) -> None:
        app.state.flare = self._flare
        app.router.routes.extend(build_routes())

    def _rate_limiter(self, _runtime: Any) -> RateLimiter:
        settings = self._settings

        def limit_of(principal: Principal) -> int | None:
            limit = principal.settings.get("requests_per_hour", settings.requests_per_hour)
            return None if limit is None else int(limit)

        return MovingWindow(limit_of, unlimited_shown_as=settings.unlimited_shown_as)

    async def _start(self, runtime: Any) -> None:
        settings = self._settings
        quotas = Quotas(runtime.db, runtime.clock, settings)
        presence = Presence(runtime.db, settings)
        folder = settings.mail_dir or runtime.settings.server.data_dir / "mail" / "flare"
        self._mail = AlertMail(runtime.db, Path(folder), settings.mail_from)
        self._flare = Flare(
            settings=settings,
            db=runtime.db,
            queue=runtime.queue,
            schedules=runtime.schedules,
            hooks=runtime.hooks,
            quotas=quotas,
            presence=presence,
            creations=Creations(runtime.db, runtime.queue, runtime.idempotency, quotas),
            turns=Turns(),
        )
        runtime.hooks.formats.register("flare", hook_format(settings))
        runtime.schedules.admit_by("flare", quotas.note_tick)
        self._unsubscribe = [
            runtime.bus.subscribe("clock", quotas.forget),
            runtime.bus.subscribe("clock", presence.clock_moved),
            runtime.bus.subscribe(CHANNEL, self._mail.notified),
        ]
        quotas.start()
        presence.start()
        self._mail.start()
        self._tidying = Tidying(runtime.db, settings)
        self._tidying.start()

    async def _stop(self, _runtime: Any) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._tidying is not None:
            await self._tidying.stop()
        if self._mail is not None:
            await self._mail.stop()
        if self._flare is not None:
            await self._flare.presence.stop()
            await self._flare.quotas.stop()
