"""The verifier alone: what it accepts, what it names, and that it has a verdict for anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.pages.catalog import CATALOG
from quintet_server.services.amdahl.pages.verifier.columns import Refused
from quintet_server.services.amdahl.pages.verifier.verify import Verified, verify

from .nodes import BAD, CELL, COLUMNS, MINIMAL, ROWS

QUERY = {"name": "q", "source": "sql", "sql": "SELECT 1"}
COMPONENTS = sorted(CATALOG)


async def prepare(sql: str, types: Mapping[str, str]) -> tuple[str, ...] | Refused:
    if sql.startswith("SELECT"):
        return COLUMNS
    return Refused("Only SELECT.", {"reason": "not_select"})


async def verdict_of(
    spec: Any, queries: Any = (QUERY,), *, may_custom: bool = True
) -> dict[str, Any]:
    return (await verified(spec, queries, may_custom=may_custom)).findings.shape()


async def verified(spec: Any, queries: Any = (QUERY,), *, may_custom: bool = True) -> Verified:
    given = list(queries) if isinstance(queries, tuple) else queries
    return await verify(spec, given, prepare, may_custom=may_custom)


async def errors_of(spec: Any, queries: Any = (QUERY,), **options: Any) -> list[tuple[str, str]]:
    """(kind, path) of every error."""
    verdict = await verdict_of(spec, queries, **options)
    assert verdict["valid"] is (not verdict["errors"])
    return [(error["kind"], error["path"]) for error in verdict["errors"]]


def node(type_: str, props: Any = None, *children: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": type_}
    if props:
        made["props"] = props
    return made | ({"children": list(children)} if children else {})


def test_nodes_cover_the_whole_catalog() -> None:
    assert len(CATALOG) == 29
    assert MINIMAL.keys() == BAD.keys() == CATALOG.keys()


@pytest.mark.parametrize("name", COMPONENTS)
async def test_component_minimal_is_accepted(name: str) -> None:
    assert await errors_of(node(name, MINIMAL[name])) == []


@pytest.mark.parametrize("name", COMPONENTS)
async def test_component_with_bad_prop_is_rejected_at_its_pointer(name: str) -> None:
    props, at_fault, kind = BAD[name]

    verdict = await verdict_of(node("Section", {}, node(name, {**MINIMAL[name], **props})))

    path = f"/root/children/0/props/{at_fault}"
    found = [(error["kind"], error["path"].startswith(path)) for error in verdict["errors"]]
    assert found == [(kind, True)], verdict


@pytest.mark.parametrize("name", [name for name in COMPONENTS if MINIMAL[name]])
async def test_component_without_its_required_props_names_each(name: str) -> None:
    required = {prop for prop, told in CATALOG[name].props.items() if told.required}

    errors = await errors_of(node(name))

    missing = {("missing_prop", f"/root/props/{prop}") for prop in required}
    assert missing <= set(errors)
    assert {kind for kind, _ in errors} == {"missing_prop"}


async def test_bad_prop_names_what_is_allowed() -> None:
    verdict = await verdict_of(node("Badge", {"text": "x", "tone": "loud", "colour": "red"}))

    allowed = {error["path"]: error["allowed"] for error in verdict["errors"]}
    assert allowed["/root/props/tone"] == ["neutral", "positive", "warning", "negative"]
    assert allowed["/root/props/colour"] == ["text", "tone"]


async def test_callout_with_text_says_where_the_message_goes() -> None:
    [error] = (await verdict_of(node("Callout", {"text": "x"})))["errors"]
    assert "child" in error["message"]


async def test_unknown_component_is_named_with_the_catalog() -> None:
    [error] = (await verdict_of(node("Section", {}, node("Piechart"))))["errors"]
    assert (error["kind"], error["path"]) == ("unknown_component", "/root/children/0/type")
    assert error["allowed"] == COMPONENTS


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (node("Divider", {}, node("Text", {"text": "x"})), ("bad_child", "/root/children")),
        (node("StatRow", {}, node("Text", {"text": "x"})), ("bad_child", "/root/children/0")),
        (node("Card", {}, "text"), ("bad_child", "/root/children/0")),
        ({"type": "Card", "children": "text"}, ("bad_shape", "/root/children")),
        ({"type": "Card", "props": []}, ("bad_shape", "/root/props")),
        ({"type": 3}, ("bad_shape", "/root/type")),
        ({"root": 3}, ("bad_shape", "/root")),
        ({"version": 2, "root": node("Card")}, ("bad_shape", "/version")),
        ({"version": True, "root": node("Card")}, ("bad_shape", "/version")),
        ({"root": node("Card"), "layout": "poster"}, ("bad_shape", "/layout")),
        ({"root": node("Card"), "theme": "dark"}, ("bad_shape", "/theme")),
        ({"root": node("Card"), "a/b~c": 1}, ("bad_shape", "/a~1b~0c")),
        ([], ("bad_shape", "")),
        (None, ("bad_shape", "")),
        ({"children": []}, ("bad_shape", "")),
        (node("Text", {"text": "a\0b"}), ("bad_shape", "/props/text")),
        (node("GaugeChart", {"value": 1 << 70}), ("bad_shape", "/props/value")),
        (node("GaugeChart", {"value": float("inf")}), ("bad_shape", "/props/value")),
        (node("Text", {"text": "x" * 300_000}), ("bad_shape", "")),
        (
            {"type": "Text", "text": "a", "props": {"text": "b"}},
            ("bad_shape", "/root/text"),
        ),
        (node("ComposedChart", {"data": ROWS, "x": "channel"}), ("missing_prop", "/root/props")),
        (
            node("Table", {"data": ROWS, "columns": [{"label": "x"}]}),
            ("bad_prop", "/root/props/columns/0"),
        ),
        (
            node(
                "Table", {"data": ROWS, "columns": ["amount", {"key": "amount", "format": "euro"}]}
            ),
            ("bad_prop", "/root/props/columns/1/format"),
        ),
        (
            node("Table", {"data": ROWS, "columns": ["amount", {"key": "nothing"}]}),
            ("bad_prop", "/root/props/columns/1/key"),
        ),
        (
            node("Stat", {"value": {"$value": {"query": "q", "field": "nothing"}}}),
            ("bad_binding", "/root/props/value/$value/field"),
        ),
        (
            node("Stat", {"value": {"$value": {"query": "q", "field": "amount", "row": -1}}}),
            ("bad_binding", "/root/props/value/$value/row"),
        ),
        (
            node("Stat", {"value": {"$value": {"query": "q", "field": "amount", "col": 1}}}),
            ("bad_binding", "/root/props/value/$value/col"),
        ),
        (node("Stat", {"value": {"$value": "q"}}), ("bad_binding", "/root/props/value/$value")),
        (node("Stat", {"value": {"$sql": "x"}}), ("bad_binding", "/root/props/value")),
        (
            node("Stat", {"value": 1, "sparkline": ROWS, "sparkline_field": "nothing"}),
            ("bad_prop", "/root/props/sparkline_field"),
        ),
        (node("List", {"items": ROWS, "field": "nothing"}), ("bad_prop", "/root/props/field")),
    ],
)
async def test_spec_with_one_mistake_has_one_error(spec: Any, expected: tuple[str, str]) -> None:
    assert await errors_of(spec) == [expected]


async def test_sankey_rows_need_their_columns() -> None:
    async def few(sql: str, types: Mapping[str, str]) -> tuple[str, ...]:
        return ("source", "target")

    spec = node("Sankey", {"nodes": ROWS, "links": ROWS})
    found = (await verify(spec, [QUERY], few, may_custom=True)).findings.shape()

    assert [error["path"] for error in found["errors"]] == [
        "/root/props/nodes",
        "/root/props/links",
    ]
    assert found["errors"][1]["allowed"] == ["source", "target"]


async def test_every_stage_runs_and_reports() -> None:
    spec = node(
        "Section",
        {"title": 1},
        node("Table", {"data": {"$query": "other"}}),
        node("Custom", MINIMAL["Custom"]),
    )
    queries = [QUERY, {"name": "w", "sql": "DELETE FROM interactions"}]

    verdict = await verdict_of(spec, queries, may_custom=False)

    assert verdict["valid"] is False
    assert verdict["uses_custom"] is True
    assert verdict["stages"] == [
        {"stage": stage, "ok": False} for stage in ("spec", "bindings", "custom", "queries")
    ]
    assert [error["kind"] for error in verdict["errors"]] == [
        "bad_prop",
        "unbound_query",
        "custom_forbidden",
        "invalid_sql",
    ]
    assert verdict["errors"][1]["allowed"] == ["q", "w"]
    assert verdict["errors"][3]["reason"] == "not_select"
    assert verdict["errors"][3]["path"] == "/declared_queries/1/sql"
    assert {"kind": "unused_query", "query": "q"} in verdict["warnings"]


async def test_nodes_beyond_the_bounds_are_refused() -> None:
    many = node("Section", {}, *[node("Divider")] * 500)
    assert await errors_of(many) == [("bad_shape", "/root/children/499")]

    deep = node("Card")
    for _ in range(19):
        deep = node("Card", {}, deep)
    assert await errors_of(deep) == []
    assert await errors_of(node("Card", {}, deep)) == [("bad_shape", "/root" + "/children/0" * 20)]


async def test_more_values_than_a_page_can_have_are_refused() -> None:
    many = {"type": "Card", "children": [{}] * 30_000}
    assert await errors_of(many) == [("bad_shape", "")]
    assert await errors_of(node("Card"), [[]] * 30_000) == [("bad_shape", "/declared_queries")]


async def test_errors_beyond_the_bound_are_counted() -> None:
    verdict = await verdict_of(node("Card", {f"p{n}": 1 for n in range(1000)}))
    assert len(verdict["errors"]) == 200
    assert {"kind": "errors_cut", "count": 800} in verdict["warnings"]


async def test_shorthand_of_the_guide_becomes_canonical() -> None:
    shorthand = {"type": "Section", "children": [{"type": "Table", "data": ROWS, "limit": None}]}

    found = await verified(shorthand)

    assert found.findings.is_valid
    assert found.spec == {
        "version": 1,
        "root": {"type": "Section", "children": [{"type": "Table", "props": {"data": ROWS}}]},
    }
    assert (await verified(found.spec)).spec == found.spec


async def test_layout_of_a_bare_node_belongs_to_the_spec() -> None:
    found = await verified({"type": "GaugeChart", "value": 3, "layout": "single"})
    assert found.spec["layout"] == "single"
    assert found.findings.warnings == [{"kind": "unused_query", "query": "q"}]


async def test_single_layout_around_no_chart_is_a_warning() -> None:
    verdict = await verdict_of({"root": node("Card"), "layout": "single"}, [])
    assert verdict["valid"] is True
    [warning] = verdict["warnings"]
    assert warning["kind"] == "layout_unsuited"


@pytest.mark.parametrize(
    ("query", "at_fault"),
    [
        ({"name": "1q", "sql": "SELECT 1"}, "name"),
        ({"name": "a" * 65, "sql": "SELECT 1"}, "name"),
        ({"sql": "SELECT 1"}, "name"),
        ({"name": "q"}, "source"),
        ({"name": "q", "source": "graph", "sql": "SELECT 1"}, "source"),
        ({"name": "q", "sql": "  "}, "sql"),
        ({"name": "q", "sql": "SELECT 1", "query": "x"}, "query"),
        ({"name": "q", "source": "kb_search"}, "query"),
        ({"name": "q", "source": "kb_search", "query": "x", "target": "interactions"}, "target"),
        ({"name": "q", "source": "cluster_search", "query": "x", "target": "deals"}, "target"),
        ({"name": "q", "sql": "SELECT 1", "params": {"x": "text"}}, "params/x"),
        ({"name": "q", "sql": "SELECT 1", "params": {"x y": "string"}}, "params/x y"),
        ({"name": "q", "sql": "SELECT 1", "params": ["x"]}, "params"),
        ({"name": "q", "sql": "SELECT 1", "params": {"x": "date", "X": "date"}}, "params/X"),
        (
            {"name": "q", "sql": "SELECT 1", "params": {"x": {"type": "date", "default": "soon"}}},
            "params/x/default",
        ),
        (
            {"name": "q", "sql": "SELECT 1", "params": {"x": {"type": "date", "min": 1}}},
            "params/x/min",
        ),
        (
            {"name": "q", "sql": "SELECT 1", "params": {"x": {"type": "date", "required": 1}}},
            "params/x/required",
        ),
    ],
)
async def test_query_with_one_mistake_is_named(query: Any, at_fault: str) -> None:
    errors = await errors_of(node("Card"), [query])
    assert errors == [("bad_shape", f"/declared_queries/0/{at_fault}")]


async def test_queries_of_one_name_are_refused() -> None:
    errors = await errors_of(node("Card"), [QUERY, QUERY])
    assert errors == [("bad_shape", "/declared_queries/1/name")]


async def test_queries_without_source_are_sql() -> None:
    params = {"n": {"type": "integer", "default": 3, "required": None}, "s": "string"}
    found = await verified(node("Card"), [{"name": "q", "sql": "SELECT @n", "params": params}])

    assert found.findings.is_valid
    assert [query.shape() for query in found.queries] == [
        {
            "name": "q",
            "source": "sql",
            "sql": "SELECT @n",
            "params": {"n": {"type": "integer", "default": 3}, "s": "string"},
        }
    ]
    assert {"kind": "unused_param", "query": "q", "param": "s"} in found.findings.warnings


async def test_search_queries_have_the_columns_of_hits() -> None:
    queries = [{"name": "s", "source": "cluster_search", "query": "price"}]
    spec = node("List", {"items": {"$query": "s"}, "field": "snippet"})

    found = await verified(spec, queries)

    assert found.findings.is_valid
    assert found.queries[0].target == "interactions"
    wrong = node("List", {"items": {"$query": "s"}, "field": "content"})
    [error] = (await verdict_of(wrong, queries))["errors"]
    assert error["allowed"] == ["id", "title", "snippet", "score", "source"]


async def test_equal_statements_are_prepared_once() -> None:
    asked = []

    async def counting(sql: str, types: Mapping[str, str]) -> tuple[str, ...]:
        asked.append(sql)
        return COLUMNS

    queries = [{**QUERY, "name": f"q{n}"} for n in range(50)]
    assert (await verify(node("Card"), queries, counting, may_custom=False)).findings.is_valid
    assert len(asked) == 1
    too_many = [*queries, {**QUERY, "name": "one_more"}]
    assert await errors_of(node("Card"), too_many) == [("bad_shape", "/declared_queries")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ("type", "props", "children", "root", "version", "layout", "data", "$query", "$value")
WORDS = ("Section", "Table", "Custom", "Stat", "q", "field", "name", "sql", "source", "params")
near_specs = st.recursive(
    json_values | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from((*NAMES, *WORDS)), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(spec=json_values | near_specs, queries=near_specs | st.lists(near_specs, max_size=3))
async def test_any_json_has_a_verdict(spec: Any, queries: Any) -> None:
    found = await verified(spec, queries, may_custom=False)
    verdict = found.findings.shape()

    assert verdict["valid"] is all(stage["ok"] for stage in verdict["stages"])
    assert verdict["valid"] is (verdict["errors"] == [])
    if verdict["valid"]:  # what is accepted once is accepted as it is kept
        kept = [query.shape() for query in found.queries]
        again = await verified(found.spec, kept, may_custom=False)
        assert (again.spec, again.queries) == (found.spec, found.queries)
        assert again.findings.is_valid


@given(levels=st.integers(60, 5000), with_list=st.booleans())
async def test_depth_without_end_has_a_verdict(levels: int, with_list: bool) -> None:
    spec: Any = {"type": "Card"}
    for _ in range(levels):
        spec = [spec] if with_list else {"type": "Card", "children": [spec]}
    assert not (await verified(spec, spec)).findings.is_valid


async def test_valid_cell_binding_counts_as_use() -> None:
    verdict = await verdict_of(node("Stat", {"value": CELL}))
    assert verdict["warnings"] == []
