"""Workers inside the server."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.engines.work.lane_worker import (
    HandBack,
    LaneWorker,
    PermanentFailure,
    TryAgain,
)
from quintet_server.engines.work.model import State
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.settings import WorkSettings


class Desk:
    """Handlers that can be told what to do, and a worker that runs them."""

    def __init__(self, queue, lane):
        self.queue, self.lane = queue, lane
        self.begun = asyncio.Queue()
        self.let_go = asyncio.Event()
        self.raises = None
        self.workers = []

    def worker(self, concurrency=4, handler=None, queue=None):
        worker = LaneWorker(
            queue or self.queue, self.lane, handler or self.handle, concurrency=concurrency
        )
        worker.start()
        self.workers.append(worker)
        return worker

    async def handle(self, running):
        await self.begun.put(running)
        if self.raises is not None:
            raise self.raises
        await self.let_go.wait()


@pytest.fixture
async def desk(queue, bench):
    desk = Desk(queue, bench.lane)
    yield desk
    for worker in desk.workers:
        await worker.stop(drain_seconds=0)


async def until(bench, job, *states):
    async with asyncio.timeout(60):
        while (found := await bench.get(job)).state not in states:
            await asyncio.sleep(0.005)
    return found


async def test_returning_is_success(desk, bench):
    desk.let_go.set()
    desk.worker()
    job = await bench.add()
    done = await until(bench, job, State.SUCCEEDED)
    assert done.duration_ms is not None
    assert done.worker_id.startswith("in_process_")


@pytest.mark.parametrize(
    ("error", "state"),
    [(ValueError("x"), State.PENDING), (PermanentFailure("x"), State.FAILED)],
)
async def test_raising_is_a_failure_that_says_what_happened(desk, bench, error, state):
    desk.raises = error
    desk.worker()
    job = await bench.add()
    await desk.begun.get()
    async with asyncio.timeout(60):
        while (found := await bench.get(job)).error is None:
            await asyncio.sleep(0.005)
    assert found.state is state
    assert found.error["type"] == type(error).__name__
    assert found.error["message"] == "x"
    assert "Traceback" in found.error["stack_trace"]


async def test_try_again_counts_the_attempt_and_sets_the_wait(desk, bench, advance):
    desk.raises = TryAgain("too busy", 3_600)
    desk.worker()
    job = await bench.add(retry_policy={"base_ms": 0}, max_attempts=2)
    assert (await desk.begun.get()).job.attempt == 1
    waiting = await until(bench, job, State.PENDING)
    assert (waiting.attempt, waiting.error["message"]) == (1, "too busy")
    assert 3_500 < (waiting.due_at - waiting.created_at).total_seconds() < 3_700
    await advance(3_700)
    assert (await desk.begun.get()).job.attempt == 2
    assert (await until(bench, job, State.DEAD_LETTER)).attempt == 2


async def test_serve_changes_the_queues_of_a_waiting_worker(desk, bench):
    desk.let_go.set()
    worker = desk.worker()
    other = await bench.add(queue="other")
    await asyncio.sleep(0)  # it waits for jobs of the default queue
    worker.serve(["other"])
    await until(bench, other, State.SUCCEEDED)
    worker.serve([])
    left = await bench.add(queue="other")
    worker.serve(["default"])
    mine = await bench.add()
    await until(bench, mine, State.SUCCEEDED)
    assert (await bench.get(left)).state is State.PENDING


async def test_hand_back_waits_without_using_the_attempt(desk, bench, advance):
    desk.raises = HandBack(60)
    desk.worker()
    job = await bench.add()
    assert (await desk.begun.get()).job.attempt == 1
    waiting = await until(bench, job, State.PENDING)
    assert waiting.attempt == 0
    desk.raises, _ = None, desk.let_go.set()
    await advance(61)
    assert (await until(bench, job, State.SUCCEEDED)).attempt == 1


async def test_no_more_than_concurrency_run_at_once_and_a_free_slot_is_filled_at_once(desk, bench):
    desk.worker(concurrency=2)
    jobs = [await bench.add() for _ in range(5)]
    first, second = await desk.begun.get(), await desk.begun.get()
    await asyncio.sleep(0.05)
    assert desk.begun.empty()
    assert [(await bench.get(job)).state for job in jobs[2:]] == [State.PENDING] * 3
    desk.let_go.set()
    for job in jobs:
        await until(bench, job, State.SUCCEEDED)
    assert {first.job.id, second.job.id} == {jobs[0].id, jobs[1].id}


async def test_cancel_reaches_the_handler_at_once_and_the_job_ends_cancelled(desk, bench, queue):
    desk.worker()
    job = await bench.add()
    running = await desk.begun.get()
    _, requested = await queue.cancel(bench.lane, job.id)
    assert requested
    assert (await until(bench, job, State.CANCELLED)).id == job.id
    assert running.stop.is_set()


async def test_timeout_stops_the_handler_and_counts_as_a_failed_attempt(
    db, bus, desk, bench, advance
):
    brisk = Queue(db, bus, WorkSettings(worker_heartbeat_seconds=0.05))
    desk.worker(queue=brisk)
    job = await bench.add(timeout_seconds=30)
    await desk.begun.get()
    await advance(31)
    found = await until(bench, job, State.PENDING)
    assert found.attempt == 1
    assert "timeout" in found.error["message"]
    await brisk.close()


async def test_heartbeats_keep_the_lease_and_carry_progress(db, bus, desk, bench):
    brisk = Queue(db, bus, WorkSettings(worker_heartbeat_seconds=0.02))
    desk.worker(queue=brisk)
    job = await bench.add()
    running = await desk.begun.get()
    running.progress = 0.25
    async with asyncio.timeout(60):
        while (await bench.get(job)).progress != 0.25:
            await asyncio.sleep(0.01)
    await brisk.close()


async def test_lost_lease_stops_the_handler_and_nothing_is_acknowledged(db, bus, desk, bench):
    brisk = Queue(db, bus, WorkSettings(worker_heartbeat_seconds=0.05))
    worker = desk.worker(queue=brisk)
    job = await bench.add(timeout_seconds=1000)
    running = await desk.begun.get()
    async with db.transaction() as conn:  # one, or the next heartbeat would be quicker
        await conn.execute("UPDATE work_jobs SET lease_expires_at = quintet_now()")
        await conn.execute("SELECT work_reap(10, '{\"base_ms\": 60000}')")
    async with asyncio.timeout(60):
        await running.stop.wait()
    await worker.stop()
    found = await bench.get(job)
    assert (found.state, found.error["type"]) == (State.PENDING, "LeaseExpired")
    await brisk.close()


async def test_stop_lets_running_jobs_end_and_claims_nothing_more(desk, bench):
    worker = desk.worker(concurrency=1)
    first, second = await bench.add(), await bench.add()
    await desk.begun.get()
    stopping = asyncio.create_task(worker.stop(drain_seconds=60))
    await asyncio.sleep(0.02)
    desk.let_go.set()
    await stopping
    assert (await bench.get(first)).state is State.SUCCEEDED
    assert (await bench.get(second)).attempt == 0


async def test_stop_hands_back_what_does_not_end_in_time(desk, bench, queue):
    worker = desk.worker()
    job = await bench.add()
    await desk.begun.get()
    await worker.stop(drain_seconds=0.01)
    # A claim that was under way when the worker stopped may take it once more, and gives it back.
    found = await until(bench, job, State.PENDING)
    assert found.attempt == 0
    (again,) = await queue.claim_wait(
        bench.lane, ["default"], worker_id="w2", capacity=1, wait_seconds=60
    )
    assert (again.id, again.attempt) == (job.id, 1)


async def test_worker_of_a_closed_queue_rests_until_it_is_stopped(desk, bench, queue):
    worker = desk.worker()
    await queue.close()
    await asyncio.sleep(0.05)
    assert not worker._claims.done()
    await worker.stop()


async def test_two_workers_share_a_lane_and_run_each_job_once(desk, bench, queue):
    seen = []

    async def note(running):
        seen.append(running.job.id)

    async with queue.db.transaction() as conn:
        jobs = await queue.enqueue(conn, [bench.spec() for _ in range(60)])
    for _ in range(2):
        desk.worker(concurrency=5, handler=note)
    async with asyncio.timeout(60):
        while (await queue.counts(bench.lane)).get(State.SUCCEEDED, 0) < 60:
            await asyncio.sleep(0.02)
    assert sorted(seen) == sorted(job.id for job in jobs)


async def test_worker_goes_on_after_the_database_was_away(desk, bench, queue, monkeypatch):
    import psycopg

    from quintet_server.engines.work import lane_worker

    monkeypatch.setattr(lane_worker, "_PAUSE_SECONDS", 0.01)
    claim_wait, failures = queue.claim_wait, []

    async def fail_twice(*args, **options):
        if len(failures) < 2:
            failures.append(1)
            raise psycopg.OperationalError("away")
        return await claim_wait(*args, **options)

    monkeypatch.setattr(queue, "claim_wait", fail_twice)
    desk.let_go.set()
    desk.worker()
    await until(bench, await bench.add(), State.SUCCEEDED)


async def test_cancellation_asked_for_after_the_end_does_not_lose_the_report(
    desk, bench, queue, monkeypatch
):
    """The report waits behind another one when the heartbeat says that the job should stop."""
    reports, asked = asyncio.Event(), asyncio.Event()
    ack = queue.ack

    async def in_turn(*args, **options):
        reports.set()
        await asked.wait()
        return await ack(*args, **options)

    monkeypatch.setattr(queue, "ack", in_turn)
    worker = desk.worker()
    job = await bench.add()
    running = await desk.begun.get()
    desk.let_go.set()
    await reports.wait()
    await queue.cancel(bench.lane, job.id)
    async with asyncio.timeout(60):
        while not running.stop.is_set():
            await worker._beat(running)
    asked.set()
    await until(bench, job, State.SUCCEEDED)
