"""Leases on the database's clock: how long, what renews them, what their end means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quintet_server.engines.work import reaper
from quintet_server.engines.work.model import InvalidState, State
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.engines.work.windows import LeaseWindows


@pytest.mark.parametrize(
    ("timeout", "first"), [(1, 60), (30, 60), (90, 90), (300, 300), (1800, 300), (86_400, 300)]
)
async def test_first_lease_is_the_timeout_within_bounds(bench, queue, timeout, first):
    job = await bench.start(timeout_seconds=timeout)
    assert job.lease_expires_at - job.started_at == timedelta(seconds=first)
    assert queue.windows.first(timeout) == first


@pytest.mark.parametrize(
    ("timeout", "beat_at", "lease"),
    [(30, 10, 70), (30, 40, 90), (1800, 30, 1830), (1800, 1000, 1860), (100, 50, 150)],
)
async def test_heartbeat_renews_the_lease_up_to_the_hard_bound(
    bench, queue, advance, timeout, beat_at, lease
):
    """`lease` counts from the start: beat + max(60, timeout), at most timeout + 60."""
    job = await bench.start(timeout_seconds=timeout)
    await advance(beat_at)
    await queue.heartbeat(bench.lane, job.id, "w1")
    found = await bench.get(job)
    held = (found.lease_expires_at - job.started_at).total_seconds()
    late = (found.heartbeat_at - job.started_at).total_seconds() - beat_at
    assert lease <= held <= lease + late + 1e-6
    assert queue.windows.hard(timeout) >= lease - 1


async def test_expired_lease_is_a_failed_attempt_with_backoff(bench, queue, advance):
    job = await bench.start(timeout_seconds=30)
    await advance(30)
    assert await reaper.reap(queue.db, queue.settings) == 0
    await advance(31)
    assert await reaper.reap(queue.db, queue.settings) == 1
    waiting = await bench.get(job)
    assert (waiting.state, waiting.attempt, waiting.worker_id) == (State.PENDING, 1, None)
    assert waiting.error["type"] == "LeaseExpired"
    assert waiting.run_at is not None
    assert (await bench.events(job))[-1] == ("job.failed", False)
    with pytest.raises(InvalidState):  # the worker that was too slow
        await bench.ack(job)
    with pytest.raises(InvalidState):
        await bench.ack(job, "failed")
    with pytest.raises(InvalidState):
        await queue.heartbeat(bench.lane, job.id, "w1")


async def test_expired_lease_of_the_last_attempt_is_dead_letter_and_cancels_children(
    bench, queue, advance
):
    job = await bench.start(max_attempts=1)
    child = await bench.add(parent_id=job.id)
    await advance(301)
    await reaper.reap(queue.db, queue.settings)
    assert (await bench.get(job)).state is State.DEAD_LETTER
    assert (await bench.get(child)).state is State.CANCELLED


async def test_expired_lease_after_a_cancel_request_is_cancelled(bench, queue, advance):
    job = await bench.start()
    await queue.cancel(bench.lane, job.id)
    await advance(301)
    await reaper.reap(queue.db, queue.settings)
    assert (await bench.get(job)).state is State.CANCELLED


async def test_beats_keep_a_job_alive_only_until_the_hard_bound(bench, queue, advance):
    job = await bench.start(timeout_seconds=120)
    for _ in range(3):
        await advance(50)
        await queue.heartbeat(bench.lane, job.id, "w1")
        assert await reaper.reap(queue.db, queue.settings) == 0
    await advance(31)  # start + 181
    assert await reaper.reap(queue.db, queue.settings) == 1


async def test_late_ack_before_the_reaper_came_still_counts(bench, queue, advance):
    job = await bench.start()
    await advance(3600)
    assert (await bench.ack(job)).state is State.SUCCEEDED
    assert await reaper.reap(queue.db, queue.settings) == 0


async def test_windows_are_settings(db, bus, bench):
    settings = WorkSettings(
        lease_floor_seconds=0.5, lease_first_cap_seconds=2, lease_grace_seconds=0.25
    )
    windows = LeaseWindows.from_settings(settings)
    assert (windows.first(1), windows.first(10), windows.hard(1)) == (1, 2, 1.25)
    assert windows.first(0.1) == 0.35
    assert windows.renewed(0.1) == 0.5


async def test_reaper_ends_many_in_batches(bench, queue, advance, monkeypatch):
    monkeypatch.setattr(reaper, "_BATCH_COUNT", 7)
    async with queue.db.transaction() as conn:
        await queue.enqueue(conn, [bench.spec() for _ in range(30)])
    await queue.claim(bench.lane, ["default"], worker_id="w", capacity=30)
    await advance(301)
    assert await reaper.reap(queue.db, queue.settings) == 30
    assert await reaper.reap(queue.db, queue.settings) == 0


async def test_prune_forgets_finished_jobs_past_their_time_only(bench, queue, advance):
    old, open_ = await bench.start(), await bench.add(queue="other")
    await bench.ack(old)
    await advance(31 * 86_400)
    young = await bench.start(queue="third")
    await bench.ack(young)
    assert await reaper.prune(queue.db, queue.settings) == 1
    assert (await bench.get(open_)).id == open_.id
    assert (await bench.get(young)).id == young.id


async def test_promote_writes_what_readers_saw_already(bench, queue, advance):
    now = (await bench.add(queue="clock")).created_at
    job = await bench.add(run_at=now + timedelta(seconds=60))
    assert await reaper.promote(queue.db, queue.settings) == 0
    await advance(61)
    assert (await bench.get(job)).state is State.PENDING
    assert await reaper.promote(queue.db, queue.settings) == 1
    assert await reaper.promote(queue.db, queue.settings) == 0
    assert (await bench.get(job)).state is State.PENDING
    assert (await bench.events(job))[-1] == ("job.activated", False)
