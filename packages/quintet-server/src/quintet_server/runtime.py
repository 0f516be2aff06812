"""The parts of a running server process, and the order in which they start and stop.

Start: database (embedded or given) → migrations → notifications → clock, keys, log → engines →
services → deliveries. Stop is two steps: :meth:`Runtime.begin_stop` while requests are still
being answered (long-polls get their empty answer, event streams end, so that clients go
elsewhere), and :meth:`Runtime.stop` when none is left (workers drain, the pool closes, an embedded
database that nobody else uses is stopped).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.settings import AiSettings
from quintet_server.engines.embed.engine import Embeddings
from quintet_server.engines.hooks.engine import Hooks
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.runs.engine import Runs
from quintet_server.engines.vectors.engine import Vectors
from quintet_server.engines.work.presence import Presence
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.engines.work.ticker import Ticker
from quintet_server.http.metrics import HttpMetrics
from quintet_server.http.service import Service
from quintet_server.settings import HttpSettings, Settings
from quintet_server.store.background import end
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.dev_keys import ensure_dev_keys
from quintet_server.store.embedded import EmbeddedPostgres
from quintet_server.store.event_log import EventFollower
from quintet_server.store.idempotency import IdempotencyStore
from quintet_server.store.keys import KeyStore
from quintet_server.store.migrate import migrate
from quintet_server.store.notify import NotifyBus
from quintet_server.store.retention import keep_tidy

__all__ = ["Runtime"]

_log = structlog.get_logger(__name__)


class Runtime:
    """Everything one server process holds. Handlers find it as ``request.app.state.runtime``.

    The attributes from ``db`` on exist once :meth:`start` has returned.
    """

    db: Database
    clock: Clock
    keys: KeyStore
    idempotency: IdempotencyStore
    follower: EventFollower
    queue: Queue
    schedules: Schedules
    hooks: Hooks
    chat: Chat
    runs: Runs
    embedder: Embeddings
    vectors: Vectors

    def __init__(self, settings: Settings, services: list[Service]):
        self.settings = settings
        self.services = services
        self.http_metrics = HttpMetrics()
        self.bus = NotifyBus()
        self.stopping = asyncio.Event()
        self.is_ready = False
        self._stack = AsyncExitStack()
        self._hooks_draining: asyncio.Task[None] | None = None
        self._runs_stopping: asyncio.Task[None] | None = None
        self._short_tasks: set[asyncio.Task[None]] = set()

    @property
    def http_settings(self) -> HttpSettings:
        """Settings of the group ``http``."""
        return self.settings.http

    async def start(self) -> None:
        """Start every part; if one fails, stop those that have been started and raise."""
        async with AsyncExitStack() as stack:
            await self._open_database(stack)
            await self._start_kernel(stack)
            await self._start_engines(stack)
            for service in self.services:
                await self._start_service(service, stack)
            # Services have registered their programs and formats; from now on runs can be carried
            # out and deliveries sent.
            await self.runs.start()
            stack.push_async_callback(self._stop_runs)
            await self.hooks.start()
            stack.push_async_callback(self._stop_hooks)
            self._stack = stack.pop_all()
        self.is_ready = True

    async def begin_stop(self) -> None:
        """Answer what waits, so that running requests can end. New ones are still served."""
        self.is_ready = False
        self.stopping.set()
        self.follower.close()
        # Runs and deliveries under way may take their time; nothing new is claimed from here on.
        self._runs_stopping = asyncio.create_task(self.runs.stop(), name="runs-stop")
        self._hooks_draining = asyncio.create_task(self.hooks.drain(), name="hooks-drain")
        await asyncio.sleep(0)
        await self.queue.close()

    async def stop(self) -> None:
        """Stop every part, last started first."""
        if not self.stopping.is_set():
            await self.begin_stop()
        await self._stack.aclose()

    async def _open_database(self, stack: AsyncExitStack) -> None:
        server, store = self.settings.server, self.settings.store
        server.data_dir.mkdir(parents=True, exist_ok=True)
        url = server.database_url
        if url is None:
            postgres = EmbeddedPostgres(server.data_dir)
            stack.push_async_callback(asyncio.to_thread, postgres.stop)
            url = await asyncio.to_thread(postgres.start)
            self._keep(stack, postgres.supervise(), "postgres-supervisor")
        self.db = await Database.open(
            url,
            min_size=store.pool_min_count,
            max_size=store.pool_max_count,
            application_name="quintet",
            wait_seconds=store.connect_wait_seconds,
        )
        stack.push_async_callback(self.db.close)
        for name in await migrate(self.db):
            _log.info("migration_applied", name=name)

    async def _start_kernel(self, stack: AsyncExitStack) -> None:
        settings = self.settings
        ttl = timedelta(seconds=settings.store.idempotency_ttl_seconds)
        # A lost LISTEN connection usually means a restarted PostgreSQL: the pool's are gone too.
        self.bus.on_connection(lambda: self._spawn(self.db.revive()))
        await self.bus.start(self.db)
        stack.push_async_callback(self.bus.stop)
        self.clock = Clock(self.db, self.bus)
        await self.clock.start()
        self.keys = KeyStore(self.db, self.bus)
        self.keys.start()
        stack.push_async_callback(self.keys.stop)
        self.idempotency = IdempotencyStore(self.db, ttl=ttl)
        self.follower = EventFollower(
            self.db, self.bus, heartbeat=settings.http.sse_heartbeat_seconds
        )
        self._keep(stack, keep_tidy(self.db, self.idempotency, settings.store), "retention")
        if settings.server.dev_keys:
            await ensure_dev_keys(self.db, settings.server.data_dir)
        for counter in ("pool_size", "pool_available", "requests_waiting"):
            read = partial(self._pool_counter, counter)
            self.http_metrics.watch(f"quintet_database_{counter}", "Of the connection pool.", read)

    def _pool_counter(self, name: str) -> float:
        return self.db.pool_stats().get(name, 0)

    async def _start_engines(self, stack: AsyncExitStack) -> None:
        self.queue = Queue(self.db, self.bus, WorkSettings())
        presence = Presence(self.queue)
        await presence.start()
        stack.push_async_callback(presence.stop)
        stack.push_async_callback(self.queue.close)
        self.schedules = Schedules(self.queue)
        private = self.settings.server.allow_private_targets
        self.hooks = Hooks(self.queue, HookSettings(), allow_private_targets=private)
        self.runs = Runs(self.queue, self.clock)
        self.embedder = Embeddings()
        stack.push_async_callback(self.embedder.stop)
        self.vectors = Vectors(self.db)
        self.chat = Chat(AiSettings(), self.settings.server.data_dir)
        stack.push_async_callback(self.chat.stop)
        await self.chat.start()
        ticker = Ticker(self.queue, self.schedules)
        ticker.start()
        stack.push_async_callback(ticker.stop)

    async def _start_service(self, service: Service, stack: AsyncExitStack) -> None:
        if service.stop is not None:
            stack.push_async_callback(service.stop, self)
        if service.start is not None:
            await service.start(self)

    async def _stop_runs(self) -> None:
        if self._runs_stopping is None:
            await self.runs.stop()
        else:
            await self._runs_stopping

    async def _stop_hooks(self) -> None:
        if self._hooks_draining is not None:
            await self._hooks_draining
        await self.hooks.stop()

    def _keep(self, stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a loop in the background until the runtime stops."""
        stack.push_async_callback(end, asyncio.create_task(work, name=name))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something short in the background."""
        task = asyncio.create_task(work)
        self._short_tasks.add(task)
        task.add_done_callback(self._short_tasks.discard)
