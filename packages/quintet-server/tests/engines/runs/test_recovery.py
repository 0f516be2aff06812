"""What happens to runs when processes die, stop, are stuck, or lose their database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from quintet_server.engines.runs.model import Lost, Note, RunState
from quintet_server.engines.runs.tidying import give_up, prune
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.reaper import reap

PROGRAM = Path(__file__).with_name("ledger_process.py")


class Processes:
    """Processes of `ledger_process.py`, and their ledger."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.ledger = folder / "ledger"
        self.ledger.touch()
        self.started: list[subprocess.Popen[str]] = []

    async def start(self, **env: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), self.url, str(self.ledger)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
        )
        self.started.append(process)
        assert await self.line(process) == "ready"
        return process

    async def line(self, process: subprocess.Popen[str]) -> str:
        return (await asyncio.to_thread(process.stdout.readline)).strip()

    def effects(self, run_id: str) -> list[tuple[str, int, int]]:
        """(step, starts, process), in order."""
        lines = (line.split() for line in self.ledger.read_text().splitlines())
        return [(key, int(n), int(pid)) for id, key, n, pid in lines if id == run_id]

    async def gone(self) -> None:
        """Wait until PostgreSQL has noticed that none of them lives."""
        alive = "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        alive += " AND application_name LIKE 'ledger%'"
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as conn:
            while (await conn.execute(alive)).rowcount:
                await asyncio.sleep(0.01)

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture
def processes(database_url, tmp_path):
    processes = Processes(database_url, tmp_path)
    yield processes
    processes.close()


@pytest.fixture
async def observer(bench):
    """An engine that creates runs and looks, and carries none out."""
    return await bench.engine(lambda run: None, start=False)


def ledger_run(bench, observer, hang_at, times=1):
    return bench.create(
        observer, {"hang_at": hang_at, "times": times}, kind="test.ledger", id_prefix="exec"
    )


async def test_run_of_a_killed_process_is_finished_by_its_successor_as_it_starts(
    bench, observer, processes
):
    """And not a period of the reaper later, which is an hour here."""
    first = await processes.start()
    record = await ledger_run(bench, observer, hang_at=2)
    assert await processes.line(first) == f"hanging {record.id}"
    first.kill()
    first.wait()
    await processes.gone()
    second = await processes.start(QUINTET_WORK_REAPER_PERIOD_SECONDS="3600")
    done = await bench.until(record)
    assert done.state is RunState.COMPLETED
    assert processes.effects(record.id) == [
        ("s0", 1, first.pid),
        ("s1", 1, first.pid),
        ("s2", 1, first.pid),
        ("s2", 2, second.pid),
        ("s3", 1, second.pid),
        ("s4", 1, second.pid),
    ]
    assert (await bench.events(record)).count("run.started") == 1
    bench.assert_over(await bench.events(record), "completed")
    assert await bench.job_until(record, "succeeded") == ("succeeded", 2)


async def test_run_of_a_killed_process_is_finished_by_one_that_lives(bench, observer, processes):
    both = [await processes.start(), await processes.start()]
    record = await ledger_run(bench, observer, hang_at=0)
    said = {asyncio.create_task(processes.line(process)): process for process in both}
    done, waiting = await asyncio.wait(said, return_when=asyncio.FIRST_COMPLETED)
    victim = said[done.pop()]
    victim.kill()
    ended = await bench.until(record)
    assert ended.state is RunState.COMPLETED
    assert {pid for *_, pid in processes.effects(record.id)} == {process.pid for process in both}
    next(process for process in both if process is not victim).kill()
    await asyncio.wait(waiting)


async def test_run_that_kills_its_process_every_time_fails_with_its_last_event(
    bench, observer, processes
):
    record = await ledger_run(bench, observer, hang_at=1, times=99)
    # The first death comes after a step that ended; then there are three attempts at the next.
    for _ in range(4):
        process = await processes.start()
        assert await processes.line(process) == f"hanging {record.id}"
        process.send_signal(signal.SIGKILL)
        process.wait()
    await processes.start()
    done = await bench.until(record)
    assert (done.state, done.error["code"]) == (RunState.FAILED, "gave_up")
    assert done.error["details"]["type"] == "LeaseExpired"
    bench.assert_over(await bench.events(record), "failed")
    assert [starts for key, starts, _ in processes.effects(record.id) if key == "s1"] == [
        1,
        2,
        3,
        4,
    ]


async def test_stuck_process_is_given_up_and_cannot_write_when_it_wakes(
    bench, observer, processes, queue
):
    hasty = {
        "QUINTET_WORK_PRESENCE_PERIOD_SECONDS": "0.2",
        "QUINTET_WORK_PRESENCE_SILENCE_SECONDS": "2",
        "QUINTET_WORK_REAPER_PERIOD_SECONDS": "0.2",
    }
    process = await processes.start(**hasty)
    record = await ledger_run(bench, observer, hang_at=2)
    assert await processes.line(process) == f"hanging {record.id}"
    os.kill(process.pid, signal.SIGSTOP)
    await processes.start(**hasty)
    done = await bench.until(record)
    assert done.state is RunState.COMPLETED
    os.kill(process.pid, signal.SIGCONT)
    await asyncio.sleep(0.3)
    bench.assert_over(await bench.events(record), "completed")


async def test_segment_that_was_overtaken_writes_nothing_and_stops(bench):
    held, outcome = asyncio.Event(), []

    async def body(run):
        if run.record.input == "first":
            run.record_step("a", Note("ours", {}))
            await run.flush()
            held.set()
            while True:
                await asyncio.sleep(0.01)
                run.note(Note("zombie", {}))
        return "other"

    runs = await bench.engine(body)
    record = await bench.create(runs, "first")
    await held.wait()
    # As if another process had taken the job over, and its segment had begun.
    await bench.do("UPDATE runs SET epoch = epoch + 1 WHERE id = %s", record.id)
    notes = await bench.events(record)
    await bench.do("UPDATE runs SET input = '\"second\"' WHERE id = %s", record.id)
    done = await bench.until(record)
    types = await bench.events(record)
    assert types[: len(notes)] == notes
    assert "zombie" not in types[len(notes) :]
    assert done.output == "other"
    assert outcome == []


async def test_two_segments_of_a_run_in_one_process_do_not_mix(bench):
    """The first was given up while it lived, and goes on writing beside the second."""
    begun, segments = asyncio.Event(), []

    async def body(run):
        segments.append(run)
        mine = f"segment {len(segments)}"
        if len(segments) == 1:
            begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if len(segments) == 1:
            raise Lost(run.record.id)
        return mine

    runs = await bench.engine(body)
    record = await bench.create(runs)
    await begun.wait()
    await bench.do("UPDATE work_jobs SET lease_expires_at = quintet_now()")
    assert await reap(bench.db, bench.queue.settings) == 1
    async with asyncio.timeout(60):
        while len(segments) < 2:
            await asyncio.sleep(0.005)
    old, new = segments
    old.record_step("x", Note("old", {}), output="old")
    new.record_step("x", Note("new", {}), output="new")
    await new.flush()
    with pytest.raises(Lost):
        await old.flush()
    assert await bench.events(record) == ["run.started", "new"]
    assert await bench.steps(record) == {"x": ("done", "new", 1)}
    await bench.cancel(runs, record)


async def test_flush_of_an_overtaken_segment_raises_lost(bench):
    begun, stolen, seen = asyncio.Event(), asyncio.Event(), []

    async def body(run):
        if seen:
            return
        begun.set()
        await stolen.wait()
        for write in (lambda: run.begin("x"), run.flush, lambda: run.wait_step("w", run.now())):
            try:
                await write()
            except (Lost, asyncio.CancelledError) as error:
                seen.append(type(error))
        for write in (lambda: run.record_step("y"), lambda: run.note(Note("n", {}))):
            try:
                write()
            except Lost as error:
                seen.append(type(error))
        raise Lost(run.record.id)

    runs = await bench.engine(body)
    record = await bench.create(runs)
    await begun.wait()
    await bench.do("UPDATE runs SET epoch = epoch + 1 WHERE id = %s", record.id)
    stolen.set()
    await bench.until(record)
    assert seen[1:] == [Lost] * 4
    assert await bench.steps(record) == {}


async def test_stopping_process_lets_short_runs_end(bench):
    bench.settings = bench.settings.model_copy(update={"drain_seconds": 60.0})

    async def body(run):
        await asyncio.sleep(0.01)
        return "done"

    runs = await bench.engine(body)
    record = await bench.until(await bench.create(runs), "running", "completed")
    await runs.stop()
    assert (await runs.get("prj_1", record.id)).state is RunState.COMPLETED


async def test_stopping_process_hands_long_runs_back(bench, bus):
    release = asyncio.Event()
    segments = []

    async def body(run):
        segments.append(sorted(run.steps))
        run.record_step("a", output=1)
        await release.wait()
        return run.steps["a"].output

    first = await bench.engine(body)
    long = await bench.until(await bench.create(first), "running")
    await first.stop()
    assert (await first.get("prj_1", long.id)).state is RunState.RUNNING
    assert await bench.job_of(long) == ("pending", 0)
    assert (await bench.steps(long))["a"] == ("done", 1, 1)
    release.set()
    other = Queue(bench.db, bus)
    await bench.engine(body, queue=other)
    assert (await bench.until(long)).output == 1
    assert segments[-1] == ["a"]
    await other.close()


async def test_paused_run_is_resumed_by_another_process_after_days(bench, bus, advance):
    async def body(run):
        step = run.steps.get("ask")
        if step is None:
            run.pause("ask", {"q": 1})
        return step.output

    first = await bench.engine(body)
    paused = await bench.until(await bench.create(first), "paused")
    await first.stop()
    await advance(4 * 86_400)
    other = Queue(bench.db, bus)
    second = await bench.engine(body, queue=other)
    await bench.resume(second, paused, "yes")
    assert (await bench.until(paused)).output == "yes"
    await second.stop()
    await other.close()


async def test_wait_ends_when_the_clock_jumps_past_it(bench, advance):
    async def body(run):
        step = await run.wait_step("w", run.now() + timedelta(hours=2), Note("waiting", {}))
        run.record_step("w", output="waited")
        await run.flush()
        return (run.now() - step.started_at).total_seconds()

    runs = await bench.engine(body)
    record = await bench.create(runs)
    while "w" not in await bench.steps(record):
        await asyncio.sleep(0.005)
    await advance(3600)
    await asyncio.sleep(0.05)
    assert (await runs.get("prj_1", record.id)).state is RunState.RUNNING
    await advance(3601)
    done = await bench.until(record)
    assert 7200 < done.output < 7300
    assert await bench.job_until(done, "succeeded") == ("succeeded", 1)


async def test_wait_goes_on_after_an_interruption_and_keeps_its_instant(bench, bus, advance):
    wakes = []

    async def body(run):
        step = await run.wait_step("w", run.now() + timedelta(hours=1), Note("waiting", {}))
        wakes.append(step.wake_at)
        return step.wake_at.isoformat()

    first = await bench.engine(body)
    record = await bench.create(first)
    while "w" not in await bench.steps(record):
        await asyncio.sleep(0.005)
    asked = (await bench.fetch("SELECT wake_at FROM run_steps"))[0][0]
    await first.stop()
    await advance(1800)
    other = Queue(bench.db, bus)
    await bench.engine(body, queue=other)
    await bench.until(record, "running")
    await advance(1801)
    assert (await bench.until(record)).output == asked.isoformat()
    assert (await bench.events(record)).count("waiting") == 1
    await other.close()


async def test_parked_run_holds_nothing_until_it_is_due(bench, advance):
    segments = []

    async def body(run):
        segments.append(run.now())
        if "until" not in run.steps:
            run.record_step("until", output=(run.now() + timedelta(days=2)).isoformat())
            run.park(run.now() + timedelta(days=2))
        return len(segments)

    runs = await bench.engine(body)
    record = await bench.create(runs)
    assert await bench.job_until(record, "pending") == ("pending", 0)
    while "until" not in await bench.steps(record):
        await asyncio.sleep(0.005)
    await bench.job_until(record, "pending")
    await advance(86_400)
    await asyncio.sleep(0.05)
    assert len(segments) == 1
    await advance(86_401)
    done = await bench.until(record)
    assert done.output == 2
    assert await bench.job_until(record, "succeeded") == ("succeeded", 1)


async def test_lost_connections_neither_lose_nor_repeat_a_write(bench):
    go = asyncio.Event()

    async def body(run):
        await go.wait()
        for number in range(60):
            run.note(Note("n", {"n": number}))
            await asyncio.sleep(0.005)
        return "ok"

    runs = await bench.engine(body)
    record = await bench.until(await bench.create(runs), "running")
    go.set()
    for _ in range(6):
        await asyncio.sleep(0.05)
        await bench.do(
            # And wait until it is gone: one that is still on its way out takes a statement.
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid()"
            " AND datname = current_database() AND application_name = 'test'"
        )
    done = await bench.until(record)
    numbers = [data["n"] for type, data, *_ in await bench.log(record) if type == "n"]
    assert numbers == list(range(60))
    assert done.output == "ok"


async def test_row_locked_by_somebody_holds_up_its_run_and_no_other(bench):
    go = asyncio.Event()

    async def body(run):
        await go.wait()
        run.record_step("s")
        await run.flush()
        return "ok"

    runs = await bench.engine(body)
    one, two = [await bench.until(await bench.create(runs), "running") for _ in range(2)]
    async with bench.db.transaction() as conn:
        await conn.execute("SELECT FROM runs WHERE id = %s FOR UPDATE", (one.id,))
        go.set()
        assert (await bench.until(two)).state is RunState.COMPLETED
        assert (await runs.get("prj_1", one.id)).state is RunState.RUNNING
    assert (await bench.until(one)).state is RunState.COMPLETED


async def test_run_whose_job_is_gone_is_given_up_once(bench):
    runs = await bench.engine(lambda run: None, start=False)
    record = await bench.create(runs)
    paused = await bench.create(runs)
    await bench.do("DELETE FROM work_jobs")
    await bench.do("UPDATE runs SET state = 'paused' WHERE id = %s", paused.id)
    programs = {"test.program": bench.program(None)}
    assert await give_up(bench.db, {}) == 0
    given = await asyncio.gather(*(give_up(bench.db, programs) for _ in range(3)))
    assert sum(given) == 1
    assert (await runs.get("prj_1", record.id)).error["code"] == "gave_up"
    bench.assert_over(await bench.events(record), "failed")
    assert (await runs.get("prj_1", paused.id)).state is RunState.PAUSED


async def test_program_that_fails_at_the_end_cannot_keep_a_run_open(bench):
    program = bench.program(None)

    def ended(record):
        raise ValueError("odd")

    program.ended = ended
    runs = await bench.engine(program, start=False)
    record = await bench.create(runs)
    await bench.do("DELETE FROM work_jobs")
    assert await give_up(bench.db, {program.kind: program}) == 1
    assert (await runs.get("prj_1", record.id)).state is RunState.FAILED


async def test_old_runs_are_deleted_with_their_steps_and_events(bench, advance):
    async def body(run):
        run.record_step("a", Note("n", {}))
        if run.record.input == "pause":
            run.pause("p", {})

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    paused = await bench.until(await bench.create(runs, "pause"), "paused")
    assert await prune(bench.db, 3600) == 0
    await advance(3601)
    assert await prune(bench.db, 3600) == 1
    assert await bench.fetch("SELECT DISTINCT run_id FROM run_steps") == [(paused.id,)]
    assert await bench.events(done) == []
    assert (await runs.get("prj_1", paused.id)).state is RunState.PAUSED


async def test_database_away_for_the_program_interrupts_it_and_does_not_fail_it(bench):
    tries = []

    async def body(run):
        tries.append(1)
        run.record_step(f"s{len(tries)}")
        if len(tries) < 3:
            raise psycopg.OperationalError("away")
        return sorted(run.steps)

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert done.output == ["s1", "s2", "s3"]
    await reap(bench.db, bench.queue.settings)


async def test_run_that_gets_further_each_time_is_not_given_up(bench):
    tries = []

    async def body(run):
        tries.append(1)
        run.record_step(f"s{len(tries)}")
        await run.flush()
        if len(tries) < 8:  # more often than attempts_max_count
            raise psycopg.OperationalError("away")
        return len(run.steps)

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert (done.state, done.output) == (RunState.COMPLETED, 8)


async def test_run_that_is_interrupted_at_the_same_place_again_and_again_is_given_up(bench):
    tries = []

    async def body(run):
        tries.append(1)
        if len(tries) == 1:
            run.record_step("once")
            await run.flush()
        raise psycopg.OperationalError("away")

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert done.state is RunState.FAILED
    # One that got further, and then as many as there are attempts.
    assert len(tries) == 1 + bench.settings.attempts_max_count
