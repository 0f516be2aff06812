"""What a handler and the layers before it get to work with.

In a handler: ``request.state.principal`` (a :class:`~quintet_server.store.keys.Principal`),
``request.state.request_id`` (str), ``request.app.state.runtime`` (the process's services and
engines, which satisfy :class:`Kernel`) and ``request.app.state.service`` (the
:class:`~quintet_server.http.service.Service` itself).
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from quintet_server.http.metrics import HttpMetrics
from quintet_server.settings import HttpSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.event_log import EventFollower
from quintet_server.store.idempotency import IdempotencyStore
from quintet_server.store.keys import KeyStore

__all__ = ["Kernel"]


class Kernel(Protocol):
    """What the HTTP layer needs of the process it runs in."""

    db: Database
    keys: KeyStore
    clock: Clock
    idempotency: IdempotencyStore
    follower: EventFollower
    http_metrics: HttpMetrics
    stopping: asyncio.Event
    """Set when the process begins to shut down."""

    @property
    def http_settings(self) -> HttpSettings:
        """The settings of the group ``http``."""
        ...
