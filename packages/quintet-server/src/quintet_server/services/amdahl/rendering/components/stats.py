"""Stat and StatRow: one figure in big letters, with its trend and its recent course."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.services.amdahl.rendering.charts.lines import trace
from quintet_server.services.amdahl.rendering.charts.series import rows_of
from quintet_server.services.amdahl.rendering.components.sheet import Component, Node, Sheet
from quintet_server.services.amdahl.rendering.components.states import failure_of
from quintet_server.services.amdahl.rendering.markup import element, escape
from quintet_server.services.amdahl.rendering.values import (
    NONE,
    compact,
    formatted,
    instant,
    moment,
    name,
    number,
)

_COMPACT_FROM = 10_000_000
"""Figures from here on are rounded; the exact one is in the tooltip."""
_LONG_CHARS = 14
_SPARK = (240.0, 40.0)


def stat(_sheet: Sheet, node: Node) -> str:
    """Label, value, trend, sparkline."""
    label = node.text("label")
    inside = element("div", escape(label), class_="name", dir="auto") if label else ""
    failed = failure_of(node)
    if failed:
        return element("div", inside + failed, class_="tile stat")
    value, form = node.props.get("value"), node.props.get("format")
    whole = _whole(value, form)
    short = _short(value, form) or whole
    css = "value long" if len(short) > _LONG_CHARS else "value"
    exact = whole if short != whole else None
    inside += element("div", escape(short), class_=css, title=exact, dir="auto")
    inside += _trend(node.props.get("trend"), form) + _sparkline(node)
    return element("div", inside, class_="tile stat")


def stat_row(sheet: Sheet, node: Node) -> str:
    """Several figures in one frame."""
    return element("div", sheet.columns(node, max(1, len(node.children)), 1), class_="stats")


def _whole(value: Any, form: Any) -> str:
    if value is None:
        return NONE
    when = instant(value)
    if when is not None:
        return moment(when, with_time=len(value) > 10 and (when.hour, when.minute) != (0, 0))
    return formatted(value, form if isinstance(form, str) else "number")


def _short(value: Any, form: Any) -> str | None:
    found = None if isinstance(value, bool) else number(value)
    if found is None or abs(found) < _COMPACT_FROM or form == "percent":
        return None
    text = compact(abs(found))
    return ("−" if found < 0 else "") + ("$" if form == "currency" else "") + text


def _trend(trend: Any, form: Any) -> str:
    """A difference in the unit of the value, or a text; its sign gives the direction."""
    if trend is None or trend == "":
        return ""
    found = None if isinstance(trend, bool) else number(trend)
    if found is None:
        shown = name(trend)
        sign = -1 if shown[:1] in "-−" else 1 if shown[:1] == "+" else 0
        shown = shown.lstrip("+-−").strip() if sign else shown
    else:
        sign = (found > 0) - (found < 0)
        size = trend.lstrip("+-− ") if isinstance(trend, str) else abs(trend)
        shown = formatted(size, form if isinstance(form, str) else "number")
    arrow = {1: "▲", -1: "▼"}.get(sign, "")
    spoken = {1: "up", -1: "down"}.get(sign, "")
    inside = f'<span aria-hidden="true">{arrow} </span>' if arrow else ""
    inside += element("span", spoken + " ", class_="vh") if spoken else ""
    return element("div", inside + escape(shown), class_=f"trend {spoken}".strip(), dir="auto")


def _sparkline(node: Node) -> str:
    rows = rows_of(node.props.get("sparkline"))
    field = node.props.get("sparkline_field") or _numeric_column(rows)
    values = [number(row.get(str(field))) for row in rows]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    width, height = _SPARK
    told = f"From {compact(known[0])} to {compact(known[-1])}"
    drawn = trace(values, width, height)
    return (
        f'<svg class="spark" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'preserveAspectRatio="none" aria-label="{escape(told)}">{drawn}</svg>'
    )


def _numeric_column(rows: list[Mapping[str, Any]]) -> str | None:
    """The last column with a number: queries put what is measured behind what it is by."""
    first = rows[0] if rows else {}
    return next((key for key in reversed(list(first)) if number(first[key]) is not None), None)


COMPONENTS: Mapping[str, Component] = {"Stat": stat, "StatRow": stat_row}
