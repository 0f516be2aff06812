"""`POST /pages/{id}/render` over HTTP, on real rows."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from ..conftest import Api
from .drawn import check_document, drawings, node

ROWS = [
    {"id": f"i{index}", "channel": channel, "timestamp": f"2026-04-{index + 1:02}T08:00:00Z"}
    for index, channel in enumerate(("email", "email", "call", "email", "chat"))
]
BY_CHANNEL = {
    "name": "by_channel",
    "sql": "SELECT channel, COUNT(*) AS events FROM interactions "
    "WHERE channel = COALESCE(@channel, channel) GROUP BY channel ORDER BY events DESC, channel",
    "params": {"channel": "string"},
}
FAILS = {"name": "fails", "sql": "SELECT 1 / (COUNT(*) - COUNT(*)) AS n FROM interactions"}
SPEC = {
    "version": 1,
    "root": node(
        "Section",
        node("BarChart", data={"$query": "by_channel"}, x="channel", y="events"),
        node("Table", data={"$query": "by_channel"}),
        node("Stat", label="Top", value={"$value": {"query": "by_channel", "field": "channel"}}),
        node("Stat", label="Broken", value={"$value": {"query": "fails", "field": "n"}}),
        title="Activity",
    ),
}


@pytest.fixture
def body() -> dict[str, Any]:
    return {"name": "Weekly <b>review</b>", "spec": SPEC, "declared_queries": [BY_CHANNEL, FAILS]}


async def made(api: Api, body: dict[str, Any]) -> str:
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": ROWS})
    page = await api.ask("POST", "/pages", body, 201)
    return str(page["id"])


async def test_render_answers_rows_and_the_resolved_spec(api: Api, body: dict[str, Any]) -> None:
    id = await made(api, body)
    answer = await api.ask("POST", f"/pages/{id}/render", {"params": {}})

    rows = [
        {"channel": "email", "events": 3},
        {"channel": "call", "events": 1},
        {"channel": "chat", "events": 1},
    ]
    assert (answer["page_id"], answer["version"]) == (id, 1)
    assert answer["rendered_at"].endswith("Z")
    assert answer["results"]["by_channel"] == {
        "columns": ["channel", "events"],
        "rows": rows,
        "row_count": 3,
        "truncated": False,
        "error": None,
    }
    failed = answer["results"]["fails"]
    assert (failed["rows"], failed["row_count"]) == ([], 0)
    assert failed["error"]["code"] == "invalid_sql"
    shown = [each["props"] for each in answer["resolved_spec"]["root"]["children"]]
    assert shown[0]["data"] == shown[1]["data"] == rows
    assert [shown[2]["value"], shown[3]["value"]] == ["email", None]


async def test_render_takes_parameters(api: Api, body: dict[str, Any]) -> None:
    id = await made(api, body)

    answer = await api.ask("POST", f"/pages/{id}/render", {"params": {"channel": "call"}})
    assert answer["results"]["by_channel"]["rows"] == [{"channel": "call", "events": 1}]
    for params in ({"channel": 5}, {"chanel": "call"}):
        await api.refused(
            "POST", f"/pages/{id}/render", {"params": params}, 400, "invalid_argument"
        )


async def test_render_leaves_out_a_condition_whose_parameter_is_not_given(
    api: Api, body: dict[str, Any]
) -> None:
    conditions = {
        "string": ("channel", "channel = @p", "email", 3),
        "integer": ("day", "EXTRACT(DAY FROM timestamp) > @p", 2, 3),
        "float": ("share", "EXTRACT(DAY FROM timestamp) / 2 > @p", 1.5, 2),
        "boolean": ("mail", "(channel = 'email') = @p", False, 2),
        "date": ("on", "DATE(timestamp) = @p", "2026-04-02", 1),
        "timestamp": ("since", "timestamp >= @p", "2026-04-04T00:00:00Z", 2),
    }
    queries = [
        {
            "name": type_name,
            "sql": "SELECT COUNT(*) AS n FROM interactions "
            f"WHERE @{name} IS NULL OR {condition.replace('@p', '@' + name)}",
            "params": {name: type_name},
        }
        for type_name, (name, condition, _, _) in conditions.items()
    ]
    shown = [
        node("Stat", label=each, value={"$value": {"query": each, "field": "n"}})
        for each in conditions
    ]
    spec = {"version": 1, "root": node("Section", *shown, title="Counts")}
    id = await made(api, {"name": "Counts", "spec": spec, "declared_queries": queries})

    params = {name: value for name, _, value, _ in conditions.values()}
    for given in (params, {}):
        results = (await api.ask("POST", f"/pages/{id}/render", {"params": given}))["results"]
        assert {name: each["rows"] for name, each in results.items()} == {
            type_name: [{"n": count if given else 5}]
            for type_name, (_, _, _, count) in conditions.items()
        }


async def test_render_as_html_is_a_safe_document(api: Api, body: dict[str, Any]) -> None:
    id = await made(api, body)
    answer = await api.post(f"/pages/{id}/render", {}, headers={"Accept": "text/html"})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "accept" in answer.headers["vary"].lower()
    check_document(answer.text)
    assert "Weekly &lt;b&gt;review&lt;/b&gt;" in answer.text
    assert "email" in answer.text
    assert drawings(answer.text)
    assert "cannot be run as it is written" in answer.text


async def test_render_sees_only_its_own_business(api: Api, body: dict[str, Any]) -> None:
    id = await made(api, body)
    other = await api.other_project()

    await other.refused("POST", f"/pages/{id}/render", {}, 404, "not_found")
    await other.ask("POST", "/pages", body, 201)
    page = (await other.ask("GET", "/pages"))["items"][0]
    answer = await other.ask("POST", f"/pages/{page['id']}/render", {})
    assert answer["results"]["by_channel"]["rows"] == []


async def test_render_of_what_cannot_be_rendered_is_refused(api: Api, body: dict[str, Any]) -> None:
    id = await made(api, body)

    await api.refused("POST", f"/pages/{uuid.uuid4()}/render", {}, 404, "not_found")
    reader = await api.with_scopes("data:read")
    await reader.refused("POST", f"/pages/{id}/render", {}, 403, "missing_scope")
    await api.refused("POST", f"/pages/{id}/render", {"params": 5}, 400, "invalid_argument")
    await api.ask("DELETE", f"/pages/{id}", status=204)
    await api.refused("POST", f"/pages/{id}/render", {}, 409, "invalid_state")
