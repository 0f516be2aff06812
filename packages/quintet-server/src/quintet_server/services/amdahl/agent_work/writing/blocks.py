"""An answer as blocks that a client can draw, and what could be asked next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.services.amdahl.agent_work.answers.answered import Answered
from quintet_server.services.amdahl.agent_work.asking.vocabulary import NOUNS
from quintet_server.services.amdahl.agent_work.research import Research

__all__ = ["FOLLOW_UPS_MAX_COUNT", "content_blocks", "follow_ups"]

FOLLOW_UPS_MAX_COUNT = 4
_CITATIONS_MAX_COUNT = 12
_TABLE_ROWS_MAX_COUNT = 20


def content_blocks(found: Research, text: str) -> list[dict[str, Any]]:
    """Blocks of types `text`, `metric`, `table`, `chart_spec`, `callout`, `citation`."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}]
    citations: list[Mapping[str, Any]] = []
    for one in found.found:
        if one.figure is not None:
            blocks.append({"type": "metric", **one.figure})
        blocks += _drawn(one)
        citations += one.citations
    for gap in found.all_gaps():
        blocks.append({"type": "callout", "tone": "warning", "text": gap})
    for number, citation in enumerate(citations[:_CITATIONS_MAX_COUNT], 1):
        source = {**citation, "source_type": citation["type"], "type": "citation"}
        blocks.append({**source, "number": number})
    return blocks


def _drawn(one: Answered) -> list[dict[str, Any]]:
    """The table, and how it is drawn; a single row that is a figure needs neither."""
    if one.table is None or one.figure is not None:
        return []
    columns, rows = one.table["columns"], one.table["rows"][:_TABLE_ROWS_MAX_COUNT]
    title = one.heading or one.question
    drawn: list[dict[str, Any]] = [
        {"type": "table", "title": title, "columns": columns, "rows": rows}
    ]
    if one.chart is not None and len(rows) > 1:
        # Periods come newest first; a line is read from left to right.
        points = rows[::-1] if one.chart["x"] == "period" else rows
        chart, x, y = one.chart["type"], one.chart["x"], one.chart["y"]
        spec = {"type": chart, "props": {"data": points, "x": x, "y": y}}
        drawn.append({"type": "chart_spec", "title": title, "spec": spec})
    return drawn


def follow_ups(found: Research) -> list[str]:
    """Questions that go on from here, and that the data can answer."""
    ask, held = found.ask, found.held
    offered: list[str] = []
    subject = (ask.subjects or ("activity",))[0]
    if not held.interactions and not held.has_deals:
        return []
    if ask.grain is None and subject in ("activity", "sentiment", "deals"):
        offered.append("And by month?")
    for column in ("channel", "company_name", "owner"):
        fits = column in ("owner", "company_name") or subject != "deals"
        is_open = column not in ask.dimensions and column not in ask.filters
        if fits and is_open and len(held.of(column)) > 1:
            offered.append(f"And by {NOUNS[column][0]}?")
            break
    if ask.window is None and held.interactions:
        offered.append("And in the last 90 days?")
    leader = _leader(found)
    if leader:
        offered.append(f"What about {leader}?")
    if subject != "sentiment" and held.scored:
        offered.append("How is the sentiment?")
    if subject != "deals" and held.has_deals:
        offered.append("How do the deals stand?")
    return offered[:FOLLOW_UPS_MAX_COUNT]


def _leader(found: Research) -> str | None:
    """The first name of the first breakdown, if the next question can be about it."""
    for one in found.found:
        if one.chart is None or one.table is None or not one.table["rows"]:
            continue
        column = one.chart["x"]
        if column in ("company_name", "owner") and column not in found.ask.filters:
            return str(one.table["rows"][0][column])
    return None
