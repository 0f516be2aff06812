"""Charts before they are drawn, drawn on a terminal, and drawn as pictures."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ghostflow.cli import picture
from ghostflow.cli.charts import Chart, make_chart, moment_of, span, title_of
from ghostflow.cli.terminal_chart import draw

from .rig import metrics

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def report(count: int = 10, **values: Any) -> dict[str, Any]:
    points = [
        {"bucket": f"2026-11-{day + 1:02d}", **metrics(100 * day, revenue=10.5 * day), **values}
        for day in range(count)
    ]
    return {"points": points, "totals": metrics(4500, revenue=472.5), "currency": "EUR"}


def chart(*names: str, source: dict[str, Any] | None = None, apart: bool = False) -> Chart:
    found = report() if source is None else source
    return make_chart(found, names, "day", subtitle="1–10 Nov 2026, UTC", apart=apart)


def test_metrics_of_one_kind_share_a_panel() -> None:
    found = chart("revenue", "clicks", "cost", "cr", "epc", "roas")
    panels = [[line.metric.name for line in panel.lines] for panel in found.panels]
    assert panels == [["revenue", "cost"], ["clicks"], ["cr"], ["epc"], ["roas"]]
    assert [panel.unit for panel in found.panels] == ["EUR", "", "%", "EUR", ""]
    assert [panel.is_whole for panel in found.panels] == [False, True, False, False, False]
    assert len(chart("revenue", "cost", apart=True).panels) == 2


def test_title_says_what_is_shown() -> None:
    assert title_of(["revenue"], "hour") == "Revenue per hour"
    assert title_of(["revenue", "cr", "epc"], "day") == (
        "Revenue, conversion rate and earnings per click per day"
    )


@pytest.mark.parametrize(
    ("bucket", "moment"),
    [
        ("2026-11-03", datetime(2026, 11, 3)),
        ("2026-11", datetime(2026, 11, 1)),
        ("2026-10-25T02:00:00+02:00", datetime(2026, 10, 25, 2)),
        ("2026-10-25T02:00:00+01:00", datetime(2026, 10, 25, 2)),
        ("2026-11-03T00:00:00Z", datetime(2026, 11, 3)),
        ("?", datetime(1970, 1, 1)),
    ],
)
def test_point_begins_when_the_clock_there_says(bucket: str, moment: datetime) -> None:
    assert moment_of(bucket) == moment


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2026-11-01", "2026-11-30", "1–30 Nov 2026, UTC"),
        ("2026-11-03", "2026-11-03", "3 Nov 2026, UTC"),
        ("2026-10-28", "2026-11-26", "28 Oct – 26 Nov 2026, UTC"),
        ("2025-12-01", "2026-01-31", "1 Dec 2025 – 31 Jan 2026, UTC"),
        (
            "2026-11-01T09:00:00Z",
            "2026-11-02T09:30:00Z",
            "1 Nov 2026 09:00 – 2 Nov 2026 09:30, UTC",
        ),
        (None, None, "UTC"),
        ("2026-11-01T09:00:00Z", "2026-11-01T12:00:00Z", "1 Nov 2026 09:00 – 12:00, UTC"),
    ],
)
def test_period_is_told(start: Any, end: Any, shown: str) -> None:
    assert span(start, end, "UTC") == shown


def test_instants_are_told_on_the_clock_of_the_zone() -> None:
    shown = span("2026-11-01T22:00:00Z", "2026-11-02T01:00:00Z", "Europe/Berlin")
    assert shown == "1 Nov 2026 23:00 – 2 Nov 2026 02:00, Europe/Berlin"


def test_terminal_chart_shows_title_totals_values_and_days() -> None:
    lines = draw(chart("revenue"), 60, 24, is_coloured=False).split("\n")
    assert lines[0] == "Revenue per day"
    assert lines[1] == "1–10 Nov 2026, UTC"
    assert lines[3] == "Revenue  472.50 EUR"
    assert lines[4].startswith("100 ┤")
    assert lines[-3].startswith("  0 ┤⣀") or "⡠" in lines[-3]
    assert lines[-2].startswith("    └┬")
    assert "1 Nov" in lines[-1]
    assert "\u2800" not in "".join(lines)


def test_terminal_chart_rises_where_values_rise() -> None:
    drawn = draw(chart("clicks"), 60, 24, is_coloured=False).split("\n")
    dotted = [line for line in drawn if re.search("[\u2801-\u28ff]", line)]
    firsts = [re.search("[\u2801-\u28ff]", line).start() for line in dotted]  # type: ignore[union-attr]
    assert firsts == sorted(firsts, reverse=True)
    assert len(dotted) >= 10


def test_value_that_is_missing_is_a_gap() -> None:
    source = report(9)
    for point in source["points"]:
        point["roi"] = None
    source["points"][0]["roi"] = source["points"][8]["roi"] = 50.0
    drawn = draw(chart("roi", source=source), 60, 24, is_coloured=False)
    dots = re.findall("[\u2801-\u28ff]", drawn)
    assert len(dots) == 2


def test_coloured_chart_has_one_panel_with_a_colour_for_each_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    drawn = draw(chart("revenue", "cost", "profit"), 80, 24, is_coloured=True)
    for code in (36, 33, 35):
        assert f"\x1b[{code}m" in drawn
    assert ANSI.sub("", drawn).count("└") == 1


def test_panels_stand_one_above_the_other() -> None:
    drawn = draw(chart("clicks", "revenue"), 80, 40, is_coloured=False).split("\n")
    corners = [line.index("└") for line in drawn if "└" in line]
    assert len(corners) == 2
    assert len(set(corners)) == 1


@given(
    st.integers(20, 200),
    st.integers(5, 60),
    st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=40),
    st.booleans(),
)
def test_terminal_chart_is_never_wider_than_the_terminal(
    columns: int, lines: int, values: list[float | None], is_coloured: bool
) -> None:
    points = [
        {"bucket": f"2026-{n // 28 + 1:02d}-{n % 28 + 1:02d}", "profit": value, "clicks": n}
        for n, value in enumerate(values)
    ]
    source = {"points": points, "totals": {}, "currency": "USD"}
    drawn = ANSI.sub(
        "", draw(chart("profit", "clicks", source=source), columns, lines, is_coloured=is_coloured)
    )
    assert max(map(len, drawn.split("\n")[3:])) < max(columns, 31)


def test_picture_is_a_png_with_every_panel(tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    picture.save(chart("revenue", "cost"), path)
    one = path.read_bytes()
    assert one.startswith(b"\x89PNG")
    width, height = (int.from_bytes(one[n : n + 4], "big") for n in (16, 20))
    picture.save(chart("revenue", "clicks"), path)
    two = path.read_bytes()
    assert (width, height) < (int.from_bytes(two[16:20], "big"), int.from_bytes(two[20:24], "big"))


def test_picture_as_svg_is_the_same_file_every_time_and_holds_its_lines(tmp_path: Path) -> None:
    first, second = tmp_path / "a.svg", tmp_path / "b.SVG"
    found = chart("revenue", "cr")
    picture.save(found, first)
    picture.save(found, second)
    assert first.read_bytes() == second.read_bytes()
    root = ET.parse(first).getroot()
    assert root.tag.endswith("svg")
    text = first.read_text(encoding="utf-8")
    assert found.title in text  # for who cannot see it, and for searching
    assert text.count("axes_") >= 2


@pytest.mark.parametrize("values", [[5], [0, 0], [None, None], [-3, None, 8], [1] * 100])
def test_picture_of_unusual_values_can_be_drawn(tmp_path: Path, values: list[float | None]) -> None:
    points = [{"bucket": f"2026-11-{n % 28 + 1:02d}", "profit": v} for n, v in enumerate(values)]
    source = {"points": points, "totals": {}, "currency": "USD"}
    found = chart("profit", source=source)
    picture.save(found, tmp_path / "c.svg")
    assert (tmp_path / "c.svg").stat().st_size > 1000
    assert draw(found, 80, 24, is_coloured=False)


def test_name_in_letters_that_the_font_has_not_is_no_trouble(tmp_path: Path) -> None:
    found = make_chart(report(), ["clicks"], "day", subtitle="夏のキャンペーン")
    picture.save(found, tmp_path / "c.png")
