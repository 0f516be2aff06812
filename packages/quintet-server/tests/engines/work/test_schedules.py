"""Recurring schedules and the ticker that carries them out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest

from quintet_server.engines.work.model import DuplicateTick, JobFilter, State
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import (
    InvalidSchedule,
    JobTypeConflict,
    ScheduleNotFound,
    Schedules,
    ScheduleSpec,
)
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.engines.work.ticker import Ticker

PROJECT = "prj_1"


@pytest.fixture
def schedules(queue):
    return Schedules(queue)


@pytest.fixture
def ticker(queue, schedules):
    return Ticker(queue, schedules)


class Book:
    """The calls of a service on one lane."""

    def __init__(self, queue, schedules, lane):
        self.queue, self.schedules, self.lane = queue, schedules, lane

    async def put(
        self, id="rjob_a", job_type="a", cron_expression="0 * * * *", project=PROJECT, **fields
    ):
        spec = ScheduleSpec(id=id, job_type=job_type, cron_expression=cron_expression, **fields)
        async with self.queue.db.transaction() as conn:
            return await self.schedules.put(conn, self.lane, project, spec)

    async def register(self, *specs):
        async with self.queue.db.transaction() as conn:
            return await self.schedules.register(conn, self.lane, PROJECT, specs)

    async def get(self, id="rjob_a"):
        return await self.schedules.get(self.lane, id)

    async def jobs(self, id="rjob_a"):
        page = await self.queue.list(self.lane, JobFilter(schedule_id=id), 100)
        return page.jobs

    async def tick(self):
        async with self.queue.db.transaction() as conn:
            return await self.schedules.tick(conn, 100)


@pytest.fixture
def book(queue, schedules, bench):
    return Book(queue, schedules, bench.lane)


def spec(**fields):
    return ScheduleSpec(
        **{"id": "rjob_a", "job_type": "a", "cron_expression": "0 * * * *", **fields}
    )


async def test_put_creates_with_defaults_and_a_next_run(book):
    made = await book.put()
    assert (made.queue, made.timezone, made.payload, made.enabled) == ("default", "UTC", "{}", True)
    assert (made.max_attempts, made.timeout_seconds, made.last_run_at) == (3, 1800, None)
    assert made.next_run_at > made.created_at
    assert made.next_run_at.minute == 0
    assert await book.get() == made


async def test_put_again_updates_keeps_what_is_omitted_and_the_next_run_if_timing_is_unchanged(
    book, advance
):
    made = await book.put(max_attempts=7, timeout_seconds=9)
    await advance(7200)  # the tick is overdue, and stays so
    again = await book.put(payload='{"x":1}')
    assert (again.max_attempts, again.timeout_seconds, again.payload) == (7, 9, '{"x":1}')
    assert again.next_run_at == made.next_run_at
    assert again.created_at == made.created_at
    assert again.updated_at > made.updated_at
    changed = await book.put(cron_expression="30 * * * *")
    assert changed.next_run_at != made.next_run_at
    assert changed.next_run_at > changed.updated_at
    moved = await book.put(cron_expression="30 * * * *", timezone="Asia/Kathmandu")
    assert moved.next_run_at != changed.next_run_at


async def test_put_disabled_has_no_next_run_and_enabling_counts_from_now(book, advance):
    assert (await book.put(enabled=False)).next_run_at is None
    await advance(86_400)
    assert await book.tick() == 0
    enabled = await book.put(enabled=True)
    assert enabled.next_run_at > enabled.updated_at


async def test_put_refuses_what_cannot_be_kept(book):
    for fields in (
        {"cron_expression": "nope"},
        {"cron_expression": "0 0 31 2 *"},
        {"timezone": "Mars/Olympus"},
    ):
        for enabled in (True, False):
            with pytest.raises(InvalidSchedule):
                await book.put(**fields, enabled=enabled)
    assert (await book.schedules.list(book.lane))[0] == []


async def test_job_type_belongs_to_one_schedule_of_a_lane(book, bench):
    await book.put()
    with pytest.raises(JobTypeConflict) as conflict:
        await book.put(id="rjob_b")
    assert conflict.value.schedule_id == "rjob_a"
    renamed = await book.put(job_type="b")  # the same schedule may change its type
    assert renamed.job_type == "b"
    await book.put(id="rjob_b")  # now free
    book.lane = "flare:other"
    await book.put(id="rjob_z")  # another project's types are its own


async def test_two_puts_at_once_of_one_job_type_leave_one_schedule(book):
    results = await asyncio.gather(
        *(book.put(id=f"rjob_{n}") for n in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in results) == ["JobTypeConflict"] * 3 + ["Schedule"]


async def test_register_upserts_by_job_type_and_keeps_what_is_omitted(book, advance):
    (made,) = await book.register(spec(queue="q", timezone="Europe/Berlin", max_attempts=9))
    await advance(100)
    (again,) = await book.register(spec())
    assert (again.queue, again.timezone, again.max_attempts) == ("q", "Europe/Berlin", 9)
    assert again.next_run_at == made.next_run_at
    await book.put(id="mine", job_type="b")
    (found,) = await book.register(spec(id="rjob_b", job_type="b", queue="z"))
    assert (found.id, found.queue) == ("mine", "z")


async def test_register_keeps_a_disabled_schedule_disabled_and_deletes_none(book):
    await book.put(enabled=False)
    await book.put(id="rjob_b", job_type="b")
    (again,) = await book.register(spec(cron_expression="5 * * * *"))
    assert (again.enabled, again.next_run_at, again.cron_expression) == (False, None, "5 * * * *")
    assert (await book.get("rjob_b")).id == "rjob_b"


async def test_register_with_one_bad_schedule_names_it_and_applies_nothing(book):
    with pytest.raises(InvalidSchedule) as refusal:
        await book.register(
            spec(), spec(id="rjob_b", job_type="b"), spec(id="c", job_type="c", timezone="X/Y")
        )
    assert refusal.value.index == 2
    assert (await book.schedules.list(book.lane))[0] == []
    await book.put()
    with pytest.raises(JobTypeConflict):
        await book.register(spec(job_type="other"))  # the id is taken by another type


async def test_list_pages_by_id(book):
    for name in "cab":
        await book.put(id=f"rjob_{name}", job_type=name)
    first, cursor = await book.schedules.list(book.lane, 2)
    assert [one.id for one in first] == ["rjob_a", "rjob_b"]
    second, end = await book.schedules.list(book.lane, 2, cursor)
    assert [one.id for one in second] == ["rjob_c"]
    assert end is None


async def test_delete_ends_the_ticks_and_keeps_the_jobs(book, queue, advance):
    await book.put()
    await advance(3600)
    await book.tick()
    async with queue.db.transaction() as conn:
        await book.schedules.delete(conn, book.lane, "rjob_a")
    await advance(3600)
    assert await book.tick() == 0
    assert len(await book.jobs()) == 1
    for call in (book.schedules.delete, book.schedules.trigger):
        async with queue.db.transaction() as conn:
            with pytest.raises(ScheduleNotFound):
                await call(conn, book.lane, "rjob_a")
    with pytest.raises(ScheduleNotFound):
        await book.get()


async def test_tick_enqueues_an_ordinary_job_and_moves_on(book, queue, advance):
    made = await book.put(queue="q", payload='{"n":1}', max_attempts=2, timeout_seconds=5)
    assert await book.tick() == 0
    await advance(3600)
    assert await book.tick() == 1
    assert await book.tick() == 0
    (job,) = await book.jobs()
    assert (job.queue, job.payload, job.max_attempts, job.timeout_seconds) == (
        "q",
        '{"n":1}',
        2,
        5,
    )
    assert (job.state, job.schedule_id, job.job_type) == (State.PENDING, "rjob_a", "a")
    after = await book.get()
    assert after.next_run_at == made.next_run_at + timedelta(hours=1)
    assert after.last_run_at >= made.next_run_at


async def test_downtime_is_followed_by_one_catch_up_and_the_next_tick_from_now(book, advance):
    made = await book.put(cron_expression="*/5 * * * *")
    await advance(24 * 3600)
    assert await book.tick() == 1
    assert await book.tick() == 0
    assert len(await book.jobs()) == 1
    after = await book.get()
    gap = after.next_run_at - made.next_run_at
    assert timedelta(hours=24) <= gap <= timedelta(hours=24, minutes=10)


async def test_runs_may_overlap(book, queue, advance):
    await book.put()
    for _ in range(3):
        await advance(3600)
        await book.tick()
        assert await queue.claim(book.lane, ["default"], worker_id="w", capacity=1)
    assert [job.state for job in await book.jobs()] == [State.PROCESSING] * 3


async def test_trigger_runs_now_beside_the_ticks_and_when_disabled(book, queue, advance):
    made = await book.put(enabled=False, payload="[1]")
    async with queue.db.transaction() as conn:
        first = await book.schedules.trigger(conn, book.lane, "rjob_a")
        await book.schedules.trigger(conn, book.lane, "rjob_a")
    assert (first.schedule_id, first.payload, first.state) == ("rjob_a", "[1]", State.PENDING)
    assert len(await book.jobs()) == 2
    after = await book.get()
    assert after.next_run_at is None
    assert after.last_run_at >= made.created_at


async def test_tick_is_unique_per_schedule_even_if_tried_twice(book, queue, bench):
    made = await book.put()
    tick = {"schedule_id": "rjob_a", "schedule_tick": made.next_run_at}
    async with queue.db.transaction() as conn:
        assert len(await queue.enqueue(conn, [bench.spec(**tick)])) == 1
        assert await queue.enqueue(conn, [bench.spec(**tick)]) == []
    with pytest.raises(DuplicateTick):
        await queue.enqueue_one(bench.spec(**tick))


async def test_admission_may_skip_a_tick(book, schedules, advance):
    asked = []

    async def admit(conn, schedule):
        asked.append(schedule.id)
        return len(asked) > 1

    schedules.admit_by("flare", admit)
    await book.put()
    await advance(3600)
    assert await book.tick() == 1
    assert await book.jobs() == []
    assert (await book.get()).last_run_at is None
    await advance(3600)
    await book.tick()
    assert len(await book.jobs()) == 1


async def test_admissions_are_asked_project_by_project_in_one_order(book, schedules, advance):
    """They lock what belongs to a project, as others do who lock that of several."""
    asked = []

    async def admit(conn, schedule):
        asked.append((schedule.project_id, schedule.id))
        return True

    schedules.admit_by("flare", admit)
    for minute, (project, id) in enumerate([("p3", "x"), ("p1", "y"), ("p2", "z"), ("p1", "a")]):
        cron = f"{minute} * * * *"  # the order in which they are due
        await book.put(id=id, job_type=id, cron_expression=cron, project=project)
    await advance(3600)
    await book.tick()
    assert [project for project, _ in asked] == ["p1", "p1", "p2", "p3"]


async def test_schedule_that_can_no_longer_be_read_is_stopped_not_fatal(book, queue, advance):
    await book.put()
    await book.put(id="rjob_b", job_type="b")
    async with queue.db.connection() as conn:
        await conn.execute("UPDATE work_schedules SET timezone = 'Gone/Zone' WHERE id = 'rjob_a'")
    await advance(3600)
    assert await book.tick() == 2
    assert (await book.get()).next_run_at is None
    assert len(await book.jobs("rjob_b")) == 1


async def until(test):
    async with asyncio.timeout(60):
        while not await test():
            await asyncio.sleep(0.01)


@pytest.fixture
async def sleeper(queue, schedules, monkeypatch):
    """A started ticker that sleeps for an hour, unless something wakes it or is due sooner."""
    settings = WorkSettings(reaper_period_seconds=3600, presence_grace_seconds=0)
    ticker = Ticker(Queue(queue.db, queue.bus, settings), schedules)
    pause, pauses = ticker._pause, []

    async def noted():
        pauses.append(await pause())
        return pauses[-1]

    monkeypatch.setattr(ticker, "_pause", noted)
    ticker.start()

    async def sleeps():
        return bool(pauses) and pauses[-1] > 1

    await until(sleeps)
    yield ticker
    await ticker.stop()


async def test_ticker_wakes_for_a_moved_clock_and_does_everything_due(
    book, bench, queue, sleeper, advance
):
    await book.put(cron_expression="0 0 1 1 *")
    stuck = await bench.start(timeout_seconds=30)
    now = stuck.started_at
    waiting = await bench.add(run_at=now + timedelta(minutes=10))
    await advance(366 * 86_400)

    async def is_done():
        async with queue.db.connection() as conn:
            cursor = await conn.execute("SELECT state FROM work_jobs WHERE id = %s", (waiting.id,))
            promoted = await cursor.fetchone() == ("pending",)
        reaped = (await bench.get(stuck)).state is State.PENDING
        return promoted and reaped and len(await book.jobs()) == 1

    await until(is_done)


async def test_ticker_is_on_time_for_a_schedule_made_while_it_sleeps(book, sleeper):
    made = await book.put(cron_expression="* * * * * *")

    async def has_run():
        return bool(await book.jobs())

    await until(has_run)
    await sleeper.stop()
    first = min(await book.jobs(), key=lambda job: job.created_at)
    assert made.next_run_at <= first.created_at


async def test_ticker_survives_a_database_that_fails(queue, schedules, monkeypatch):
    import psycopg

    ticker = Ticker(Queue(queue.db, queue.bus, WorkSettings(reaper_period_seconds=0.01)), schedules)
    rounds = 0

    async def fail():
        nonlocal rounds
        rounds += 1
        raise psycopg.OperationalError("away")

    monkeypatch.setattr(ticker, "run_once", fail)
    ticker.start()
    async with asyncio.timeout(60):
        while rounds < 3:
            await asyncio.sleep(0.01)
    await ticker.stop()


TICKING = textwrap.dedent(
    """
    import asyncio, sys
    from quintet_server.engines.work.queue import Queue
    from quintet_server.engines.work.schedules import Schedules
    from quintet_server.engines.work.ticker import Ticker
    from quintet_server.store.database import Database
    from quintet_server.store.notify import NotifyBus

    async def main():
        db = await Database.open(sys.argv[1])
        bus = NotifyBus()
        await bus.start(db)
        queue = Queue(db, bus)
        ticker = Ticker(queue, Schedules(queue))
        ticker.start()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await ticker.stop(); await queue.close(); await bus.stop(); await db.close()

    asyncio.run(main())
    """
)


async def test_several_processes_tick_every_schedule_exactly_once(database_url, book, advance):
    """Three processes, twenty schedules, five jumps of a year: one job per schedule and jump."""
    for n in range(20):
        await book.put(id=f"rjob_{n:02}", job_type=f"t{n}", cron_expression="0 0 1 1 *")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TICKING, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    try:
        for round_ in range(1, 6):
            await advance(366 * 86_400)

            async def all_ran(wanted=20 * round_):
                return sum((await book.queue.counts(book.lane)).values()) >= wanted

            await until(all_ran)
    finally:
        for process in processes:
            await asyncio.to_thread(process.communicate, "")
    assert [process.returncode for process in processes] == [0, 0, 0]
    async with book.queue.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT count(*), count(DISTINCT (schedule_id, schedule_tick)) FROM work_jobs"
        )
        assert await cursor.fetchone() == (100, 100)
