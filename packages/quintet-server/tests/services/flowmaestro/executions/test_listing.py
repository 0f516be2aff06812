"""`GET /executions`: filters, exact totals, order, scopes."""

from __future__ import annotations

import pytest

from .test_graphs import IN, out


async def test_list_is_newest_first_with_totals_after_filtering(flows):
    await flows.define("a", {"in": IN, "o": out("{{n}}")}, "in>o")
    bad = ("loop", {"arrayPath": "{{n}}"})
    await flows.define("b", {"in": IN, "l": bad, "o": out("x")}, "in>l l>o:body")
    made = [(await flows.run("a", n=number))["id"] for number in range(3)]
    failed = (await flows.run("b"))["id"]

    answer = (await flows.api.get("/executions", params={"per_page": 2})).json()
    assert [one["id"] for one in answer["data"]] == [failed, made[2]]
    assert answer["pagination"] == {
        "page": 1,
        "per_page": 2,
        "total_count": 4,
        "total_pages": 2,
        "has_next": True,
        "has_prev": False,
        "has_more": True,
    }
    one = answer["data"][1]
    assert one["inputs"] == {"n": 2} and one["outputs"] == {"answer": 2}
    assert one["workflow_name"] == "a" and one["status"] == "completed"

    async def listed(**query: object) -> tuple[list[str], int]:
        found = (await flows.api.get("/executions", params=query)).json()
        return [one["id"] for one in found["data"]], found["pagination"]["total_count"]

    assert await listed(workflow_id="wf_a") == (made[::-1], 3)
    assert await listed(workflow_id="wf_a", per_page=2, page=2) == ([made[0]], 3)
    assert await listed(status="failed") == ([failed], 1)
    assert await listed(status="completed", workflow_id="wf_b") == ([], 0)
    assert await listed(workflow_id="wf_unknown") == ([], 0)
    assert await listed(page=9) == ([], 4)
    other = await flows.api.other_project()
    assert (await other.get("/executions")).json()["data"] == []


async def test_unknown_status_is_refused_with_the_known_ones(flows):
    answer = await flows.api.get("/executions", params={"status": "done"})
    assert answer.status_code == 400
    assert "paused" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/executions", ["executions:read"]),
        ("GET", "/executions/x", ["executions:read"]),
        ("GET", "/executions/x/events", ["executions:read"]),
        ("POST", "/executions/x/cancel", ["executions:read", "executions:cancel"]),
        ("POST", "/executions/x/resume", ["executions:read", "workflows:execute"]),
    ],
)
async def test_each_call_needs_its_scopes(flows, method, path, scopes):
    other = await flows.api.with_scopes("threads:read")
    answer = await other.call(method, path)
    assert answer.status_code == 403
    assert answer.json()["error"]["details"]["required_scopes"] == scopes
