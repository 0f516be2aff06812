"""The workers of all consumers in this process, kept in step with their definitions.

Each consumer has a worker with its own concurrency, and each type is a queue that one of them
claims from. Consumers of patterns get the types that jobs wait for, as soon as such a job appears.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from quintet_server.engines.work.lane_worker import LaneWorker
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.queue.definitions import ConsumerSpec
from quintet_server.services.aerostack.queue.delivery import Consumer
from quintet_server.services.aerostack.queue.handling import Handling
from quintet_server.services.aerostack.queue.matching import is_pattern, shares
from quintet_server.services.aerostack.queue.records import LANE_PREFIX, lane_of
from quintet_server.store.background import end
from quintet_server.store.database import Connection

_log = structlog.get_logger(__name__)

CHANNEL = "aerostack_consumers"
_TYPES_MAX_COUNT = 10_000
# Types without a job in sight go on being claimed from as long as they are no more than this.
_KEPT_COUNT = 100

_CONSUMERS = """
SELECT project_id, name, spec FROM aerostack_consumers WHERE enabled ORDER BY project_id, name
"""
# One step per type, not per job: each looks up the next larger type in the index.
_WAITING_TYPES = """
WITH RECURSIVE waiting (queue) AS (
    (SELECT j.queue FROM work_jobs j
     WHERE j.lane = %(lane)s AND j.state IN ('pending', 'scheduled') AND NOT j.blocked
     ORDER BY j.queue LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue FROM work_jobs j
            WHERE j.lane = %(lane)s AND j.state IN ('pending', 'scheduled') AND NOT j.blocked
              AND j.queue > w.queue
            ORDER BY j.queue LIMIT 1)
    FROM waiting w WHERE w.queue IS NOT NULL
)
SELECT queue FROM waiting WHERE queue IS NOT NULL LIMIT %(limit)s
"""

Name = tuple[str, str]


class Desk:
    """A consumer at work: its worker, and what that does with a job."""

    def __init__(self, parts: Aerostack, consumer: Consumer, types: Iterable[str]) -> None:
        self.handling = Handling(parts, consumer)
        self.concurrency = consumer.spec.concurrency
        self.worker = LaneWorker(
            parts.queue,
            lane_of(consumer.project_id),
            self.handling.handle,
            concurrency=self.concurrency,
            queues=tuple(types),
        )

    async def close(self) -> None:
        """Let jobs in hand end within the drain time; the rest is given back."""
        self.handling.is_ending = True
        await self.worker.stop()


class Workers:
    """Everything that works on the queues of this process."""

    def __init__(self, parts: Aerostack) -> None:
        self._parts = parts
        self._desks: dict[Name, Desk] = {}
        self._known: dict[str, set[str]] = {}  # of projects with patterns: the types shared out
        self._arrived: set[Name] = set()  # projects and types of jobs since the last look began
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._unsubscribe: tuple[Callable[[], None], ...] = ()

    async def start(self) -> None:
        """Begin to work."""
        bus = self._parts.queue.bus
        self._unsubscribe = (
            bus.subscribe(CHANNEL, lambda _: self._wake.set()),
            bus.subscribe("work", self._job_waits),
        )
        self._task = asyncio.create_task(self._run(), name="aerostack-consumers")

    async def stop(self) -> None:
        """Claim nothing more, and let jobs in hand end."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._task is not None:
            await end(self._task)
        for name in list(self._desks):
            self._dismiss(name)
        while self._closing:
            await asyncio.gather(*self._closing)

    def _job_waits(self, payload: str | None) -> None:
        """Look around when a job of a type appears that nobody has been told of."""
        if payload is None:
            self._wake.set()
            return
        lane, _, job_type = payload.partition(" ")
        if lane.startswith(LANE_PREFIX):
            arrived = (lane.removeprefix(LANE_PREFIX), job_type)
            self._arrived.add(arrived)
            self._wake_for(arrived)

    def _wake_for(self, arrived: Name) -> None:
        project_id, job_type = arrived
        if job_type not in self._known.get(project_id, {job_type}):
            self._wake.set()

    async def _run(self) -> None:
        period = self._parts.settings.queue_look_seconds
        while True:
            self._wake.clear()
            self._arrived.clear()
            try:
                await self._look()
            except (psycopg.Error, PoolTimeout) as error:
                _log.warning("consumers_not_read", error=str(error).strip())
            try:
                async with asyncio.timeout(period):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        async with self._parts.db.connection() as conn:
            consumers = await _read(conn)
            by_project: dict[str, list[Consumer]] = defaultdict(list)
            for consumer in consumers.values():
                by_project[consumer.project_id].append(consumer)
            known = {
                project_id: await self._types(conn, project_id, of_project)
                for project_id, of_project in by_project.items()
                if any(is_pattern(each) for one in of_project for each in one.spec.types)
            }
        for name in self._desks.keys() - consumers.keys():
            self._dismiss(name)
        for project_id, of_project in by_project.items():
            self._share_out(of_project, known.get(project_id, set()))
        self._known = known
        for arrived in self._arrived:  # while we looked
            self._wake_for(arrived)

    async def _types(
        self, conn: Connection, project_id: str, consumers: list[Consumer]
    ) -> set[str]:
        """The types there are: waited for, named, and seen before unless those are many."""
        values = {"lane": lane_of(project_id), "limit": _TYPES_MAX_COUNT}
        rows = await (await conn.execute(_WAITING_TYPES, values)).fetchall()
        named = {each for one in consumers for each in one.spec.types if not is_pattern(each)}
        before = self._known.get(project_id, set())
        return {*(row[0] for row in rows), *named, *(before if len(before) <= _KEPT_COUNT else ())}

    def _share_out(self, consumers: list[Consumer], types: set[str]) -> None:
        shared = shares(types, {one.name: one.spec.types for one in consumers})
        for consumer in consumers:
            name = (consumer.project_id, consumer.name)
            desk = self._desks.get(name)
            if desk is not None and desk.concurrency != consumer.spec.concurrency:
                self._dismiss(name)
                desk = None
            if desk is None:
                desk = self._desks[name] = Desk(self._parts, consumer, shared[consumer.name])
                desk.worker.start()
            desk.handling.consumer = consumer
            desk.worker.serve(shared[consumer.name])

    def _dismiss(self, name: Name) -> None:
        """Close in the background; :meth:`stop` waits for it."""
        self._closing.add(task := asyncio.create_task(self._desks.pop(name).close()))
        task.add_done_callback(self._closing.discard)


async def _read(conn: Connection) -> dict[Name, Consumer]:
    """The consumers that are switched on."""
    consumers: dict[Name, Consumer] = {}
    for project_id, name, stored in await (await conn.execute(_CONSUMERS)).fetchall():
        try:
            spec = ConsumerSpec.model_validate(stored)
        except ValidationError as error:  # applied by another version: the others go on working
            _log.error("consumer_not_understood", project=project_id, name=name, error=str(error))
            continue
        consumers[project_id, name] = Consumer(project_id, name, spec)
    return consumers
