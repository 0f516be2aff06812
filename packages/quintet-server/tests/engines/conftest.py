"""Fixtures of the engines: a bus, a queue, and shortcuts for the usual steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.engines.work.model import Job, JobSpec
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus
from tests.support.postgres import on_cluster

LANE = "flare:prj_1"


TABLES = """work_jobs, work_schedules, work_processes, events, hook_subscriptions, hook_deliveries,
hook_attempts, runs, run_steps"""


@pytest.fixture(scope="session")
def engines_database_url(cluster_url: str, template_database: str) -> Iterator[str]:
    """One database for all tests of a worker: emptying it is ten times cheaper than a new one."""
    name = f"engines_{uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {} TEMPLATE {}", name, template_database)
    yield make_conninfo(**{**conninfo_to_dict(cluster_url), "dbname": name})
    on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(engines_database_url: str) -> Iterator[str]:
    """The URL of an empty, migrated database at the real time."""
    yield engines_database_url
    with psycopg.connect(engines_database_url, autocommit=True) as conn:
        conn.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
        conn.execute("UPDATE clock SET shift = '0' WHERE shift <> '0'")


@pytest.fixture
async def bus(db: Database) -> AsyncIterator[NotifyBus]:
    bus = NotifyBus()
    await bus.start(db)
    yield bus
    await bus.stop()


@pytest.fixture
def settings() -> WorkSettings:
    """Defaults but for the jitter, so that retry times can be foretold."""
    return WorkSettings(retry_jitter_ms=0)


@pytest.fixture
async def queue(db: Database, bus: NotifyBus, settings: WorkSettings) -> AsyncIterator[Queue]:
    queue = Queue(db, bus, settings)
    yield queue
    await queue.close()


class Bench:
    """The usual steps on one lane, short enough to read in a test."""

    lane = LANE

    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    def spec(self, **fields: Any) -> JobSpec:
        return JobSpec(**{"lane": LANE, "project_id": "prj_1", "job_type": "t", **fields})

    async def add(self, **fields: Any) -> Job:
        async with self.queue.db.transaction() as conn:
            return (await self.queue.enqueue(conn, [self.spec(**fields)]))[0]

    async def take(self, worker: str = "w1", **fields: Any) -> Job | None:
        jobs = await self.queue.claim(
            LANE, fields.pop("queues", ["default"]), worker_id=worker, capacity=1, **fields
        )
        return jobs[0] if jobs else None

    async def start(self, worker: str = "w1", **fields: Any) -> Job:
        """Add a job and claim it."""
        await self.add(**fields)
        job = await self.take(worker, queues=[fields.get("queue", "default")])
        assert job is not None
        return job

    async def ack(self, job: Job, status: str = "succeeded", **fields: Any) -> Any:
        worker = fields.pop("worker", job.worker_id)
        return await self.queue.ack(LANE, job.id, worker, status, **fields)

    async def get(self, job: Job | str) -> Job:
        return await self.queue.get(LANE, job if isinstance(job, str) else job.id)

    async def events(self, job: Job | str) -> list[tuple[str, bool]]:
        """The types in the log of a job, with whether each is terminal."""
        stream = job if isinstance(job, str) else job.id
        async with self.queue.db.connection() as conn:
            cursor = await conn.execute(
                "SELECT type, terminal FROM events WHERE stream = %s ORDER BY seq", (stream,)
            )
            return await cursor.fetchall()


@pytest.fixture
def bench(queue: Queue) -> Bench:
    return Bench(queue)
