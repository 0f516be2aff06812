"""Building pages: every component of the catalog, and nothing that the service would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from amdahl import MisuseError, page as p

Q = p.sql("q", "SELECT channel, n FROM interactions")
CELL = Q.cell("n")

# One valid minimal node of each component, and its props on the wire.
NODES: dict[str, tuple[Callable[[], p.Node], Any]] = {
    "Section": (lambda: p.Section(), None),
    "Row": (lambda: p.Row(p.Divider(), gap="sm", align="center"), {"gap": "sm", "align": "center"}),
    "Grid": (lambda: p.Grid(columns=3), {"columns": 3}),
    "Card": (
        lambda: p.Card(title="T", subtitle=CELL),
        {"title": "T", "subtitle": {"$value": {"query": "q", "field": "n"}}},
    ),
    "Divider": (lambda: p.Divider(), None),
    "Spacer": (lambda: p.Spacer("lg"), {"size": "lg"}),
    "Heading": (lambda: p.Heading("H", level=1), {"text": "H", "level": 1}),
    "Text": (lambda: p.Text("T", tone="muted"), {"text": "T", "tone": "muted"}),
    "Markdown": (lambda: p.Markdown("# M"), {"body": "# M"}),
    "Stat": (
        lambda: p.Stat(
            "L", value=Q.cell("n", 2), format="percent", sparkline=Q, sparkline_field="n"
        ),
        {
            "label": "L",
            "value": {"$value": {"query": "q", "field": "n", "row": 2}},
            "format": "percent",
            "sparkline": {"$query": "q"},
            "sparkline_field": "n",
        },
    ),
    "StatRow": (lambda: p.StatRow(p.Stat(value=1)), None),
    "Badge": (lambda: p.Badge("B", tone="negative"), {"text": "B", "tone": "negative"}),
    "Callout": (
        lambda: p.Callout(p.Text("x"), title="C", tone="warning"),
        {"title": "C", "tone": "warning"},
    ),
    "List": (lambda: p.List(["a", "b"], ordered=True), {"items": ["a", "b"], "ordered": True}),
    "Table": (
        lambda: p.Table(
            Q, columns=["channel", {"key": "n", "label": "N", "format": "number"}], limit=5
        ),
        {
            "data": {"$query": "q"},
            "columns": ["channel", {"key": "n", "label": "N", "format": "number"}],
            "limit": 5,
        },
    ),
    "BarChart": (
        lambda: p.BarChart(Q, x="channel", y=["n"], horizontal=True, stacked=False),
        {"data": {"$query": "q"}, "x": "channel", "y": ["n"], "stacked": False, "horizontal": True},
    ),
    "LineChart": (
        lambda: p.LineChart(Q, x="a", y="b"),
        {"data": {"$query": "q"}, "x": "a", "y": "b"},
    ),
    "AreaChart": (
        lambda: p.AreaChart(Q, x="a", y="b", series="c"),
        {"data": {"$query": "q"}, "x": "a", "y": "b", "series": "c"},
    ),
    "ScatterChart": (
        lambda: p.ScatterChart(Q, x="a", y="b"),
        {"data": {"$query": "q"}, "x": "a", "y": "b"},
    ),
    "ComposedChart": (
        lambda: p.ComposedChart(Q, x="a", lines=["b"]),
        {"data": {"$query": "q"}, "x": "a", "lines": ["b"]},
    ),
    "PieChart": (
        lambda: p.PieChart(Q, label="a", value="b"),
        {"data": {"$query": "q"}, "label": "a", "value": "b"},
    ),
    "FunnelChart": (
        lambda: p.FunnelChart(Q, label="a", value="b"),
        {"data": {"$query": "q"}, "label": "a", "value": "b"},
    ),
    "Treemap": (
        lambda: p.Treemap(Q, label="a", value="b"),
        {"data": {"$query": "q"}, "label": "a", "value": "b"},
    ),
    "RadarChart": (
        lambda: p.RadarChart(Q, label="a", value=["b", "c"]),
        {"data": {"$query": "q"}, "label": "a", "value": ["b", "c"]},
    ),
    "GaugeChart": (
        lambda: p.GaugeChart(CELL, max=10, target=CELL),
        {
            "value": {"$value": {"query": "q", "field": "n"}},
            "max": 10,
            "target": {"$value": {"query": "q", "field": "n"}},
        },
    ),
    "Sankey": (lambda: p.Sankey(Q, Q), {"nodes": {"$query": "q"}, "links": {"$query": "q"}}),
    "SignalMap": (lambda: p.SignalMap(Q, size="n"), {"data": {"$query": "q"}, "size": "n"}),
    "Insight": (lambda: p.Insight("B", title="T"), {"title": "T", "body": "B"}),
    "Custom": (lambda: p.Custom("code", height=10), {"code": "code", "height": 10}),
}
BAD: dict[str, Callable[[], Any]] = {
    "Section": lambda: p.Section(title=7),  # type: ignore[arg-type]
    "Row": lambda: p.Row(gap="huge"),  # type: ignore[arg-type]
    "Grid": lambda: p.Grid(columns=13),
    "Card": lambda: p.Card("child"),  # type: ignore[arg-type]
    "Divider": lambda: p.Divider(p.Text("x")),  # type: ignore[call-arg]
    "Spacer": lambda: p.Spacer("xl"),  # type: ignore[arg-type]
    "Heading": lambda: p.Heading("H", level=4),
    "Text": lambda: p.Text(None),  # type: ignore[arg-type]
    "Markdown": lambda: p.Markdown(CELL),  # type: ignore[arg-type]
    "Stat": lambda: p.Stat("L", value=None),  # type: ignore[arg-type]
    "StatRow": lambda: p.StatRow(p.Text("x")),  # type: ignore[arg-type]
    "Badge": lambda: p.Badge("B", tone="muted"),  # type: ignore[arg-type]
    "Callout": lambda: p.Callout(text="x"),  # type: ignore[call-arg]
    "List": lambda: p.List([1]),  # type: ignore[list-item]
    "Table": lambda: p.Table(Q, columns=[{"label": "no key"}]),
    "BarChart": lambda: p.BarChart(Q, x="a", y=[]),
    "LineChart": lambda: p.LineChart(Q, x="", y="b"),
    "AreaChart": lambda: p.AreaChart(7, x="a", y="b"),  # type: ignore[arg-type]
    "ScatterChart": lambda: p.ScatterChart(Q, x="a", y=["b"]),  # type: ignore[arg-type]
    "ComposedChart": lambda: p.ComposedChart(Q, x="a"),
    "PieChart": lambda: p.PieChart(Q, label="a"),  # type: ignore[call-arg]
    "FunnelChart": lambda: p.FunnelChart(Q, label="a", value=1),  # type: ignore[arg-type]
    "Treemap": lambda: p.Treemap("no name", label="a", value="b"),
    "RadarChart": lambda: p.RadarChart(Q, label="a", value={"b": 1}),  # type: ignore[arg-type]
    "GaugeChart": lambda: p.GaugeChart(CELL, max=float("inf")),
    "Sankey": lambda: p.Sankey(Q, None),  # type: ignore[arg-type]
    "SignalMap": lambda: p.SignalMap(CELL),  # type: ignore[arg-type]
    "Insight": lambda: p.Insight(True),  # type: ignore[arg-type]
    "Custom": lambda: p.Custom("code", height=True),
}


def test_catalog_is_whole() -> None:
    made = {name for name in p.__all__ if isinstance(getattr(p, name), type)}
    components = {name for name in made if issubclass(getattr(p, name), p.Node)}
    assert components - {"Node", "DataNode"} == set(NODES) == set(BAD)
    assert len(NODES) == 29


@pytest.mark.parametrize("name", NODES)
def test_minimal_node_of_each_component_is_canonical(name: str) -> None:
    make, props = NODES[name]
    node = make()
    found = node.to_dict()
    assert (node.type, found["type"], found.get("props")) == (name, name, props)
    assert json.loads(json.dumps(found)) == found
    assert node == make()
    spec = p.content(node)["spec"]
    assert spec == {"version": 1, "root": found}


@pytest.mark.parametrize("name", BAD)
def test_bad_prop_of_each_component_is_refused(name: str) -> None:
    with pytest.raises((MisuseError, TypeError)) as caught:
        BAD[name]()
    assert (
        name in str(caught.value) or name in {"Treemap", "PieChart"} or "name" in str(caught.value)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: p.Stat(value=["no", "scalar"]),  # type: ignore[arg-type]
        lambda: p.Stat(value=float("nan")),
        lambda: p.List(["a"], ordered=1),  # type: ignore[arg-type]
        lambda: p.List(7),  # type: ignore[arg-type]
        lambda: p.Table(Q, columns="channel"),
        lambda: p.Table(Q, columns=[]),
        lambda: p.Table(Q, columns=[{"key": "n", "width": "3"}]),
        lambda: p.Table(Q, columns=[{"key": "n", "label": 7}]),  # type: ignore[dict-item]
        lambda: p.Table(Q, columns=[{"key": "n", "format": "roman"}]),
        lambda: p.Table({"$query": 7}),  # type: ignore[arg-type]
        lambda: p.LineChart(Q, x="a", y=7),  # type: ignore[arg-type]
        lambda: p.GaugeChart(CELL, min="0"),  # type: ignore[arg-type]
    ],
)
def test_other_values_that_do_not_fit_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(MisuseError, match=r"\w+\.\w+ must be "):
        make()


def test_values_at_the_edges_are_fine() -> None:
    assert p.Stat(value=0).to_dict()["props"] == {"value": 0}
    assert p.Stat(value=False).to_dict()["props"] == {"value": False}
    assert p.GaugeChart(1.5, min=0, max=2).to_dict()["props"] == {"value": 1.5, "min": 0, "max": 2}
    assert p.Table(p.Rows("q")).to_dict()["props"] == {"data": {"$query": "q"}}
    assert p.Table(Q).children == ()


def test_page_declares_what_its_nodes_hold() -> None:
    other = p.kb_search("docs", "pricing @topic", {"topic": "string"})
    body = p.page(
        " Weekly ",
        p.Heading("H"),
        p.Grid(p.Table(Q), p.Stat(value=CELL)),
        queries=[other],
        tags=["a"],
        description="d",
        layout="dashboard",
    )
    assert body["name"] == "Weekly"
    assert [query["name"] for query in body["declared_queries"]] == ["docs", "q"]
    assert body["declared_queries"][0]["params"] == {"topic": "string"}
    assert body["spec"]["layout"] == "dashboard"
    assert body["spec"]["root"]["type"] == "Section"
    assert (body["tags"], body["description"]) == (["a"], "d")


def test_queries_say_where_their_rows_come_from() -> None:
    params = {"since": p.Param("date", required=True), "top": p.Param("integer", default=5)}
    assert p.sql("a", "SELECT @since", params).to_dict() == {
        "name": "a",
        "source": "sql",
        "sql": "SELECT @since",
        "params": {
            "since": {"type": "date", "required": True},
            "top": {"type": "integer", "default": 5},
        },
    }
    assert p.cluster_search("b", "churn").to_dict() == {
        "name": "b",
        "source": "cluster_search",
        "query": "churn",
        "target": "interactions",
    }
    assert p.kb_search("c", "x").to_dict() == {"name": "c", "source": "kb_search", "query": "x"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: p.sql("1a", "SELECT 1"),
        lambda: p.sql("a" * 65, "SELECT 1"),
        lambda: p.sql("a", " "),
        lambda: p.sql("a", "SELECT 1", {"x": "money"}),
        lambda: p.sql("a", "SELECT 1", {"1": "string"}),
        lambda: Q.cell(""),
        lambda: Q.cell("n", -1),
        lambda: p.Rows("no name"),
    ],
)
def test_query_that_cannot_be_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(MisuseError):
        make()


def deep(levels: int) -> p.Node:
    node: p.Node = p.Divider()
    for _ in range(levels - 1):
        node = p.Section(node)
    return node


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: p.page("", p.Divider()), "name"),
        (lambda: p.page("x" * 201, p.Divider()), "name"),
        (lambda: p.page("x"), "at least one node"),
        (lambda: p.page("x", {"type": "Divider"}), "nothing but nodes, and this is dict$"),
        (lambda: p.page("x", "hello"), r"a str: wrap it in Text\("),
        (lambda: p.page("x", [p.Divider()]), r"a list: unpack it, page\(name, \*nodes\)"),
        (lambda: p.page("x", Q), "a query: give it to a chart"),
        (lambda: p.page("x", p.Table("q")), "'q' is not declared"),
        (lambda: p.page("x", p.Stat(value=p.Cell("other", "n")), queries=[Q]), "there are: q"),
        (lambda: p.page("x", p.Table(Q), queries=[p.sql("q", "SELECT 2")]), "two queries"),
        (lambda: p.page("x", p.Divider(), tags=["t"] * 21), "tags"),
        (lambda: p.page("x", p.Divider(), tags=["t" * 51]), "tags"),
        (lambda: p.page("x", p.Divider(), layout="round"), "layout"),
        (lambda: p.page("x", p.Divider(), layout="single"), "single"),
        (lambda: p.page("x", deep(21)), "20 deep"),
        (lambda: p.page("x", p.Section(*[p.Divider()] * 500)), "500 nodes"),
        (lambda: p.page("x", p.Markdown("x" * 262_144)), "larger"),
        (
            lambda: p.page(
                "x", p.Divider(), queries=[p.sql(f"q{n}", "SELECT 1") for n in range(51)]
            ),
            "50 queries",
        ),
    ],
)
def test_page_that_does_not_fit_together_is_refused(make: Any, reason: str) -> None:
    with pytest.raises(MisuseError, match=reason):
        make()


def test_bounds_themselves_are_fine() -> None:
    assert p.page("x" * 200, deep(20))["name"] == "x" * 200
    p.page("x", p.Section(*[p.Divider()] * 499), tags=["t" * 50] * 20)
    p.page("x", p.Table(Q), layout="single")
    p.page("x", p.Table("q"), queries=[Q])
    p.page("x", p.Table({"$query": "q"}), queries=[Q])  # type: ignore[arg-type]
    p.page("x", p.List(Q, field="channel"))


def test_nodes_do_not_change_with_what_they_were_made_of() -> None:
    columns: list[Any] = [{"key": "n"}]
    table = p.Table(Q, columns=columns)
    before = table.to_dict()
    columns.append("x")
    columns[0]["key"] = "m"
    table.to_dict()["props"]["columns"].append("y")
    assert table.to_dict() == before
    assert repr(p.Section(p.Divider())) == "<Section 2 nodes>"


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,63}", fullmatch=True)
LEAVES = st.one_of(
    st.builds(p.Text, st.text()),
    st.builds(p.Heading, st.text(), level=st.integers(1, 3)),
    st.builds(lambda name: p.Table(p.sql(name, "SELECT 1")), NAMES),
    st.builds(lambda name, field: p.Stat(value=p.sql(name, "SELECT 1").cell(field)), NAMES, NAMES),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(lambda each: p.Section(*each)),
    max_leaves=8,
)


@given(TREES)
def test_whatever_is_built_refers_only_to_what_it_declares(root: p.Node) -> None:
    body = p.page("x", root)
    declared = {query["name"] for query in body["declared_queries"]}
    used = set()

    def walk(node: dict[str, Any]) -> None:
        assert set(node) <= {"type", "props", "children"}
        for value in node.get("props", {}).values():
            if isinstance(value, dict):
                used.add(value.get("$query") or value["$value"]["query"])
        for child in node.get("children", []):
            walk(child)

    walk(body["spec"]["root"])
    assert used == declared
    assert body["spec"]["version"] == 1
