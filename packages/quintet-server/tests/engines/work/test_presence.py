"""Processes that hold jobs, and what becomes of these when one dies."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.engines.work.model import State
from quintet_server.engines.work.presence import Presence
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.reaper import bury, reap
from quintet_server.engines.work.settings import WorkSettings


@pytest.fixture
def settings():
    return WorkSettings(
        retry_jitter_ms=0,
        presence_period_seconds=0.05,
        presence_grace_seconds=0,
        jump_respite_seconds=60,
    )


@pytest.fixture
async def presence(queue):
    presence = Presence(queue)
    await presence.start()
    yield presence
    await presence.stop()


async def processes(queue):
    async with queue.db.connection() as conn:
        cursor = await conn.execute("SELECT id, number, missing_since FROM work_processes")
        return await cursor.fetchall()


async def cut(queue):
    """Close the connection of every presence, as a kill would."""
    async with queue.db.connection() as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE '%-presence' AND datname = current_database()"
        )


async def test_living_process_keeps_its_jobs(queue, presence, bench):
    job = await bench.start(queue.in_process_worker_id())
    assert await bury(queue.db, queue.settings) == 0
    assert await reap(queue.db, queue.settings) == 0
    assert (await bench.get(job)).state is State.PROCESSING


async def test_dead_process_loses_its_jobs_and_no_others(queue, bench):
    async with queue.db.connection() as conn:
        await conn.execute("INSERT INTO work_processes (id) VALUES (%s)", (queue.process_id,))
    job = await bench.start(queue.in_process_worker_id())
    foreign = await bench.start("w1")
    other = await bench.start(Queue(queue.db, queue.bus).in_process_worker_id())
    assert await bury(queue.db, queue.settings) == 0
    assert await reap(queue.db, queue.settings) == 1
    given_up = await bench.get(job)
    assert (given_up.state, given_up.error["type"]) == (State.PENDING, "LeaseExpired")
    assert (await bench.get(foreign)).state is State.PROCESSING
    assert (await bench.get(other)).state is State.PROCESSING
    assert await processes(queue) == []


async def test_process_without_its_lock_is_missing_before_it_is_dead(queue, bench):
    patient = queue.settings.model_copy(update={"presence_grace_seconds": 60.0})
    async with queue.db.connection() as conn:
        await conn.execute("INSERT INTO work_processes (id) VALUES (%s)", (queue.process_id,))
    await bench.start(queue.in_process_worker_id())
    assert await bury(queue.db, patient) == 1
    assert await reap(queue.db, patient) == 0
    async with queue.db.connection() as conn:
        await conn.execute(
            "UPDATE work_processes SET missing_since = missing_since - interval '61 s'"
        )
    assert await bury(queue.db, patient) == 0
    assert await reap(queue.db, patient) == 1


async def test_lost_connection_is_made_again_and_the_lock_taken(queue, presence):
    ((_, before, _),) = await processes(queue)
    patient = queue.settings.model_copy(update={"presence_grace_seconds": 60.0})
    await cut(queue)
    async with asyncio.timeout(60):
        while (await processes(queue))[0][1] == before:
            await bury(queue.db, patient)
            await asyncio.sleep(0.01)
    assert await bury(queue.db, patient) == 0
    assert [missing for *_, missing in await processes(queue)] == [None]


async def test_process_that_was_given_up_shows_itself_again(queue, presence):
    async with queue.db.connection() as conn:
        await conn.execute("DELETE FROM work_processes")
    async with asyncio.timeout(60):
        while not await processes(queue):
            await asyncio.sleep(0.01)
    assert await bury(queue.db, queue.settings) == 0


async def test_silent_process_is_given_up_although_it_has_its_lock(queue, presence, bench):
    job = await bench.start(queue.in_process_worker_id())
    hasty = queue.settings.model_copy(update={"presence_silence_seconds": 1e-6})
    await bury(queue.db, hasty)
    assert await reap(queue.db, hasty) == 1
    assert (await bench.get(job)).state is State.PENDING


async def test_stopping_leaves_nothing_behind(queue, bench):
    presence = Presence(queue)
    await presence.start()
    await bench.start(queue.in_process_worker_id())
    await presence.stop()
    assert await processes(queue) == []
    assert await reap(queue.db, queue.settings) == 1


async def test_jump_of_the_clock_spares_the_living_for_a_moment(queue, presence, bench, advance):
    mine = await bench.start(queue.in_process_worker_id())
    await bench.start("w1")
    await advance(3 * 86_400)
    assert await reap(queue.db, queue.settings) == 1
    assert (await bench.get(mine)).state is State.PROCESSING
    assert await queue.heartbeat(bench.lane, mine.id, mine.worker_id) == "cancel"
    at_once = queue.settings.model_copy(update={"jump_respite_seconds": 0.0})
    assert await reap(queue.db, at_once) == 1


async def test_job_that_may_be_done_again_is_handed_back_at_once(queue, bench):
    async with queue.db.connection() as conn:
        await conn.execute("INSERT INTO work_processes (id) VALUES (%s)", (queue.process_id,))
    policy = {"delays_ms": [120_000], "again_if_interrupted": True}
    job = await bench.start(queue.in_process_worker_id(), retry_policy=policy)
    assert await bury(queue.db, queue.settings) == 0
    assert await reap(queue.db, queue.settings) == 0
    free = await bench.get(job)
    assert (free.state, free.attempt, free.error) == (State.PENDING, 0, None)
    assert free.due_at <= free.created_at
