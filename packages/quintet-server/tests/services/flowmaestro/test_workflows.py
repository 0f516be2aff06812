"""`/workflows`, executing with idempotency and required inputs, and workflow definitions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quintet_server.definitions.apply import BadDefinitions

SPEC = {
    "name": "Triage",
    "description": "Sorts tickets",
    "nodes": {
        "in": {
            "type": "input",
            "name": "Ticket",
            "config": {"inputName": "ticket", "required": True, "description": "What it says"},
        },
        "o": {"type": "output", "config": {"outputName": "echo", "value": "{{ticket}}"}},
    },
    "edges": [{"id": "e", "source": "in", "target": "o"}],
}


def document(name: str = "triage", **spec: Any) -> dict[str, Any]:
    return {"kind": "workflow", "name": name, "spec": {**SPEC, **spec}}


async def ended(api: Any, execution_id: str) -> dict[str, Any]:
    await api.events(f"/executions/{execution_id}/events")
    return dict(await api.data(f"/executions/{execution_id}"))


async def test_workflow_is_listed_and_shown_with_what_it_wants(api, tmp_path):
    assert await api.apply(tmp_path, document()) == ["created"]
    answer = (await api.get("/workflows")).json()
    [listed] = answer["data"]
    assert listed["id"] == "wf_triage" and listed["name"] == "Triage"
    assert listed["description"] == "Sorts tickets" and listed["version"] == 1
    assert listed["status"] == "active" and listed["created_at"].endswith("Z")
    assert answer["pagination"]["total_count"] == 1
    shown = await api.data("/workflows/wf_triage")
    assert shown.items() >= listed.items()
    assert shown["input_schema"]["properties"]["ticket"]["type"] == "string"
    assert shown["input_schema"]["required"] == ["ticket"]
    assert shown["inputs"]["ticket"]["required"] is True
    assert "nodes" not in shown and "definition" not in shown


async def test_unknown_workflows_are_404_also_those_of_others(api, tmp_path):
    await api.apply(tmp_path, document())
    other = await api.other_project()
    for client, path in ((api, "/workflows/wf_none"), (other, "/workflows/wf_triage")):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "resource_not_found"
    answer = await other.post("/workflows/wf_triage/execute", {"inputs": {"ticket": "x"}})
    assert answer.status_code == 404
    assert answer.json()["error"]["details"] == {"resource": "Workflow", "id": "wf_triage"}


async def test_execute_answers_202_and_the_execution_runs(api, tmp_path):
    await api.apply(tmp_path, document())
    answer = await api.post("/workflows/wf_triage/execute", {"inputs": {"ticket": "hi"}})
    assert answer.status_code == 202
    data = answer.json()["data"]
    assert data["execution_id"].startswith("exec_")
    assert data == {
        "execution_id": data["execution_id"],
        "workflow_id": "wf_triage",
        "status": "pending",
        "inputs": {"ticket": "hi"},
    }
    assert (await ended(api, data["execution_id"]))["outputs"] == {"echo": "hi"}


@pytest.mark.parametrize("body", [None, {}, {"inputs": None}, {"inputs": {"ticket": None}}])
async def test_missing_required_inputs_are_named(api, tmp_path, body):
    await api.apply(tmp_path, document())
    answer = await api.post("/workflows/wf_triage/execute", body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "validation_error"
    assert error["message"] == "Missing required inputs: ticket"
    assert [one["field"] for one in error["details"]["errors"]] == ["inputs.ticket"]
    assert (await api.get("/executions")).json()["data"] == []


@pytest.mark.parametrize("inputs", [[], "x", 1])
async def test_inputs_that_are_no_object_are_refused(api, tmp_path, inputs):
    await api.apply(tmp_path, document())
    answer = await api.post("/workflows/wf_triage/execute", {"inputs": inputs})
    assert answer.status_code == 400


async def test_idempotency_key_starts_one_execution(api, tmp_path):
    await api.apply(tmp_path, document())
    headers = {"Idempotency-Key": "k-1"}
    body = {"inputs": {"ticket": "x"}}
    path = "/workflows/wf_triage/execute"
    answers = await asyncio.gather(*(api.post(path, body, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["data"]["execution_id"] for answer in answers}) == 1
    assert (await api.get("/executions")).json()["pagination"]["total_count"] == 1
    other = await api.post(path, {"inputs": {"ticket": "y"}}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "validation_error")


async def test_refused_start_leaves_no_execution_and_frees_its_key(api, tmp_path):
    await api.apply(tmp_path, document())
    headers = {"Idempotency-Key": "k-2"}
    path = "/workflows/wf_triage/execute"
    assert (await api.post(path, {}, headers=headers)).status_code == 400
    body = {"inputs": {"ticket": "x"}}
    assert (await api.post(path, body, headers=headers)).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/workflows", ["workflows:read"]),
        ("GET", "/workflows/x", ["workflows:read"]),
        ("POST", "/workflows/x/execute", ["workflows:read", "workflows:execute"]),
    ],
)
async def test_each_call_needs_its_scopes(api, method, path, scopes):
    other = await api.with_scopes("agents:read")
    answer = await other.call(method, path)
    assert answer.status_code == 403
    assert answer.json()["error"]["details"]["required_scopes"] == scopes


async def test_new_version_only_when_the_definition_changes(api, tmp_path):
    assert await api.apply(tmp_path, document()) == ["created"]
    assert await api.apply(tmp_path, document()) == ["unchanged"]
    changed = document(edges=[*SPEC["edges"], {"id": "f", "source": "in", "target": "o"}])
    assert await api.apply(tmp_path, changed) == ["updated"]
    shown = await api.data("/workflows/wf_triage")
    assert shown["version"] == 2


async def test_running_execution_keeps_its_version(api, tmp_path):
    nodes = {
        "in": {"type": "input", "config": {"inputName": "x", "required": False}},
        "r": {"type": "humanReview", "config": {"prompt": "?", "variableName": "v"}},
        "o": {"type": "output", "config": {"outputName": "old", "value": "{{v}}"}},
    }
    edges = [
        {"id": "a", "source": "in", "target": "r"},
        {"id": "b", "source": "r", "target": "o"},
    ]
    await api.apply(tmp_path, document("ver", nodes=nodes, edges=edges))
    answer = await api.post("/workflows/wf_ver/execute", {})
    execution_id = answer.json()["data"]["execution_id"]
    await api.eventually("SELECT 1 FROM runs WHERE id = %s AND state = 'paused'", execution_id)
    await api.apply(tmp_path, document("ver"))
    await api.post(f"/executions/{execution_id}/resume", {"input": "yes"})
    found = await ended(api, execution_id)
    assert found["outputs"] == {"old": "yes"} and found["workflow_version"] == 1


async def test_names_become_ids_and_may_have_the_prefix(api, tmp_path):
    await api.apply(tmp_path, document("wf_one"), document("two.2-x"))
    assert {one["id"] for one in await api.data("/workflows")} == {"wf_one", "wf_two.2-x"}
    with pytest.raises(BadDefinitions, match="must be 1 to 150 of the characters"):
        await api.apply(tmp_path, document("no/slash"))


async def test_mistakes_are_all_shown_with_their_places(api, tmp_path):
    nodes = {
        "in": {"type": "inptu", "config": {}},
        "h": {"type": "http", "config": {"method": "GET"}},
    }
    with pytest.raises(BadDefinitions) as refusal:
        await api.apply(tmp_path, document(nodes=nodes))
    fields = {mistake.field for mistake in refusal.value.mistakes}
    assert {"spec.nodes.in.type", "spec.nodes.h.config.url"} <= fields
    assert any(field.startswith("spec.edges") for field in fields)
    listed = [{"id": "h", "type": "http", "data": {"method": "GET"}}]
    with pytest.raises(BadDefinitions) as refusal:
        await api.apply(tmp_path, document(nodes=listed, edges=[]))
    assert "spec.nodes.0.data.url" in {mistake.field for mistake in refusal.value.mistakes}
    assert (await api.get("/workflows")).json()["data"] == []
