"""Runs from their creation to their end."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from quintet_server.engines.runs.model import (
    Lost,
    Note,
    RunNotCancellable,
    RunNotFound,
    RunNotPaused,
    RunState,
)
from quintet_server.engines.runs.program import RunFailed


async def five_steps(run):
    for number in range(5):
        run.record_step(f"s{number}", Note("step.done", {"n": number}), output={"n": number})
    return {"sum": sum(step.output["n"] for step in run.steps.values()), **run.record.input}


async def test_run_of_recorded_steps_completes_with_its_events_in_order(bench):
    runs = await bench.engine(five_steps)
    record = await bench.create(runs, {"b": 1, "a": 2}, subject="wf_1", attributes={"x": 1})
    assert record.state is RunState.PENDING
    done = await bench.until(record)
    assert done.state is RunState.COMPLETED
    assert list(done.output) == ["sum", "b", "a"]
    assert done.attributes == {"x": 1}
    assert (await bench.events(record)) == [
        "run.started",
        *["step.done"] * 5,
        "run.summary",
        "run.completed",
    ]
    log = await bench.log(record)
    assert [data["n"] for type, data, *_ in log if type == "step.done"] == [0, 1, 2, 3, 4]
    assert [terminal for *_, terminal, _ in log] == [False] * 7 + [True]
    assert log[-1][3] == done.completed_at
    assert log[0][3] == done.started_at
    assert (await bench.steps(record))["s4"] == ("done", {"n": 4}, 1)
    assert await bench.job_until(record, "succeeded") == ("succeeded", 1)


async def test_run_without_pauses_costs_one_transaction_per_stage(bench):
    """Taken over once, and then everything it has to say in one write."""
    runs = await bench.engine(five_steps)
    record = await bench.create(runs, {})
    await bench.until(record)
    assert await bench.fetch("SELECT epoch, written FROM runs WHERE id = %s", record.id) == [(1, 1)]


async def test_note_reaches_another_stream(bench):
    async def body(run):
        run.note(Note("message.token", {"t": "a"}, stream="thread_1"))
        await run.flush()
        run.note(Note("message.token", {"t": "b"}, stream="thread_1"))

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert done.output is None
    assert [data["t"] for _, data, *_ in await bench.log("thread_1")] == ["a", "b"]


async def test_failure_raised_by_the_program_ends_the_run_with_what_it_says(bench):
    async def body(run):
        run.record_step("a", Note("step.failed", {}), error={"message": "no"}, output={"half": 1})
        raise RunFailed("one node failed", "node", {"node": "a"}, output={"partial": True})

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert done.state is RunState.FAILED
    assert done.error == {"code": "node", "message": "one node failed", "details": {"node": "a"}}
    assert done.output == {"partial": True}
    bench.assert_over(await bench.events(done), "failed")
    assert (await bench.steps(done))["a"] == ("failed", {"half": 1}, 1)


async def test_unforeseen_exception_fails_the_run_as_internal(bench):
    async def body(run):
        raise ValueError("odd")

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert (done.state, done.error["code"]) == (RunState.FAILED, "internal")
    assert await bench.job_until(done, "succeeded") == ("succeeded", 1)


@pytest.mark.parametrize("where", ["output", "step", "failure"])
async def test_value_that_is_not_json_fails_the_run_at_once(bench, where):
    async def body(run):
        if where == "step":
            run.record_step("a", output=object())
        if where == "failure":
            raise RunFailed("x", details={"what": object()})
        return object()

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert (done.state, done.error["code"]) == (RunState.FAILED, "internal")
    bench.assert_over(await bench.events(done), "failed")


async def test_text_that_postgresql_cannot_hold_is_replaced_and_not_fatal(bench):
    async def body(run):
        run.record_step("a", Note("n", {"t": "x\0y\ud800"}), output={"k\0": ["\0", 2**70]})
        return {"t": "\\u0000 \0"}

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs, {"in": "\0"}))
    assert done.output == {"t": "\\u0000 \ufffd"}
    assert done.input == {"in": "\ufffd"}
    assert (await bench.steps(done))["a"][1] == {"k\ufffd": ["\ufffd", float(2**70)]}
    assert (await bench.log(done))[1][1] == {"t": "x\ufffdy\ufffd"}


@pytest.mark.parametrize("bad_key", ["bad\0key", "".join(map(chr, range(300, 4_000)))])
async def test_write_that_the_database_refuses_fails_its_run_alone(bench, bad_key):
    started = asyncio.Event()

    async def body(run):
        await started.wait()
        key = bad_key if run.record.input["bad"] else "good"
        run.record_step(key)
        await run.flush()
        return "ok"

    runs = await bench.engine(body)
    records = [await bench.create(runs, {"bad": number == 1}) for number in range(3)]
    for record in records:
        await bench.until(record, "running")
    started.set()
    ends = [await bench.until(record) for record in records]
    assert [end.state for end in ends] == ["completed", "failed", "completed"]
    bench.assert_over(await bench.events(ends[1]), "failed")


async def test_unwaited_write_that_is_refused_is_not_forgotten(bench):
    async def body(run):
        run.record_step("bad\0key")
        await asyncio.sleep(0.05)
        return "ok"

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert done.state is RunState.FAILED


async def test_begin_is_on_disk_when_it_returns(bench):
    seen = {}

    async def body(run):
        step = await run.begin("a", Note("node.started", {}))
        seen["step"] = step
        seen["row"] = await bench.steps(run.record)
        seen["events"] = await bench.events(run.record)
        run.record_step("a", output=1)
        await run.flush()
        seen["after"] = run.steps["a"]

    runs = await bench.engine(body)
    done = await bench.until(await bench.create(runs))
    assert seen["row"] == {"a": ("started", None, 1)}
    assert seen["events"] == ["run.started", "node.started"]
    assert seen["step"].starts == 1
    assert seen["after"].state == "done"
    assert done.started_at <= seen["step"].started_at == seen["after"].started_at
    assert seen["after"].finished_at >= seen["after"].started_at


async def test_pause_holds_nothing_and_resume_goes_on_with_the_answer(bench, advance):
    segments = []

    async def body(run):
        segments.append(dict(run.steps))
        if "ask" not in run.steps:
            run.record_step("first", output=1)
            run.pause("ask", {"prompt": "ok?"}, Note("run.paused", {"why": "review"}))
        return {"answer": run.steps["ask"].output}

    runs = await bench.engine(body)
    paused = await bench.until(await bench.create(runs), "paused")
    assert paused.pause == {"prompt": "ok?"}
    assert await bench.events(paused) == ["run.started", "run.paused"]
    assert await bench.job_until(paused, "succeeded") == ("succeeded", 1)
    assert (await bench.steps(paused))["ask"][0] == "waiting"

    await advance(3 * 86_400)
    running = await bench.resume(runs, paused, {"yes": True}, Note("run.resumed", {}))
    assert (running.state, running.pause) == (RunState.RUNNING, None)
    done = await bench.until(paused)
    assert done.output == {"answer": {"yes": True}}
    assert done.started_at == paused.started_at
    assert done.completed_at - done.started_at >= timedelta(days=3)
    types = await bench.events(done)
    assert types[:3] == ["run.started", "run.paused", "run.resumed"]
    assert types.count("run.started") == 1
    assert segments[1]["first"].output == 1


async def test_resume_is_refused_unless_the_run_is_paused(bench):
    runs = await bench.engine(five_steps)
    done = await bench.until(await bench.create(runs, {}))
    with pytest.raises(RunNotPaused) as refused:
        await bench.resume(runs, done, 1)
    assert refused.value.state is RunState.COMPLETED


async def test_other_projects_see_nothing(bench):
    runs = await bench.engine(five_steps)
    record = await bench.create(runs, {})
    with pytest.raises(RunNotFound):
        await runs.get("prj_2", record.id)
    async with bench.db.transaction() as conn:
        for refused in (runs.cancel(conn, "prj_2", record.id), runs.cancel(conn, "prj_1", "run_x")):
            with pytest.raises(RunNotFound):
                await refused
        with pytest.raises(RunNotFound):
            await runs.resume(conn, "prj_2", record.id, 1)
    assert await runs.list("prj_2", record.kind) == ([], 0)


async def test_list_filters_counts_and_pages_newest_first(bench):
    async def body(run):
        if run.record.subject == "b":
            raise RunFailed("x")

    runs = await bench.engine(body)
    made = [await bench.create(runs, subject="ab"[number % 2]) for number in range(5)]
    for record in made:
        await bench.until(record)
    ids = [record.id for record in reversed(made)]
    page, total = await runs.list("prj_1", made[0].kind, limit=2, offset=1)
    assert ([record.id for record in page], total) == (ids[1:3], 5)
    page, total = await runs.list("prj_1", made[0].kind, subject="b")
    assert ([record.id for record in page], total) == (ids[1::2], 2)
    page, total = await runs.list("prj_1", made[0].kind, subject="b", state="completed")
    assert (page, total) == ([], 0)
    page, total = await runs.list("prj_1", made[0].kind, state=RunState.COMPLETED)
    assert total == 3
    assert await runs.list("prj_1", made[0].kind, offset=9) == ([], 5)


async def test_rolled_back_creation_leaves_nothing(bench):
    runs = await bench.engine(five_steps)
    with pytest.raises(ZeroDivisionError):
        async with bench.db.transaction() as conn:
            record = await runs.create(conn, kind="test.program", project_id="prj_1", input={})
            raise ZeroDivisionError
    with pytest.raises(RunNotFound):
        await runs.get("prj_1", record.id)
    assert await bench.fetch("SELECT id FROM work_jobs") == []


async def test_settle_writes_in_the_transaction_of_every_end(bench):
    hold = asyncio.Event()

    async def body(run):
        if run.record.input == "fail":
            raise RunFailed("x")
        if run.record.input == "hold":
            await hold.wait()

    program = bench.program(body)

    async def settle(conn, record):
        await conn.execute(
            "INSERT INTO events (project_id, stream, type, data) VALUES ('p', 'settled', %s, %s)",
            (record.state, Jsonb({"id": record.id})),
        )

    program.settle = settle
    runs = await bench.engine(program)
    for input, state in (("go", "completed"), ("fail", "failed")):
        await bench.until(await bench.create(runs, input), state)
    held = await bench.until(await bench.create(runs, "hold"), "running")
    await bench.cancel(runs, held)
    assert await bench.events("settled") == ["completed", "failed", "cancelled"]


async def test_cancel_ends_a_pending_run_at_once(bench):
    runs = await bench.engine(five_steps, start=False)
    record = await bench.create(runs, {})
    cancelled = await bench.cancel(runs, record)
    assert (cancelled.state, cancelled.started_at) == (RunState.CANCELLED, None)
    assert cancelled == await runs.get("prj_1", record.id)
    assert await bench.events(record) == ["run.summary", "run.cancelled"]
    assert (await bench.job_of(record))[0] == "cancelled"
    await runs.start()
    with pytest.raises(RunNotCancellable) as refused:
        await bench.cancel(runs, record)
    assert refused.value.state is RunState.CANCELLED


async def test_cancel_stops_the_handler_and_nothing_is_written_after_it(bench):
    stopped = asyncio.Event()

    async def body(run):
        await run.begin("a")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with pytest.raises(Lost):
                run.note(Note("late", {}))
                await run.flush()
            stopped.set()
            raise

    runs = await bench.engine(body)
    record = await bench.create(runs)
    while "a" not in await bench.steps(record):
        await asyncio.sleep(0.005)
    cancelled = await bench.cancel(runs, record)
    async with asyncio.timeout(60):
        await stopped.wait()
    assert await bench.job_until(record, "cancelled") == ("cancelled", 1)
    bench.assert_over(await bench.events(record), "cancelled")
    assert await runs.get("prj_1", record.id) == cancelled


async def test_cancel_of_a_paused_run_ends_it(bench):
    async def body(run):
        run.pause("ask", {})

    runs = await bench.engine(body)
    paused = await bench.until(await bench.create(runs), "paused")
    cancelled = await bench.cancel(runs, paused)
    assert (cancelled.state, cancelled.pause) == (RunState.CANCELLED, None)
    with pytest.raises(RunNotPaused):
        await bench.resume(runs, paused, 1)
    bench.assert_over(await bench.events(paused), "cancelled")


async def test_cancel_racing_completion_leaves_exactly_one_end(bench):
    gates = {}

    async def body(run):
        await gates[run.record.input].wait()
        run.record_step("s")
        return "done"

    runs = await bench.engine(body)
    ends = set()
    for number in range(25):
        gates[number] = asyncio.Event()
        record = await bench.until(await bench.create(runs, number), "running")
        if number:  # or no end but the cancellation would be possible
            gates[number].set()
        for _ in range(number % 8):
            await asyncio.sleep(0)
        if number % 3 == 0:
            await asyncio.sleep(0.001 * (number % 5))
        if number == 1:
            await bench.until(record)
        with contextlib.suppress(RunNotCancellable):
            await bench.cancel(runs, record)
        done = await bench.until(record)
        bench.assert_over(await bench.events(done), done.state)
        ends.add(done.state)
    assert ends == {"completed", "cancelled"}
