"""Cancelling: in every state, whatever is running, and nothing after it."""

from __future__ import annotations

from typing import Any

import pytest

from .test_graphs import IN, out, post


async def cancel(flows: Any, execution_id: str) -> Any:
    return await flows.api.post(f"/executions/{execution_id}/cancel")


async def check_nothing_follows(flows: Any, execution_id: str) -> None:
    """Exactly one terminal event, the last one."""
    types = [type for type, _ in await flows.log(execution_id)]
    terminal = [type for type in types if type.rpartition(".")[2] in ("completed", "failed")]
    assert "execution.completed" not in terminal and "execution.failed" not in terminal
    assert types.count("execution.cancelled") == 1 and types[-1] == "execution.cancelled"


async def test_cancelling_during_http_hangs_up(flows, receiver):
    nodes = {"in": IN, "call": post(f"{receiver.url}/hold"), "o": out("{{n}}")}
    await flows.define("call", nodes, "in>call call>o")
    execution_id = await flows.start("call")
    await receiver.called()
    answer = await cancel(flows, execution_id)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["id"] == execution_id and data["workflow_id"] == "wf_call"
    assert data["status"] == "cancelled" and data["cancelled_at"] and data["message"]
    await flows.api.until(lambda: receiver.hung_up == 1)
    found = await flows.look(execution_id)
    assert found["status"] == "cancelled" and found["completed_at"] == data["cancelled_at"]
    await check_nothing_follows(flows, execution_id)
    frames = await flows.api.events(f"/executions/{execution_id}/events")
    last = frames[-1]
    assert last["event"] == "execution:cancelled"
    assert last["data"]["status"] == "cancelled" and last["data"]["completed_at"]


@pytest.mark.parametrize("duration", [2_000, 3_600_000])
async def test_cancelling_during_a_wait_ends_it_at_once(flows, duration):
    nodes = {"in": IN, "w": ("wait", {"duration": duration}), "o": out("{{n}}")}
    await flows.define("wait", nodes, "in>w w>o", timeout=86_400_000)
    execution_id = await flows.start("wait")
    await flows.told(execution_id, "node.started", "w")
    assert (await cancel(flows, execution_id)).status_code == 200
    await check_nothing_follows(flows, execution_id)


async def test_cancelling_during_a_loop_stops_its_rounds(flows, receiver):
    nodes = {
        "in": IN,
        "l": ("loop", {"loopType": "count", "count": 500}),
        "call": post(f"{receiver.url}/x"),
    }
    await flows.define("loop", nodes, "in>l l>call:body call>l")
    execution_id = await flows.start("loop")
    await receiver.called(3)
    assert (await cancel(flows, execution_id)).status_code == 200
    await check_nothing_follows(flows, execution_id)
    assert len(receiver.calls) < 500


async def test_ended_executions_cannot_be_cancelled(flows, receiver):
    await flows.define("fine", {"in": IN, "o": out("{{n}}")}, "in>o")
    nodes = {"in": IN, "call": post(f"{receiver.url}/hold")}
    await flows.define("held", nodes, "in>call")
    completed = await flows.run("fine")
    cancelled = await flows.start("held")
    await receiver.called()
    await cancel(flows, cancelled)
    for execution_id, state in ((completed["id"], "completed"), (cancelled, "cancelled")):
        answer = await cancel(flows, execution_id)
        assert answer.status_code == 400
        assert answer.json()["error"] == {
            "code": "validation_error",
            "message": f"Execution cannot be cancelled. Current status: {state}",
        }
        assert (await flows.look(execution_id))["status"] == state
    assert (await cancel(flows, "exec_unknown")).status_code == 404


async def test_pending_execution_is_cancelled_before_it_runs(started, flows_of, receiver):
    async with started(execution_concurrency_count=1) as api:
        flows = flows_of(api)
        nodes = {"in": IN, "call": post(f"{receiver.url}/hold/{{{{n}}}}")}
        await flows.define("queue", nodes, "in>call")
        first = await flows.start("queue", n=1)
        await receiver.called()
        second = await flows.start("queue", n=2)
        assert (await flows.look(second))["status"] == "pending"
        assert (await cancel(flows, second)).status_code == 200
        receiver.release.set()
        assert (await flows.end(first))["status"] == "completed"
        found = await flows.look(second)
        assert found["status"] == "cancelled" and found["started_at"] is None
        assert [type for type, _ in await flows.log(second)] == ["execution.cancelled"]
    assert receiver.paths == ["/hold/1"]
