"""Long-polls: who is woken, by what, and what happens to those who leave."""

from __future__ import annotations

import asyncio
import contextlib
import math

import pytest

from quintet_server.engines.work import claims
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.store.notify import NotifyBus


def poll(queue, bench, worker="w1", *, wait=60.0, capacity=1, queues=("default",), **options):
    return asyncio.create_task(
        queue.claim_wait(
            bench.lane,
            list(queues),
            worker_id=worker,
            capacity=capacity,
            wait_seconds=wait,
            **options,
        )
    )


async def until_waiting(queue, count=1):
    """Wait until this many polls are held and their first look found nothing."""
    claimer = queue._claimer
    while sum(len(group._waiters) for group in claimer._groups.values()) < count or any(
        group._newcomers for group in claimer._groups.values()
    ):
        await asyncio.sleep(0)


@pytest.fixture
def settings():
    """No re-check: what wakes a poll in these tests is what they say wakes it."""
    return WorkSettings(retry_jitter_ms=0, recheck_seconds=3600)


async def test_poll_is_woken_by_an_enqueue(queue, bench):
    waiting = poll(queue, bench)
    await until_waiting(queue)
    job = await bench.add()
    assert [claimed.id for claimed in await waiting] == [job.id]


async def test_poll_of_another_queue_lane_or_type_sleeps_on(queue, bench):
    other_queue = poll(queue, bench, queues=["mail"])
    other_type = poll(queue, bench, job_types=["x"])
    await until_waiting(queue, 2)
    await bench.add()
    await bench.add(lane="flare:other", queue="mail")
    assert (await bench.take("w9")) is not None
    assert not other_queue.done()
    assert not other_type.done()
    mail = await bench.add(queue="mail")
    typed = await bench.add(job_type="x")
    assert [job.id for job in await other_queue] == [mail.id]
    assert [job.id for job in await other_type] == [typed.id]


async def test_poll_without_wait_answers_at_once(queue, bench):
    assert await poll(queue, bench, wait=0) == []


@contextlib.asynccontextmanager
async def locked(db, job):
    """The row of a job, locked as the timer that writes `pending` into it does."""
    async with db.transaction() as conn:
        await conn.execute("SELECT FROM work_jobs WHERE id = %s FOR UPDATE", (job.id,))
        yield


async def until_looked(queue, count):
    """Wait until the group of the only poll has claimed this many times."""
    (group,) = queue._claimer._groups.values()
    claimed, take = 0, queue._claimer.take

    async def counted(*args):
        nonlocal claimed
        jobs = await take(*args)
        claimed += 1
        return jobs

    queue._claimer.take = counted
    while claimed < count:
        await asyncio.sleep(0)
    return group


async def test_poll_without_wait_does_not_miss_a_job_that_is_locked_for_a_moment(queue, bench, db):
    job = await bench.add()
    async with locked(db, job):
        looking = poll(queue, bench, wait=0)
        await asyncio.sleep(0)
        await until_looked(queue, 2)
        assert not looking.done()
    assert [one.id for one in await looking] == [job.id]


async def test_poll_looks_again_for_a_job_that_was_locked(queue, bench, db):
    job = await bench.add(job_type="x")
    async with locked(db, job):
        waiting = poll(queue, bench, job_types=["x"])
        await asyncio.sleep(0)
        await until_looked(queue, 2)  # with nothing but the lock to look for
    assert [one.id for one in await waiting] == [job.id]


async def test_poll_without_wait_does_not_wait_for_a_lock_that_stays(queue, bench, db, monkeypatch):
    monkeypatch.setattr(claims, "_LULL_SECONDS", 0)
    job = await bench.add()
    async with locked(db, job):
        assert await poll(queue, bench, wait=0) == []
    assert [one.id for one in await poll(queue, bench, wait=0)] == [job.id]


async def test_poll_with_a_newcomer_at_every_look_still_gets_the_locked_job(queue, bench, db):
    job = await bench.add()
    async with locked(db, job):
        first = poll(queue, bench, wait=0)
        others = [poll(queue, bench, f"o{n}", wait=0) for n in range(3)]
        await asyncio.sleep(0)
        await until_looked(queue, 2)
    jobs = await asyncio.gather(first, *others)
    assert sorted(len(found) for found in jobs) == [0, 0, 0, 1]


async def test_job_of_another_type_that_is_due_does_not_keep_a_poll_busy(queue, bench, db):
    await bench.add(job_type="other")
    waiting = poll(queue, bench, job_types=["x"])
    await until_waiting(queue)
    group = next(iter(queue._claimer._groups.values()))
    assert await queue._claimer.seconds_to_next_due(group._key) == math.inf
    job = await bench.add(job_type="x")
    assert [one.id for one in await waiting] == [job.id]


async def test_poll_ends_empty_after_its_wait(queue, bench):
    assert await poll(queue, bench, wait=0.05) == []
    await bench.add()
    assert len(await poll(queue, bench, wait=0.05)) == 1


async def test_poll_wakes_at_the_next_due_time(queue, bench, advance):
    now = (await bench.add(queue="clock")).created_at
    from datetime import timedelta

    waiting = poll(queue, bench)
    job = await bench.add(run_at=now + timedelta(milliseconds=300))
    claimed = await waiting  # nothing but the timer of the group can have woken it
    assert [one.id for one in claimed] == [job.id]


async def test_poll_wakes_when_the_clock_is_moved(queue, bench, advance):
    from datetime import timedelta

    now = (await bench.add(queue="clock")).created_at
    await bench.add(run_at=now + timedelta(hours=5))
    waiting = poll(queue, bench)
    await until_waiting(queue)
    await advance(5 * 3600 + 1)
    assert len(await waiting) == 1


async def test_poll_wakes_when_a_child_is_released_or_a_claim_undone(queue, bench):
    parent = await bench.start()
    child = await bench.add(parent_id=parent.id)
    waiting = poll(queue, bench)
    await until_waiting(queue)
    await bench.ack(parent)
    (claimed,) = await waiting
    assert claimed.id == child.id
    waiting = poll(queue, bench, "w2")
    await until_waiting(queue)
    await queue.unclaim([claimed])
    assert [job.id for job in await waiting] == [child.id]


async def test_lost_notification_is_made_good_by_the_recheck(db, bench):
    deaf = NotifyBus()  # never started: it hears nothing
    queue = Queue(db, deaf, WorkSettings(recheck_seconds=0.05))
    waiting = poll(queue, bench)
    await until_waiting(queue)
    job = await bench.add()
    assert [one.id for one in await waiting] == [job.id]
    await queue.close()


async def test_jobs_are_dealt_in_turn_to_those_who_wait(queue, bench):
    async with queue.db.transaction() as conn:
        waiting = [poll(queue, bench, f"w{n}", capacity=10) for n in range(3)]
        await until_waiting(queue, 3)
        await queue.enqueue(conn, [bench.spec() for _ in range(6)])
    assert sorted(len(jobs) for jobs in await asyncio.gather(*waiting)) == [2, 2, 2]


async def test_no_job_is_given_twice_and_none_is_left(queue, bench):
    async with queue.db.transaction() as conn:
        jobs = await queue.enqueue(conn, [bench.spec() for _ in range(200)])
    claimed: list[str] = []

    async def work(name: str) -> None:
        while batch := await queue.claim(bench.lane, ["default"], worker_id=name, capacity=3):
            assert {job.worker_id for job in batch} == {name}
            claimed.extend(job.id for job in batch)

    await asyncio.gather(*(work(f"w{n}") for n in range(8)))
    assert sorted(claimed) == sorted(job.id for job in jobs)


async def test_two_polls_of_one_worker_both_get_what_they_asked_for(queue, bench):
    first, second = poll(queue, bench, capacity=2), poll(queue, bench, capacity=2)
    await until_waiting(queue, 2)
    async with queue.db.transaction() as conn:
        await queue.enqueue(conn, [bench.spec() for _ in range(4)])
    assert [len(jobs) for jobs in await asyncio.gather(first, second)] == [2, 2]


async def test_fifo_by_due_time_across_queues(queue, bench):
    order = []
    for name in ("a", "b", "a", "c", "b"):
        order.append((await bench.add(queue=name)).id)
    jobs = await queue.claim(bench.lane, ["c", "a", "b", "a"], worker_id="w", capacity=4)
    assert [job.id for job in jobs] == order[:4]


async def test_gone_before_the_poll_claims_nothing(queue, bench):
    gone = asyncio.Event()
    gone.set()
    await bench.add()
    assert await poll(queue, bench, gone=gone) == []
    assert (await bench.take()) is not None


async def test_gone_while_waiting_ends_the_poll_and_claims_nothing(queue, bench):
    gone = asyncio.Event()
    waiting = poll(queue, bench, gone=gone)
    await until_waiting(queue)
    gone.set()
    assert await waiting == []
    await bench.add()
    assert (await bench.take("w2")).attempt == 1


async def test_cancelled_poll_claims_nothing(queue, bench):
    waiting = poll(queue, bench)
    await until_waiting(queue)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await bench.add()
    assert (await bench.take("w2")).attempt == 1


@pytest.mark.parametrize("how", ["gone", "cancel"])
async def test_leaving_during_the_claim_undoes_it(queue, bench, monkeypatch, how):
    """The poll leaves while the statement that claims for it is under way."""
    job = await bench.add()
    gone = asyncio.Event()
    take = queue._claimer.take

    async def take_and_lose(key, workers):
        jobs = await take(key, workers)
        gone.set() if how == "gone" else waiting.cancel()
        await asyncio.sleep(0)
        return jobs

    monkeypatch.setattr(queue._claimer, "take", take_and_lose)
    waiting = poll(queue, bench, gone=gone)
    if how == "gone":
        assert await waiting == []
    else:
        with pytest.raises(asyncio.CancelledError):
            await waiting
    monkeypatch.setattr(queue._claimer, "take", take)
    again = await poll(queue, bench, "w2")
    assert [(one.id, one.attempt) for one in again] == [(job.id, 1)]


async def test_close_answers_polls_and_later_ones_at_once(queue, bench):
    waiting = poll(queue, bench)
    await until_waiting(queue)
    await queue.close()
    assert await waiting == []
    await bench.add()
    assert await poll(queue, bench) == []
    assert queue.is_closed


async def test_waiting_polls_hold_no_connection(queue, bench):
    waiting = [poll(queue, bench, f"w{n}") for n in range(100)]
    await until_waiting(queue, 100)
    job = await bench.add()  # the pool has ten connections
    assert (await bench.get(job)).id == job.id
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    await queue.close()
    assert sum(len(jobs) for jobs in await asyncio.gather(*waiting)) == 1


async def test_a_database_that_goes_away_is_told_to_the_poll(db, bus, bench):
    import psycopg

    queue = Queue(db, bus)

    async def fail(key, workers):
        raise psycopg.OperationalError("gone")

    queue._claimer.take = fail
    with pytest.raises(psycopg.OperationalError):
        await poll(queue, bench)
    await queue.close()


async def test_two_processes_share_a_backlog_without_waiting_for_each_other(db, bus, queue, bench):
    """Rows that another transaction is claiming are stepped over, not waited for."""
    async with queue.db.transaction() as conn:
        jobs = await queue.enqueue(conn, [bench.spec() for _ in range(4)])
    other = Queue(db, bus, queue.settings)
    async with db.transaction() as conn:
        await conn.execute("SELECT 1 FROM work_jobs WHERE id = %s FOR UPDATE", (jobs[0].id,))
        claimed = await other.claim(bench.lane, ["default"], worker_id="w", capacity=2)
        assert [job.id for job in claimed] == [jobs[1].id, jobs[2].id]
    await other.close()
