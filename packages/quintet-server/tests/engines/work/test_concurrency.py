"""Two engines on one database, many tasks, no order: nothing lost, nothing twice, no deadlock."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from quintet_server.engines.work import reaper
from quintet_server.engines.work.model import (
    InvalidState,
    JobNotFound,
    ParentTerminal,
    State,
    WorkerMismatch,
)
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus


@pytest.fixture
async def engines(database_url):
    """Two processes' worth of engine: own pools, own buses. A deadlock is not forgiven."""
    settings = WorkSettings(retry_base_ms=0, retry_jitter_ms=0, contention_retries_count=0)
    parts = []
    for name in ("one", "two"):
        db = await Database.open(database_url, application_name=name)
        bus = NotifyBus()
        await bus.start(db)
        parts.append((db, bus, Queue(db, bus, settings)))
    yield [queue for _, _, queue in parts]
    for db, bus, queue in parts:
        await queue.close()
        await bus.stop()
        await db.close()


async def test_workers_of_two_engines_run_every_job_once(engines, bench):
    total = 400
    done: Counter[str] = Counter()

    async def work(queue: Queue, name: str) -> None:
        while sum(done.values()) < total:
            jobs = await queue.claim_wait(
                bench.lane, ["default"], worker_id=name, capacity=7, wait_seconds=0.2
            )
            for job in jobs:
                assert job.worker_id == name
                assert job.attempt == 1
                done[job.id] += 1
            await asyncio.gather(
                *(queue.ack(bench.lane, job.id, name, "succeeded", attempt=1) for job in jobs)
            )

    async def produce() -> None:
        for n in range(total):
            await engines[n % 2].enqueue_one(bench.spec(job_type=f"t{n}"))

    workers = [work(engines[n % 2], f"w{n}") for n in range(6)]
    await asyncio.gather(produce(), *workers)
    assert set(done.values()) == {1}
    assert len(done) == total
    assert await engines[0].counts(bench.lane) == {State.SUCCEEDED: total}


async def test_everything_at_once_neither_deadlocks_nor_breaks_the_rules(engines, bench):
    """Trees of jobs, and all operations at random on all of them, from both engines."""
    rng = random.Random(7)
    ids: list[str] = []
    refused: Counter[str] = Counter()

    async def grow() -> None:
        for n in range(120):
            parent = rng.choice(ids) if ids and rng.random() < 0.6 else None
            spec = bench.spec(parent_id=parent, max_attempts=rng.choice([1, 2, 5]))
            try:
                ids.append((await engines[n % 2].enqueue_one(spec)).id)
            except ParentTerminal:
                refused["parent"] += 1

    async def grow_many() -> None:
        for n in range(20):
            parents = [rng.choice(ids) if ids else None for _ in range(6)]
            try:
                async with engines[n % 2].db.transaction() as conn:
                    jobs = await engines[n % 2].enqueue(
                        conn, [bench.spec(parent_id=parent) for parent in parents]
                    )
                ids.extend(job.id for job in jobs)
            except ParentTerminal:
                refused["parents"] += 1

    async def work(queue: Queue, name: str) -> None:
        for _ in range(60):
            jobs = await queue.claim(bench.lane, ["default"], worker_id=name, capacity=5)
            if rng.random() < 0.1:
                await queue.unclaim(jobs)
                continue
            await asyncio.gather(*(finish(queue, name, job) for job in jobs))
            await asyncio.sleep(0)

    async def finish(queue: Queue, name: str, job) -> None:
        try:
            await queue.heartbeat(bench.lane, job.id, name, progress=rng.random())
            await queue.ack(
                bench.lane,
                job.id,
                name,
                rng.choice(["succeeded", "succeeded", "failed", "cancelled"]),
                attempt=job.attempt,
                retryable=rng.random() < 0.7,
            )
        except (InvalidState, WorkerMismatch):
            refused["lease"] += 1

    async def meddle(queue: Queue) -> None:
        for _ in range(80):
            await asyncio.sleep(0)
            if not ids:
                continue
            id = rng.choice(ids)
            try:
                await rng.choice([queue.cancel, queue.retry])(bench.lane, id)
            except (InvalidState, JobNotFound):
                refused["meddle"] += 1

    async def sweep(queue: Queue) -> None:
        for _ in range(20):
            async with queue.db.connection() as conn:  # some leases run out right now
                await conn.execute(
                    "UPDATE work_jobs SET lease_expires_at = quintet_now() WHERE id IN (SELECT id"
                    " FROM work_jobs WHERE state = 'processing' LIMIT 1 FOR UPDATE SKIP LOCKED)"
                )
            await reaper.reap(queue.db, queue.settings)
            await reaper.promote(queue.db, queue.settings)

    async with asyncio.timeout(100):
        await asyncio.gather(
            grow(),
            grow_many(),
            *(work(engines[n % 2], f"w{n}") for n in range(4)),
            *(meddle(queue) for queue in engines),
            *(sweep(queue) for queue in engines),
        )
    async with engines[0].db.connection() as conn:
        for rule, broken in BROKEN_RULES.items():
            cursor = await conn.execute(broken)
            assert await cursor.fetchall() == [], rule
    counts = await engines[0].counts(bench.lane)
    assert counts.get(State.SUCCEEDED, 0) > 0
    assert counts.get(State.CANCELLED, 0) > 0


BROKEN_RULES = {
    "a child waits only for an unfinished parent": """
        SELECT c.id, c.state, p.state FROM work_jobs c JOIN work_jobs p ON p.id = c.parent_id
        WHERE c.blocked AND (c.state <> 'scheduled' OR p.state NOT IN ('pending', 'scheduled',
            'processing') AND NOT EXISTS (SELECT FROM events e WHERE e.stream = p.id
            AND e.type = 'job.retry'))""",
    "a job that runs has a lease and a worker": """
        SELECT id FROM work_jobs WHERE state = 'processing'
        AND (lease_expires_at IS NULL OR worker_id IS NULL OR started_at IS NULL)""",
    "a terminal job has an end, and no other has": """
        SELECT id, state FROM work_jobs WHERE (completed_at IS NULL) <>
            (state IN ('pending', 'scheduled', 'processing'))""",
    "attempts started are attempts logged": """
        SELECT j.id, j.attempt, count(*) FROM work_jobs j JOIN events e ON e.stream = j.id
        WHERE NOT EXISTS (SELECT FROM events r WHERE r.stream = j.id AND r.type = 'job.retry')
        GROUP BY j.id HAVING j.attempt <> count(*) FILTER (WHERE e.type = 'job.started')
            - count(*) FILTER (WHERE e.type = 'job.released')
            - count(*) FILTER (WHERE e.type = 'job.cancelled' AND e.data->>'started_at' IS NULL
                AND (SELECT p.type FROM events p WHERE p.stream = j.id AND p.seq < e.seq
                     AND p.type <> 'job.progress' ORDER BY p.seq DESC LIMIT 1) = 'job.started')""",
    "the last event says where the job stands": """
        SELECT j.id, j.state, e.type FROM work_jobs j CROSS JOIN LATERAL (
            SELECT type, data, terminal FROM events WHERE stream = j.id
            ORDER BY seq DESC LIMIT 1) e
        WHERE e.data->>'state' <> j.state
            OR e.terminal <> (j.state IN ('succeeded', 'failed', 'cancelled', 'dead_letter'))""",
    "nothing succeeds twice without a retry by hand": """
        SELECT stream FROM events WHERE type = 'job.succeeded' GROUP BY stream
        HAVING count(*) > 1""",
}


async def test_ack_and_heartbeat_of_one_job_at_once_both_get_an_answer(engines, bench):
    for n in range(20):
        job = await bench.start()
        one, two = engines[n % 2], engines[(n + 1) % 2]
        results = await asyncio.gather(
            one.ack(bench.lane, job.id, "w1", "succeeded"),
            two.ack(bench.lane, job.id, "w1", "succeeded"),
            two.heartbeat(bench.lane, job.id, "w1"),
            one.heartbeat(bench.lane, job.id, "w1", progress=0.5),
            return_exceptions=True,
        )
        assert [result.action for result in results[:2]] == ["done", "done"]
        assert [result.repeated for result in results[:2]].count(False) == 1
        assert all(result == "ok" or isinstance(result, InvalidState) for result in results[2:])


async def test_child_added_while_its_parent_ends_is_released_or_refused_never_forgotten(
    engines, bench
):
    for n in range(30):
        parent = await bench.start()
        status = ("succeeded", "cancelled")[n % 2]
        results = await asyncio.gather(
            *(engines[k % 2].enqueue_one(bench.spec(parent_id=parent.id)) for k in range(4)),
            bench.ack(parent, status),
            return_exceptions=True,
        )
        for child in results[:4]:
            if isinstance(child, ParentTerminal):
                assert status == "cancelled"
                continue
            found = await bench.get(child)
            assert not found.blocked
            assert found.state is (State.PENDING if status == "succeeded" else State.CANCELLED)
        for job in await bench.queue.claim(bench.lane, ["default"], worker_id="w1", capacity=50):
            await bench.ack(job)


async def test_reaper_and_late_ack_at_once_end_the_attempt_once(engines, bench, advance):
    for _ in range(10):
        job = await bench.start(max_attempts=1)
        await advance(301)
        settings = engines[0].settings
        result, *_ = await asyncio.gather(
            engines[0].ack(bench.lane, job.id, "w1", "succeeded"),
            reaper.reap(engines[1].db, settings),
            return_exceptions=True,
        )
        found = await bench.get(job)
        if isinstance(result, InvalidState):
            assert found.state is State.DEAD_LETTER
        else:
            assert found.state is State.SUCCEEDED
        terminal = [name for name, ended in await bench.events(job) if ended]
        assert len(terminal) == 1
