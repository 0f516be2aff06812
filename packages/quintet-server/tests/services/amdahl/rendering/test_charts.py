"""Whatever the rows are, a chart draws them or says why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from quintet_server.services.amdahl.pages.catalog import CATALOG
from quintet_server.services.amdahl.rendering.document import COMPONENTS

from .drawn import chart, draw, drawings, marks, node, outcome, texts, visible

CHARTS: dict[str, list[dict[str, Any]]] = {
    "BarChart": [
        {"x": "a", "y": "b"},
        {"x": "a", "y": ["b", "c"], "stacked": True},
        {"x": "a", "y": ["b", "c"]},
        {"x": "a", "y": "b", "series": "d", "horizontal": True},
        {"x": "a", "y": ["b", "c"], "series": "d", "stacked": True, "horizontal": True},
    ],
    "LineChart": [
        {"x": "a", "y": ["b", "c"]},
        {"x": "a", "y": "b", "series": "d", "stacked": True},
    ],
    "AreaChart": [
        {"x": "a", "y": ["b", "c"]},
        {"x": "a", "y": "b", "series": "d", "stacked": True},
    ],
    "ScatterChart": [{"x": "a", "y": "b"}, {"x": "a", "y": "b", "size": "c", "label": "d"}],
    "ComposedChart": [{"x": "a", "bars": ["b"], "lines": ["c"]}, {"x": "a", "lines": ["b", "c"]}],
    "PieChart": [{"label": "a", "value": "b"}],
    "FunnelChart": [{"label": "a", "value": "b"}],
    "Treemap": [{"label": "a", "value": "b"}],
    "RadarChart": [{"label": "a", "value": ["b", "c"]}],
    "SignalMap": [{"label": "a", "size": "b"}, {"x": "a", "y": "b", "label": "d", "size": "c"}, {}],
    "Table": [{}, {"columns": ["a", {"key": "b", "label": "B", "format": "currency"}], "limit": 3}],
}
VARIANTS = [(type, props) for type, found in CHARTS.items() for props in found]

numbers = st.one_of(
    st.integers(-1000, 1000),
    st.floats(),
    st.sampled_from(
        [0, -0.0, 1e308, -1e308, 5e-324, 10**400, 1e16, 1e16 + 2, "12.50", "-7", "1e999"]
    ),
)
words = st.one_of(
    st.sampled_from(
        [
            "email",
            "",
            "<b>x</b>",
            "</svg><script>",
            "שלום עולם",
            "東京都庁",
            "w" * 300,
            "a\x01\x1fb",
            "—",
        ]
    ),
    st.text(max_size=12),
)
moments = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda when: f"{when.isoformat(timespec='seconds')}Z"),
)
cells = st.one_of(
    numbers, words, moments, st.none(), st.booleans(), st.lists(st.integers(), max_size=2)
)
# Columns of one kind are what queries give; columns of any kind are what must not break anything.
columns = st.sampled_from([numbers, words, moments, cells, st.none(), st.just(0), st.just("x")])


@st.composite
def tables(draw_from: st.DrawFn) -> list[dict[str, Any]]:
    kinds = {name: draw_from(columns) for name in "abcd"}
    return draw_from(st.lists(st.fixed_dictionaries(kinds), max_size=6))


@example(rows=[{"a": 0, "b": [-(2**63) - 1], "c": {"d": 2**64}, "d": None}], first=0)
@given(rows=tables(), first=st.integers(0, 3))
def test_chart_any_rows_is_sound(rows: list[dict[str, Any]], first: int) -> None:
    outcomes = {"q": outcome(rows)}
    nodes = [node(type, data={"$query": "q"}, **props) for type, props in VARIANTS[first::4]]
    draw(node("Section", *nodes), outcomes)


@given(value=cells, low=cells, high=cells, target=cells, label=cells)
def test_gauge_any_values_is_sound(
    value: Any, low: Any, high: Any, target: Any, label: Any
) -> None:
    props = {"value": value, "min": low, "max": high, "target": target, "label": label}
    draw(node("Section", node("GaugeChart", **props), node("Stat", trend=target, **props)))


ends = st.one_of(st.sampled_from(["a", "b", "c", "d", None, ""]), words)


@given(
    st.lists(st.fixed_dictionaries({"source": ends, "target": ends, "value": numbers}), max_size=9)
)
def test_sankey_any_links_is_sound(links: list[dict[str, Any]]) -> None:
    nodes = [{"id": "a", "name": "A"}, {"name": "b"}, {}]
    draw(
        node("Sankey", nodes={"$query": "n"}, links={"$query": "l"}),
        {"n": outcome(nodes), "l": outcome(links)},
    )


@pytest.mark.parametrize(("type", "props"), VARIANTS)
def test_chart_thousand_rows_is_bounded(type: str, props: dict[str, Any]) -> None:
    rows = [
        {"a": f"Category number {i}", "b": i * 7 % 401, "c": str(-i * 3 % 211), "d": f"s{i % 97}"}
        for i in range(1000)
    ]
    text = chart(type, rows, **props)

    assert len(text) < 1_000_000
    assert type == "Table" or drawings(text)


@pytest.mark.parametrize(("type", "props"), VARIANTS)
@pytest.mark.parametrize("rows", [[], [{"a": None, "b": None, "c": None, "d": None}]])
def test_chart_nothing_to_draw_says_why(
    type: str, props: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    text = chart(type, rows, **props)

    if type != "Table" and not (type == "SignalMap" and not props and rows):
        assert not drawings(text)
        assert 'class="state"' in text


def test_components_are_those_of_the_catalog() -> None:
    assert set(COMPONENTS) == set(CATALOG) - {"Custom"}


def test_bars_negative_value_goes_below_the_line() -> None:
    text = chart("BarChart", [{"t": "up", "n": 5}, {"t": "down", "n": -5}], x="t", y="n")

    up, down = (_ys(bar.get("d")) for bar in marks(drawings(text)[0], "b"))
    assert max(up) == min(down)


def test_bars_heights_are_as_values() -> None:
    text = chart("BarChart", [{"t": "a", "n": "10"}, {"t": "b", "n": 30.0}], x="t", y="n")

    low, high = (_ys(bar.get("d")) for bar in marks(drawings(text)[0], "b"))
    assert (max(high) - min(high)) / (max(low) - min(low)) == pytest.approx(3, rel=0.01)


def test_bars_stacked_reach_the_sum() -> None:
    rows = [{"t": "a", "x": 10, "y": 20}, {"t": "b", "x": 30, "y": 0}]
    text = chart("BarChart", rows, x="t", y=["x", "y"], stacked=True)

    bars = [_ys(bar.get("d")) for bar in marks(drawings(text)[0], "b")]
    assert min(bars[1]) == pytest.approx(min(bars[2]), abs=0.2)


def test_bars_series_column_makes_one_color_each_and_adds_up() -> None:
    rows = [
        {"m": "Jan", "c": "email", "n": 1},
        {"m": "Jan", "c": "email", "n": 2},
        {"m": "Feb", "c": "call", "n": 3},
    ]
    text = chart("BarChart", rows, x="m", y="n", series="c")

    assert [len(marks(drawings(text)[0], f"c{i}")) for i in range(3)] == [1, 1, 0]
    assert "email: 3" in visible(text)
    assert 'class="legend"' in text


def test_bars_same_name_twice_stays_two_bars() -> None:
    text = chart("BarChart", [{"t": "a", "n": 1}, {"t": "a", "n": 2}], x="t", y="n")

    assert len(marks(drawings(text)[0], "b")) == 2


def test_line_null_leaves_a_gap() -> None:
    rows = [{"d": f"2026-03-0{i}", "n": None if i == 4 else i} for i in range(1, 8)]
    text = chart("LineChart", rows, x="d", y="n")

    lines = [each.get("d") or "" for each in marks(drawings(text)[0], "l")]
    assert [line.count("L") for line in lines] == [2, 2]


def test_line_times_out_of_order_are_sorted_and_spaced_by_time() -> None:
    rows = [{"d": d, "n": 1} for d in ("2026-03-11", "2026-03-01", "2026-03-02")]
    text = chart("LineChart", rows, x="d", y="n")

    xs = [float(each.get("cx") or 0) for each in marks(drawings(text)[0], "d")]
    assert xs == sorted(xs)
    assert (xs[2] - xs[1]) / (xs[1] - xs[0]) == pytest.approx(9, rel=0.02)


def test_area_stacked_last_layer_is_the_sum() -> None:
    rows = [{"d": f"2026-03-0{i}", "x": 10, "y": 10} for i in range(1, 4)]
    text = chart("AreaChart", rows, x="d", y=["x", "y"], stacked=True)

    low, high = (_ys(each.get("d")) for each in marks(drawings(text)[0], "l"))
    base = max(_ys(marks(drawings(text)[0], "as")[0].get("d")))
    assert (base - high[0]) / (base - low[0]) == pytest.approx(2, rel=0.01)


def test_scatter_sizes_are_areas() -> None:
    rows = [{"x": 1, "y": 1, "s": 25}, {"x": 2, "y": 2, "s": 100}]
    text = chart("ScatterChart", rows, x="x", y="y", size="s")

    big, small = (float(p.get("r") or 0) for p in marks(drawings(text)[1], "p"))
    assert big / small == pytest.approx(2, rel=0.02)


def test_composed_other_order_of_size_has_its_own_axis() -> None:
    rows = [
        {"m": "Jan", "revenue": 100_000, "rate": 0.4},
        {"m": "Feb", "revenue": 50_000, "rate": 0.2},
    ]
    text = chart("ComposedChart", rows, x="m", bars=["revenue"], lines=["rate"])

    assert "Rate (right axis)" in text
    assert {"100k", "0.4"} <= set(texts(drawings(text)[0]))


def test_pie_small_slices_are_added_up() -> None:
    text = chart("PieChart", [{"t": f"t{i}", "n": i} for i in range(20)], label="t", value="n")

    assert len(marks(drawings(text)[0], "slice")) == 8
    assert "12 others" in text
    assert "1 without a size above zero left out." in text


def test_pie_one_slice_is_a_whole_ring() -> None:
    text = chart("PieChart", [{"t": "all", "n": 3}], label="t", value="n")

    [ring] = marks(drawings(text)[0], "slice")
    assert (ring.get("d") or "").count("A") == 4
    assert "100%" in text


def test_funnel_keeps_the_order_and_tells_what_is_left() -> None:
    rows = [{"s": "Lead", "n": 200}, {"s": "Won", "n": 50}]
    text = chart("FunnelChart", rows, label="s", value="n")

    assert texts(drawings(text)[0]) == ["Lead", "200", "Won", "50 · 25%"]


def test_gauge_beyond_its_scale_is_full_and_tells_the_value() -> None:
    text = draw(node("GaugeChart", value=250, max=100, target=80, label="Quota"))

    assert {"250", "Quota", "Target 80", "100"} <= set(texts(drawings(text)[0]))


def test_sankey_circle_is_left_out_and_told() -> None:
    links = [
        {"source": "a", "target": "b", "value": 5},
        {"source": "b", "target": "a", "value": 1},
    ]
    text = draw(
        node("Sankey", nodes={"$query": "n"}, links={"$query": "l"}),
        {"n": outcome([{"id": "a", "name": "Lead"}]), "l": outcome(links)},
    )

    assert len(marks(drawings(text)[0], "flow")) == 1
    assert "1 links that lead back are left out." in text
    assert any(label.startswith("Lead") for label in texts(drawings(text)[0]))


def test_radar_series_are_rings() -> None:
    rows = [{"k": k, "us": i, "them": 5 - i} for i, k in enumerate("abcde")]
    text = chart("RadarChart", rows, label="k", value=["us", "them"])

    assert len(marks(drawings(text)[0], "ring")) == 2


def test_many_series_are_added_up_to_twelve() -> None:
    rows = [{"x": "a", "s": f"s{i}", "n": i + 1} for i in range(40)]
    text = chart("BarChart", rows, x="x", y="n", series="s")

    assert "29 others" in text
    assert text.count('class="what"') == 12


def _ys(path: str | None) -> list[float]:
    """The y of every point of a path with absolute or relative straight lines, roughly."""
    x = y = 0.0
    found: list[float] = []
    import re

    for command, rest in re.findall(r"([MLHVhvqz])([^MLHVhvqz]*)", path or ""):
        values = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", rest)]
        if command in "ML":
            x, y = values
        elif command == "V":
            y = values[0]
        elif command == "v":
            y += values[0]
        elif command == "q":
            x, y = x + values[2], y + values[3]
        found.append(y)
    return found
