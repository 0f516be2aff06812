"""Triggers that fire by themselves: ticks and events."""

from __future__ import annotations

from typing import Any

from .test_triggers import WORKFLOW, ended, trigger


async def fired(api: Any, count: int = 1) -> list[dict[str, Any]]:
    """The executions of the project once there are so many that a trigger started, oldest first."""
    await api.eventually(
        "SELECT 1 FROM flowmaestro_trigger_executions WHERE project_id = %s "
        "AND execution_id IS NOT NULL OFFSET %s",
        api.project_id,
        count - 1,
    )
    found = [one for one in await api.data("/executions") if "trigger_id" in one]
    return [await ended(api, one["id"]) for one in reversed(found)]


async def test_schedule_fires_at_its_tick_in_its_time_zone(alone, tmp_path, advance):
    api = alone
    config = {
        "cronExpression": "30 9 * * *",
        "timezone": "Asia/Kolkata",
        "inputs": {"a": "tick", "b": "{{x}}"},
    }
    await api.apply(tmp_path, WORKFLOW, trigger("s", "schedule", config=config))
    due = (await api.data("/triggers/trigger_s"))["next_run_at"]
    assert due.endswith("T04:00:00.000Z")
    await advance(86_400)
    [execution] = await fired(api)
    assert execution["outputs"] == {"got": "tick/{{x}}"}
    assert execution["inputs"]["scheduled_at"] == due
    assert execution["trigger_id"] == "trigger_s"
    shown = await api.data("/triggers/trigger_s")
    assert shown["trigger_count"] == 1 and shown["last_triggered_at"]
    assert shown["next_run_at"] > due
    await advance(86_400)
    assert len(await fired(api, 2)) == 2


async def test_schedule_whose_workflow_refuses_its_inputs_starts_nothing(alone, tmp_path, advance):
    api = alone
    nodes = {**WORKFLOW["spec"]["nodes"], "in": {"type": "input", "config": {"inputName": "a"}}}
    strict = {**WORKFLOW, "spec": {**WORKFLOW["spec"], "nodes": nodes}}
    document = trigger("s", "schedule", config={"cronExpression": "0 0 1 1 *"})
    await api.apply(tmp_path, strict, document)
    await advance(366 * 86_400)
    rows = await api.eventually("SELECT execution_id, error FROM flowmaestro_trigger_executions")
    assert rows == [(None, "Missing required inputs: a")]
    assert (await api.data("/triggers/trigger_s"))["trigger_count"] == 0
    assert await api.data("/executions") == []


async def test_event_fires_with_what_happened_and_not_in_a_circle(api, tmp_path):
    other = {**WORKFLOW, "name": "watched"}
    config = {
        "eventType": "execution.completed",
        "source": "watched",
        "filters": {"status": "completed"},
        "inputs": {"a": 1, "b": 2},
    }
    circle = trigger("c", "event", config={"eventType": "execution.completed"})
    await api.apply(tmp_path, WORKFLOW, other, trigger("e", "event", config=config), circle)
    answer = await api.post("/workflows/wf_watched/execute", {"inputs": {"a": 7, "b": 8}})
    cause = answer.json()["data"]["execution_id"]
    executions = await fired(api, 2)
    assert {one["trigger_id"] for one in executions} == {"trigger_e", "trigger_c"}
    [mine] = [one for one in executions if one["trigger_id"] == "trigger_e"]
    assert mine["outputs"] == {"got": "1/2"}
    event = mine["inputs"]["event"]
    assert event["type"] == "execution.completed"
    assert event["data"]["execution_id"] == cause
    assert event["data"]["outputs"] == {"got": "7/8"}
    left = "SELECT 1 FROM work_jobs WHERE lane = 'flowmaestro.triggers' AND state = 'pending'"
    assert await api.sql(left) == []
    assert len(await api.data("/executions")) == 3


async def test_event_of_another_source_or_with_other_values_fires_nothing(api, tmp_path):
    elsewhere = {"eventType": "execution.completed", "source": "wf_none"}
    filtered = {"eventType": "execution.completed", "filters": {"status": "failed"}}
    await api.apply(
        tmp_path,
        WORKFLOW,
        trigger("a", "event", config=elsewhere),
        trigger("b", "event", config=filtered),
        trigger("off", "event", config={"eventType": "execution.completed"}, enabled=False),
    )
    answer = await api.post("/workflows/wf_echo/execute", {})
    await ended(api, answer.json()["data"]["execution_id"])
    done = (
        "SELECT 1 FROM work_jobs WHERE lane = 'flowmaestro.triggers' AND project_id = %s "
        "AND state = 'succeeded' OFFSET 1"
    )
    await api.eventually(done, api.project_id)
    assert len(await api.data("/executions")) == 1
