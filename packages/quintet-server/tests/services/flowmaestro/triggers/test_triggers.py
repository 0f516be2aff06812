"""`/triggers`: list, look, execute by hand."""

from __future__ import annotations

from typing import Any

import pytest

from quintet_server.definitions.apply import BadDefinitions

WORKFLOW = {
    "kind": "workflow",
    "name": "echo",
    "spec": {
        "nodes": {
            "in": {"type": "input", "config": {}},
            "o": {
                "type": "output",
                "config": {"outputName": "got", "value": "{{a}}/{{b}}", "format": "string"},
            },
        },
        "edges": [{"id": "e", "source": "in", "target": "o"}],
    },
}


def trigger(name: str, type: str = "manual", /, **spec: Any) -> dict[str, Any]:
    more = {"workflow": "echo", "type": type, **spec}
    return {"kind": "trigger", "name": name, "spec": more}


async def ended(api: Any, execution_id: str) -> dict[str, Any]:
    await api.events(f"/executions/{execution_id}/events")
    return dict(await api.data(f"/executions/{execution_id}"))


async def test_list_shows_both_names_of_the_type_and_filters(api, tmp_path):
    other = {**WORKFLOW, "name": "other"}
    # A trigger may stand before its workflow.
    outcomes = await api.apply(
        tmp_path,
        trigger("one", name="First"),
        trigger("two", "schedule", config={"cronExpression": "0 9 * * 1"}),
        trigger("three", "webhook", workflow="wf_other", enabled=False),
        WORKFLOW,
        other,
    )
    assert outcomes == ["created"] * 5
    answer = (await api.get("/triggers")).json()
    assert answer["pagination"]["total_count"] == 3
    found = {one["id"]: one for one in answer["data"]}
    first = found["trigger_one"]
    assert first["name"] == "First" and first["type"] == first["trigger_type"] == "manual"
    assert first["workflow_id"] == "wf_echo" and first["workflow_name"] == "echo"
    assert first["enabled"] is True and first["trigger_count"] == 0
    assert first["last_triggered_at"] is None and first["created_at"] and first["updated_at"]
    assert found["trigger_two"]["next_run_at"]
    assert await api.data("/triggers/trigger_one") == first

    async def listed(**query: Any) -> set[str]:
        return {one["id"] for one in await api.data("/triggers", params=query)}

    assert await listed(workflow_id="wf_other") == {"trigger_three"}
    assert await listed(type="schedule") == {"trigger_two"}
    assert await listed(enabled="false") == {"trigger_three"}
    assert await listed(workflow_id="wf_none") == set()
    assert (await api.get("/triggers", params={"enabled": "maybe"})).status_code == 400
    stranger = await api.other_project()
    assert (await stranger.get("/triggers")).json()["data"] == []
    assert (await stranger.get("/triggers/trigger_one")).status_code == 404


async def test_execute_puts_defaults_under_the_inputs_and_counts(api, tmp_path):
    await api.apply(tmp_path, WORKFLOW, trigger("m", config={"inputs": {"a": 1, "b": 2}}))
    answer = await api.post("/triggers/trigger_m/execute", {"inputs": {"b": 3}})
    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert data == {
        "execution_id": data["execution_id"],
        "workflow_id": "wf_echo",
        "trigger_id": "trigger_m",
        "status": "pending",
        "inputs": {"a": 1, "b": 3},
    }
    found = await ended(api, data["execution_id"])
    assert found["outputs"] == {"got": "1/3"} and found["trigger_id"] == "trigger_m"
    shown = await api.data("/triggers/trigger_m")
    assert shown["trigger_count"] == 1 and shown["last_triggered_at"]
    rows = await api.sql(
        "SELECT execution_id, payload FROM flowmaestro_trigger_executions WHERE project_id = %s",
        api.project_id,
    )
    assert rows == [(data["execution_id"], {"b": 3})]


async def test_execute_with_a_key_fires_once(api, tmp_path):
    await api.apply(tmp_path, WORKFLOW, trigger("m"))
    headers = {"Idempotency-Key": "t-1"}
    ids = {
        (await api.post("/triggers/trigger_m/execute", {}, headers=headers)).json()["data"][
            "execution_id"
        ]
        for _ in range(3)
    }
    assert len(ids) == 1
    assert (await api.data("/triggers/trigger_m"))["trigger_count"] == 1


async def test_disabled_and_unknown_triggers_are_refused(api, tmp_path):
    await api.apply(tmp_path, WORKFLOW, trigger("off", enabled=False))
    answer = await api.post("/triggers/trigger_off/execute")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Trigger is not enabled"
    answer = await api.post("/triggers/trigger_none/execute")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Trigger with id 'trigger_none' not found"


async def test_manual_rules_on_inputs_are_kept(api, tmp_path):
    schema = {"required": ["n"], "properties": {"n": {"type": "integer", "enum": [1, 2]}}}
    await api.apply(
        tmp_path,
        WORKFLOW,
        trigger("need", config={"requireInputs": True}),
        trigger("shape", config={"inputSchema": schema, "inputs": {"n": 1}}),
    )
    assert (await api.post("/triggers/trigger_need/execute")).status_code == 400
    for wrong in ("x", 3, True):
        answer = await api.post("/triggers/trigger_shape/execute", {"inputs": {"n": wrong}})
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["details"]["errors"][0]["field"] == "inputs.n"
    assert (await api.post("/triggers/trigger_shape/execute")).status_code == 202


async def test_required_inputs_of_the_workflow_are_asked_for(api, tmp_path):
    strict = {**WORKFLOW, "spec": {**WORKFLOW["spec"], "nodes": {**WORKFLOW["spec"]["nodes"]}}}
    strict["spec"]["nodes"]["in"] = {"type": "input", "config": {"inputName": "a"}}
    await api.apply(tmp_path, strict, trigger("m"))
    answer = await api.post("/triggers/trigger_m/execute")
    assert answer.status_code == 400
    assert (await api.data("/triggers/trigger_m"))["trigger_count"] == 0


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/triggers", ["triggers:read"]),
        ("GET", "/triggers/x", ["triggers:read"]),
        ("POST", "/triggers/x/execute", ["triggers:read", "triggers:execute"]),
    ],
)
async def test_each_call_needs_its_scopes(api, method, path, scopes):
    other = await api.with_scopes("agents:read")
    answer = await other.call(method, path)
    assert answer.status_code == 403
    assert answer.json()["error"]["details"]["required_scopes"] == scopes


async def test_applying_again_changes_nothing_and_keeps_counts(api, tmp_path):
    document = trigger("m", "schedule", config={"cronExpression": "*/5 * * * *"})
    await api.apply(tmp_path, WORKFLOW, document)
    await api.post("/triggers/trigger_m/execute")
    assert await api.apply(tmp_path, document) == ["unchanged"]
    before = await api.data("/triggers/trigger_m")
    changed = trigger("m", "schedule", config={"cronExpression": "*/5 * * * *"}, enabled=False)
    assert await api.apply(tmp_path, changed) == ["updated"]
    after = await api.data("/triggers/trigger_m")
    assert after["trigger_count"] == before["trigger_count"] == 1
    assert before["next_run_at"] and after["next_run_at"] is None
    assert await api.apply(tmp_path, trigger("m")) == ["updated"]
    assert (
        await api.sql("SELECT 1 FROM work_schedules WHERE id = %s", f"{api.project_id}/trigger_m")
        == []
    )


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"type": "cron"}, "spec.type", "must be one of schedule, webhook, event, manual"),
        ({"type": "provider"}, "spec.type", "webhook trigger"),
        ({"type": "schedule"}, "spec.config.cronExpression", "required"),
        (
            {"type": "schedule", "config": {"cronExpression": "0 0 9 * * 1"}},
            "spec.config.cronExpression",
            "five fields",
        ),
        (
            {"type": "schedule", "config": {"cronExpression": "61 * * * *"}},
            "spec.config.cronExpression",
            "minute",
        ),
        (
            {"type": "schedule", "config": {"cronExpression": "0 9 * * *", "timezone": "Mars"}},
            "spec.config.timezone",
            "time zone",
        ),
        ({"type": "webhook", "config": {"authType": "hmac"}}, "spec.config", "secret is required"),
        ({"type": "webhook", "config": {"metod": "GET"}}, "spec.config.metod", "not permitted"),
        ({"type": "event", "config": {"eventType": "boom"}}, "spec.config.eventType", "one of"),
        ({"type": "manual", "shape": 1}, "spec.shape", "no such field"),
        *(
            ({"config": {"inputSchema": schema}}, "spec.config.inputSchema", message)
            for schema, message in (
                ({"required": 5}, "required must be a list of names"),
                ({"required": [1]}, "required must be a list of names"),
                ({"properties": 7}, "properties must be a mapping"),
                ({"properties": {"n": "integer"}}, "properties.n must be a schema"),
                ({"properties": {"n": {"type": {}}}}, "properties.n.type must be one of"),
                ({"properties": {"n": {"type": "int"}}}, "properties.n.type must be one of"),
                ({"properties": {"n": {"enum": 5}}}, "properties.n.enum must be a list"),
            )
        ),
        ({"type": "manual", "workflow": "none"}, "spec.workflow", "no workflow 'wf_none'"),
    ],
)
async def test_mistakes_in_definitions_are_named(api, tmp_path, spec, field, message):
    await api.apply(tmp_path, WORKFLOW)
    with pytest.raises(BadDefinitions) as refusal:
        await api.apply(tmp_path, trigger("bad", **spec))
    [mistake] = refusal.value.mistakes
    assert mistake.field == field and message in mistake.message
