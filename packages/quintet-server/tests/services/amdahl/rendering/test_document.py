from __future__ import annotations

import re

import pytest

from quintet_server.services.amdahl.rendering.components import sheet
from quintet_server.services.amdahl.rendering.outcome import Outcome

from .drawn import draw, node, outcome, visible

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&\x00\x1b"


def test_document_has_name_description_and_time() -> None:
    text = draw(node("Section", title="Deals"), description="How it goes", name="Health")

    assert '<h1 dir="auto">Health</h1>' in text
    assert "<title>Health</title>" in text
    assert "Rendered 14 Apr 2026, 18:22 UTC" in visible(text)
    assert "How it goes" in text
    assert '<h2 dir="auto">Deals</h2>' in text


def test_document_both_schemes_unless_one_is_chosen() -> None:
    root = node("Divider")

    assert "prefers-color-scheme:dark" in draw(root)
    assert "color-scheme:light dark" in draw(root)
    for theme in ("light", "dark"):
        text = draw(root, theme=theme)
        assert f"color-scheme:{theme};" in text
        assert "prefers-color-scheme" not in text


@pytest.mark.parametrize("layout", ["dashboard", "single", "document"])
def test_document_layout_is_a_class(layout: str) -> None:
    assert f'class="page {layout}"' in draw(node("Divider"), layout=layout)


def test_document_hostile_texts_are_shown_not_obeyed() -> None:
    bound = {"q": outcome([{HOSTILE: HOSTILE, "n": 1, "u": "javascript:alert(1)"}])}
    rows, cell = {"$query": "q"}, {"$value": {"query": "q", "field": HOSTILE}}
    root = node(
        "Section",
        node("Heading", text=cell),
        node("Text", text=cell, tone=HOSTILE),
        node("Markdown", body=HOSTILE),
        node("Stat", label=HOSTILE, value=cell, trend=cell),
        node("Badge", text=cell, tone=HOSTILE),
        node("Callout", title=HOSTILE, tone=HOSTILE),
        node("List", items=rows, field=HOSTILE),
        node("Insight", title=HOSTILE, body=cell),
        node("Table", data=rows, columns=[{"key": HOSTILE, "label": HOSTILE}], empty_text=HOSTILE),
        node("BarChart", data=rows, x=HOSTILE, y="n", series=HOSTILE),
        node("LineChart", data=rows, x=HOSTILE, y="n"),
        node("PieChart", data=rows, label=HOSTILE, value="n"),
        node("Treemap", data=rows, label=HOSTILE, value="n"),
        node("GaugeChart", value=1, label=HOSTILE),
        node("SignalMap", data=rows, label=HOSTILE, size="n"),
        node("Card", title=HOSTILE, subtitle=HOSTILE),
        node("Grid", columns=HOSTILE, gap=HOSTILE),
        node(HOSTILE),
        title=HOSTILE,
        description=HOSTILE,
    )
    text = draw(root, bound, name=HOSTILE, description=HOSTILE)  # what `draw` checks is the test

    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "\x00" not in text


def test_markdown_is_prose_without_dangers() -> None:
    body = """
# Title

**Bold**, [good](https://example.com/a?b=1&c=2), [bad](javascript:alert(1)), [data](data:,x),
[local](/etc/passwd), <https://example.com>, ![picture](https://tracker.example.com/x.png)

| a | b |
|---|---|
| 1 | ~~2~~ |

<iframe src="https://example.com"></iframe>
"""
    text = draw(node("Markdown", body=body))

    assert "<h2>Title</h2>" in text
    assert "<strong>Bold</strong>" in text
    assert '<a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">' in text
    assert "<td><s>2</s></td>" in text
    assert "&lt;iframe" in text
    assert 'href="https://tracker.example.com/x.png"' in text
    assert text.count("href=") == 3


def test_failed_query_is_told_without_its_message() -> None:
    failed = Outcome(error={"code": "timeout", "message": "secret at 10.0.0.7"})
    root = node(
        "Section",
        node("BarChart", data={"$query": "slow"}, x="a", y="b"),
        node("Stat", label="Total", value={"$value": {"query": "slow", "field": "n"}}),
        node("Table", data={"$query": "fine"}),
    )
    text = draw(root, {"slow": failed, "fine": outcome([{"a": "still here"}])})

    assert text.count("The query took too long and was stopped.") == 2
    assert "Query: slow" in text
    assert "secret" not in text
    assert "still here" in text
    assert ">Total<" in text


def test_unknown_query_is_told() -> None:
    assert "needs to be repaired" in draw(node("Table", data={"$query": "nowhere"}))


def test_missing_cell_is_a_dash() -> None:
    bound = {"$value": {"query": "q", "field": "gone"}}
    text = draw(node("Stat", label="n", value=bound), {"q": outcome([{"a": 1}])})

    assert ">—</div>" in text


def test_truncated_query_is_told() -> None:
    rows = [{"a": str(i)} for i in range(1000)]
    text = draw(node("Table", data={"$query": "q"}), {"q": outcome(rows, truncated=True)})

    assert "Only the first 1,000 rows of q are shown." in text


def test_table_columns_are_aligned_and_written_as_what_they_hold() -> None:
    rows = [
        {
            "deal_name": "A",
            "amount": "1234.50",
            "rate": 0.25,
            "at": "2026-04-14T18:22:11Z",
            "ok": True,
        },
        {"deal_name": None, "amount": "7", "rate": None, "at": "2026-04-15T00:00:00Z", "ok": False},
    ]
    columns = [
        "deal_name",
        {"key": "amount", "label": "Value", "format": "currency"},
        {"key": "rate", "format": "percent"},
        "at",
        "ok",
    ]
    text = draw(node("Table", data={"$query": "q"}, columns=columns), {"q": outcome(rows)})

    assert '<th scope="col">Deal name</th><th scope="col" class="num">Value</th>' in text
    assert '<td class="num">$1,234.50</td><td class="num">25%</td>' in text
    assert '<td class="none">—</td>' in text
    assert '<time datetime="2026-04-14T18:22:11Z">14 Apr 2026, 18:22</time>' in text
    assert '<td dir="auto">Yes</td>' in text


def test_table_numbers_of_a_column_are_written_alike() -> None:
    rows = [
        {"n": 9900, "year": 2026, "exact": "-0.50"},
        {"n": 48000.5, "year": 2025, "exact": "12345678901234567890.10"},
    ]
    text = draw(node("Table", data={"$query": "q"}), {"q": outcome(rows)})

    cells = re.findall(r'<td class="num">(.*?)</td>', text)
    assert cells == ["9,900", "2026", "−0.50", "48,000.5", "2025", "12,345,678,901,234,567,890.10"]


def test_table_limit_shows_the_first_and_tells() -> None:
    rows = [{"a": f"row {i}"} for i in range(9)]
    text = draw(node("Table", data={"$query": "q"}, limit=2), {"q": outcome(rows)})

    assert text.count("<tr>") == 3
    assert "The first 2 of 9 rows." in text


def test_table_empty_keeps_its_own_words() -> None:
    text = draw(
        node("Table", data={"$query": "q"}, empty_text="Nothing sold yet."), {"q": Outcome()}
    )

    assert "Nothing sold yet." in text


@pytest.mark.parametrize(
    ("props", "shown"),
    [
        ({"value": 3279}, "3,279"),
        ({"value": 0.274, "format": "percent"}, "27.4%"),
        ({"value": "18450233.50", "format": "currency"}, "$18.5M"),
        ({"value": -1200.5, "format": "currency"}, "−$1,200.50"),
        ({"value": "Ada"}, "Ada"),
        ({"value": True}, "Yes"),
        ({"value": "2026-07-11"}, "11 Jul 2026"),
        ({"value": 1, "trend": -12}, "down 12"),
        ({"value": 1, "trend": "+3% up"}, "up 3% up"),
        ({"value": 1, "trend": 0.031, "format": "percent"}, "3.1%"),
    ],
)
def test_stat_is_written_in_its_format(props: dict[str, object], shown: str) -> None:
    assert shown in visible(draw(node("Stat", label="x", **props)))


def test_stat_sparkline_takes_its_field_or_the_last_numeric_one() -> None:
    rows = {"q": outcome([{"day": "2026-01-01", "n": 1}, {"day": "2026-01-02", "n": 4}])}
    for props in ({}, {"sparkline_field": "n"}):
        text = draw(node("Stat", value=1, sparkline={"$query": "q"}, **props), rows)
        assert 'class="spark"' in text
        assert "From 1 to 4" in text


def test_list_of_rows_shows_a_column() -> None:
    rows = {"q": outcome([{"a": "one", "b": "x"}, {"a": "two", "b": "y"}])}

    shown = visible(draw(node("List", items={"$query": "q"}, ordered=True), rows))
    assert "one two" in re.sub(r"\s+", " ", shown)
    assert "x y" in visible(draw(node("List", items={"$query": "q"}, field="b"), rows))


def test_custom_component_is_not_run() -> None:
    text = draw(node("Custom", code="alert(1)"))

    assert "alert" not in text
    assert "custom component" in text


def test_heading_levels_never_skip_past_the_name() -> None:
    root = node("Section", node("Card", node("Heading", text="c", level=1), title="b"), title="a")

    assert re.findall(r"<(h\d)", draw(root)) == ["h1", "h2", "h3", "h2"]


def test_chart_in_a_titled_card_keeps_its_caption_for_readers_only() -> None:
    chart = node("BarChart", data={"$query": "q"}, x="a", y="n")
    rows = {"q": outcome([{"a": "x", "n": 1}])}

    assert 'class="caption vh"' in draw(node("Card", chart, title="Sales"), rows)
    assert 'class="caption"' in draw(node("Card", chart), rows)


def test_document_too_big_stops_and_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"q": outcome([{"a": "x" * 100} for _ in range(100)])}
    table = node("Table", data={"$query": "q"})
    drawn = len(draw(table, rows))
    monkeypatch.setattr(sheet.Sheet, "__init__", _small(drawn))

    text = draw(node("Section", *[table] * 9), rows)
    assert "more data than one document can show" in text
    assert len(text) < 4 * drawn


def _small(room: int):  # type: ignore[no-untyped-def]
    made = sheet.Sheet.__init__

    def init(self: sheet.Sheet, *args: object, **options: object) -> None:
        made(self, *args, room=room, **options)  # type: ignore[arg-type]

    return init
