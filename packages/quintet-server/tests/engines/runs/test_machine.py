"""Any order of what callers and programs do: states follow the picture, and one end is told.

The model is the picture in `engines/runs/model.py`; the engine is the real one, on PostgreSQL. The
program does what the next letter of its input says whenever it is asked to go on.
"""

from __future__ import annotations

import asyncio
import contextlib

from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.engines.runs.model import (
    Note,
    RunNotCancellable,
    RunNotPaused,
    RunState,
)
from quintet_server.engines.runs.program import RunFailed

ENDS = {"return": RunState.COMPLETED, "fail": RunState.FAILED, "crash": RunState.FAILED}
scripts = st.lists(st.sampled_from(["step", "pause", "park"]), max_size=4)
moves = st.lists(st.sampled_from(["wait", "cancel", "resume", "interrupt"]), max_size=5)


async def play(run):
    script, end = run.record.input
    for place, move in enumerate(script):
        key = f"{place}:{move}"
        if key in run.steps and run.steps[key].state == "done":
            continue
        if move == "step":
            await run.begin(key)
            run.record_step(key, Note("step", {"key": key}), output=place)
        elif move == "park":
            run.record_step(key)
            run.park(run.now())
        else:
            run.pause(key, {}, Note("paused", {}))
    if end == "crash":
        raise ValueError("as asked")
    if end == "fail":
        raise RunFailed("as asked")
    return len(run.steps)


async def go(bench, script, end, orders):
    runs = bench.engines[0]
    record = await bench.create(runs, [script, end])
    for order in orders:
        state = (await runs.get("prj_1", record.id)).state
        if order == "wait":
            await bench.until(record, "paused", "completed", "failed", "cancelled")
        elif order == "cancel":
            with contextlib.suppress(RunNotCancellable):
                await bench.cancel(runs, record)
                assert not state.is_terminal
        elif order == "resume":
            with contextlib.suppress(RunNotPaused):
                await bench.resume(runs, record, "answer")
        else:  # as if another process had taken it over: whoever runs it now must give up
            await bench.do("UPDATE runs SET epoch = epoch + 1 WHERE id = %s", record.id)
    async with asyncio.timeout(60):
        while True:
            done = await bench.until(record, "paused", "completed", "failed", "cancelled")
            if done.state is not RunState.PAUSED:
                break
            await bench.resume(runs, record, "answer")
    return done


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(script=scripts, end=st.sampled_from(sorted(ENDS)), orders=moves)
async def test_every_run_ends_once_and_no_recorded_step_is_told_twice(bench, script, end, orders):
    if not bench.engines:
        await bench.engine(play)
    done = await go(bench, script, end, orders)
    assert done.state in {ENDS[end], RunState.CANCELLED, RunState.FAILED}
    if done.state is RunState.FAILED and end == "return":
        assert done.error["code"] == "gave_up"  # interrupted in every attempt
    types = await bench.events(done)
    bench.assert_over(types, done.state)
    assert types.count("run.started") <= 1
    log = await bench.log(done)
    told = [data["key"] for type, data, *_ in log if type == "step"]
    assert len(told) == len(set(told))
