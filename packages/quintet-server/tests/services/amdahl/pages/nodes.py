"""One minimal node of every component, and one wrong prop for each."""

from __future__ import annotations

from typing import Any

ROWS = {"$query": "q"}
CELL = {"$value": {"query": "q", "field": "amount"}}
XY = {"data": ROWS, "x": "channel", "y": "amount"}
PARTS = {"data": ROWS, "label": "channel", "value": "amount"}

# The query that all of them are bound to has these columns.
COLUMNS = ("channel", "amount", "id", "source", "target", "value")

MINIMAL: dict[str, dict[str, Any]] = {
    "Section": {},
    "Row": {},
    "Grid": {},
    "Card": {},
    "Divider": {},
    "Spacer": {},
    "Heading": {"text": "Hello"},
    "Text": {"text": "Hello"},
    "Markdown": {"body": "**Hello**"},
    "Stat": {"value": CELL},
    "StatRow": {},
    "Badge": {"text": "New"},
    "Callout": {},
    "List": {"items": ["one", "two"]},
    "Table": {"data": ROWS},
    "BarChart": XY,
    "LineChart": XY,
    "AreaChart": {**XY, "y": ["amount", "value"]},
    "ScatterChart": XY,
    "ComposedChart": {"data": ROWS, "x": "channel", "bars": ["amount"]},
    "PieChart": PARTS,
    "FunnelChart": PARTS,
    "Treemap": PARTS,
    "RadarChart": PARTS,
    "GaugeChart": {"value": 12},
    "Sankey": {"nodes": ROWS, "links": ROWS},
    "SignalMap": {"data": ROWS},
    "Insight": {"body": "Hello"},
    "Custom": {"code": "export default () => null"},
}

# (props beside the minimal ones, the prop at fault, the kind of error)
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "Section": ({"title": 1}, "title", "bad_prop"),
    "Row": ({"gap": "huge"}, "gap", "bad_prop"),
    "Grid": ({"columns": 13}, "columns", "bad_prop"),
    "Card": ({"subtitle": []}, "subtitle", "bad_prop"),
    "Divider": ({"size": "sm"}, "size", "bad_prop"),
    "Spacer": ({"size": "xl"}, "size", "bad_prop"),
    "Heading": ({"level": 4}, "level", "bad_prop"),
    "Text": ({"text": ROWS}, "text", "bad_binding"),
    "Markdown": ({"body": CELL}, "body", "bad_binding"),
    "Stat": ({"format": "euros"}, "format", "bad_prop"),
    "StatRow": ({"gap": "sm"}, "gap", "bad_prop"),
    "Badge": ({"tone": "loud"}, "tone", "bad_prop"),
    "Callout": ({"text": "the message"}, "text", "bad_prop"),
    "List": ({"items": ["one", 2]}, "items", "bad_prop"),
    "Table": ({"data": []}, "data", "bad_prop"),
    "BarChart": ({"horizontal": "yes"}, "horizontal", "bad_prop"),
    "LineChart": ({"horizontal": True}, "horizontal", "bad_prop"),
    "AreaChart": ({"y": []}, "y", "bad_prop"),
    "ScatterChart": ({"size": "no_column"}, "size", "bad_prop"),
    "ComposedChart": ({"lines": [1]}, "lines", "bad_prop"),
    "PieChart": ({"value": "no_column"}, "value", "bad_prop"),
    "FunnelChart": ({"data": {"$query": "other"}}, "data", "unbound_query"),
    "Treemap": ({"label": ""}, "label", "bad_prop"),
    "RadarChart": ({"data": {"$query": "q", "limit": 1}}, "data", "bad_binding"),
    "GaugeChart": ({"value": {"$query": "q"}}, "value", "bad_binding"),
    "Sankey": ({"links": "q"}, "links", "bad_prop"),
    "SignalMap": ({"data": CELL}, "data", "bad_binding"),
    "Insight": ({"tone": 1}, "tone", "bad_prop"),
    "Custom": ({"height": 0}, "height", "bad_prop"),
}
