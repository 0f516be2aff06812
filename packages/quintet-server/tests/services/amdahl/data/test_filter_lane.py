"""`POST /search/query` and `GET /search/fields`."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from ..conftest import Api
from .planting import kept, utterances


@pytest_asyncio.fixture(loop_scope="session")
async def full(api: Api) -> Api:
    """A business with twelve utterances and two deals."""
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": utterances()})
    deals = [
        {
            "deal_id": "d1",
            "deal_name": "Acme renewal",
            "deal_amount": 10,
            "deal_stage_label": "Won",
        },
        {"deal_id": "d2", "deal_name": "Globex pilot", "deal_amount": 30},
    ]
    await api.ask("POST", "/data/ingest", {"table": "deals", "rows": deals})
    return api


async def query(api: Api, **body: Any) -> Any:
    found = await api.ask("POST", "/search/query", body)
    assert found["success"] is True
    assert found["timing"]["total_ms"] >= 0
    return found


async def ids(api: Api, **body: Any) -> set[str]:
    return {row["id"] for row in (await query(api, **body))["results"]}


def only(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"filters": [{"field": field, "op": op, "value": value}]}


async def test_filters_find_what_sql_would(full: Api) -> None:
    every = {f"u{number}" for number in range(12)}
    assert await ids(full) == every
    assert await ids(full, **only("channel", "eq", "call")) == {"u0", "u3", "u6", "u9"}
    assert await ids(full, **only("channel", "neq", "call")) == every - {"u0", "u3", "u6", "u9"}
    assert await ids(full, **only("channel", "not_in", ["call", "chat"])) == {
        *("u1", "u4", "u7", "u10")
    }
    assert await ids(full, **only("amount", "between", [20, 40])) == {"u2", "u3", "u4"}
    assert await ids(full, **only("timestamp", "lt", "2026-04-03")) == {"u0", "u1"}
    assert await ids(full, **only("timestamp", "gte", "2026-04-12T09:00:00Z")) == {"u11"}
    assert await ids(full, **only("content", "contains", "BUDGET")) == {"u0", "u3"}
    assert await ids(full, **only("owner", "is_null")) == every
    assert await ids(full, **only("owner", "not_null")) == set()
    both = [*only("channel", "eq", "call")["filters"], *only("amount", "gt", 50)["filters"]]
    assert await ids(full, filters=both) == {"u6", "u9"}


async def test_compiled_statement_answers_the_same_as_a_query(full: Api) -> None:
    found = await query(full, **only("amount", "gte", 100), order_by={"field": "id"})
    assert found["mode_ran"] == "filter"
    assert found["compiled"]["filters"] == [{"field": "amount", "op": "gte", "value": 100}]
    body = {name: found["compiled"][name] for name in ("sql", "params")}
    answer = await full.ask("POST", "/data/query", body)
    assert answer["rows"] == found["results"]


async def test_groups_have_their_metrics_in_the_order_asked_for(full: Api) -> None:
    found = await query(
        full,
        group_by=["channel"],
        metrics=[{"fn": "count"}, {"fn": "sum", "field": "amount"}],
        order_by={"field": "sum_amount", "dir": "desc"},
    )
    assert found["results"] == [
        {"channel": "chat", "count": 4, "sum_amount": 260},
        {"channel": "email", "count": 4, "sum_amount": 220},
        {"channel": "call", "count": 4, "sum_amount": 180},
    ]
    found = await query(full, surface="deals", metrics=[{"fn": "avg", "field": "deal_amount"}])
    assert found["results"] == [{"avg_deal_amount": 20}]


async def test_limit_cuts_and_says_so(full: Api) -> None:
    found = await query(full, limit=5)
    assert len(found["results"]) == 5
    assert found["truncated"] is True
    assert (await query(full, limit=12))["truncated"] is False


async def test_fuzzy_needs_every_word_somewhere_and_forgives_names(full: Api) -> None:
    found = await query(full, query="price acme", mode="fuzzy")
    assert found["mode_ran"] == "fuzzy"
    assert {row["id"] for row in found["results"]} == {"u0", "u6"}
    assert await ids(full, query="Globbex security", mode="fuzzy") == {"u1", "u7"}
    found = await query(full, query="akme", surface="deals", mode="fuzzy")
    assert [row["deal_id"] for row in found["results"]] == ["d1"]


async def test_semantic_finds_the_nearest_first(full: Api) -> None:
    await full.eventually(kept(12), full.project_id)
    found = await query(full, query="it is too expensive", mode="semantic", limit=3)
    assert found["mode_ran"] == "semantic"
    assert found["results"][0]["id"] in {"u0", "u3", "u6", "u9"}
    scores = [row["score"] for row in found["results"]]
    assert scores == sorted(scores, reverse=True)
    calls = await query(
        full, query="it is too expensive", mode="semantic", **only("channel", "eq", "email")
    )
    assert {row["channel"] for row in calls["results"]} == {"email"}


async def test_semantic_goes_with_figures_and_with_an_order(full: Api) -> None:
    await full.eventually(kept(12), full.project_id)
    found = await query(full, query="price", mode="semantic", metrics=[{"fn": "count"}])
    assert 1 <= found["results"][0]["count"] <= 12
    found = await query(full, query="price", mode="semantic", order_by={"field": "id"}, limit=3)
    assert [row["id"] for row in found["results"]] == sorted(row["id"] for row in found["results"])
    other = await full.other_project()
    assert (await query(other, query="price", mode="semantic"))["results"] == []


async def test_auto_takes_the_way_that_finds_something(full: Api) -> None:
    await full.eventually(kept(12), full.project_id)
    assert (await query(full))["mode_ran"] == "filter"
    assert (await query(full, query="discount"))["mode_ran"] == "fuzzy"
    assert (await query(full, query="unaffordable fees"))["mode_ran"] == "semantic"
    assert (await query(full, query="unaffordable", surface="deals"))["mode_ran"] == "fuzzy"


async def test_violation_is_a_named_invalid_argument(api: Api) -> None:
    for body, field in (
        ({"surface": "projects"}, "surface"),
        ({"mode": "psychic"}, "mode"),
        ({"limit": 1_001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"mode": "fuzzy"}, "query"),
        ({"mode": "filter", "query": "x"}, "query"),
        ({"mode": "semantic", "query": "x", "surface": "deals"}, "surface"),
        ({"group_by": ["channel"]}, "metrics"),
        ({"filters": [{"field": "channel", "op": "~", "value": "x"}]}, "filters[0].op"),
        ({"order_by": {"field": "id", "dir": "up"}}, "order_by.0.dir: must be 'asc' or 'desc'"),
        ({"order_by": [{"dir": "asc"}]}, "order_by.0.field: is required"),
        ({"order_by": "id"}, "order_by: must be a valid array"),
    ):
        error = await api.refused("POST", "/search/query", body, 400, "invalid_argument")
        assert error["message"].startswith(field), error
    error = await api.refused("POST", "/search/query", {"surface": "x"}, 400, "invalid_argument")
    assert error["details"]["allowed"] == ["interactions", "deals", "deal_qualification"]


async def test_unknown_fields_of_a_request_are_ignored(api: Api) -> None:
    assert (await query(api, colour="red"))["results"] == []


async def test_values_are_never_part_of_the_statement(full: Api) -> None:
    for value in ("' OR '1'='1", "\\' OR 1=1 --", "@p2", "`", "x; DROP TABLE deals", "%", "\\"):
        assert await ids(full, **only("owner", "eq", value)) == set()
        assert await ids(full, **only("content", "contains", value)) == set()


async def test_fields_tell_what_can_be_asked(api: Api) -> None:
    found = await api.ask("GET", "/search/fields")
    surfaces = {each["surface"]: each["fields"] for each in found["surfaces"]}
    assert surfaces.keys() == {"interactions", "deals", "deal_qualification"}
    fields = {field["name"]: field for field in surfaces["interactions"]}
    assert "contains" in fields["content"]["operators"]
    assert "between" in fields["timestamp"]["operators"]
    assert fields["metadata"]["operators"] == ["is_null", "not_null"]
    assert fields["channel"]["description"]
