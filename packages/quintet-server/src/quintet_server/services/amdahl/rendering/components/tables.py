"""Table: rows in columns, each column written and aligned as what it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.rendering.charts.series import rows_of
from quintet_server.services.amdahl.rendering.components.sheet import Component, Node, Sheet
from quintet_server.services.amdahl.rendering.components.states import (
    cut,
    empty,
    failure_of,
    notes,
)
from quintet_server.services.amdahl.rendering.markup import element, escape
from quintet_server.services.amdahl.rendering.values import (
    NONE,
    formatted,
    instant,
    json_text,
    moment,
    name,
    number,
    plain,
    title_of,
)

_NUMERIC_FORMATS = ("number", "currency", "percent")
_EXACT_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_JSON_MAX_CHARS = 400
_GROUPED_FROM = 10_000
_DIGITS_MAX_COUNT = 400


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it shows and how."""

    key: str
    label: str
    format: str | None
    numeric: bool
    grouped: bool
    """Its numbers have separators: some have so many digits that they need them."""
    timed: bool | None
    """Holds moments: True with the time of day, False dates alone, None anything else."""


def table(_sheet: Sheet, node: Node) -> str:
    """The rows of a query."""
    failed = failure_of(node)
    if failed:
        return element("div", failed, class_="tile")
    rows = rows_of(node.props.get("data"))
    if not rows:
        return element("div", empty(node.text("empty_text") or "No rows."), class_="tile")
    limit = node.props.get("limit")
    shown = rows[:limit] if type(limit) is int and limit > 0 else rows
    columns = [_column(each, rows) for each in _columns(node, rows)]
    head = "".join(
        element("th", escape(c.label), scope="col", class_="num" if c.numeric else None)
        for c in columns
    )
    body = "".join(f"<tr>{''.join(_cell(row, c) for c in columns)}</tr>" for row in shown)
    caption = element("caption", escape(_caption(node, len(rows))), class_="vh")
    inside = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    # A table that scrolls must be reachable by the keyboard.
    scroll = element(
        "div", inside, class_="scroll", tabindex="0", role="region", aria_label=_caption(node, 0)
    )
    told = cut(node)
    if len(shown) < len(rows):
        told = [f"The first {len(shown):,} of {len(rows):,} rows."]
    return element("div", scroll + notes(told), class_="tile")


def _caption(node: Node, count: int) -> str:
    source = title_of(next(iter(node.bound), "Table"))
    return f"{source}, {count:,} rows" if count else source


def _columns(node: Node, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str | None]]:
    given = node.props.get("columns")
    if isinstance(given, list) and given:
        return [found for each in given if (found := _declared(each))]
    outcome = next((each for each in node.bound.values() if each is not None), None)
    keys = outcome.columns if outcome is not None and outcome.columns else tuple(rows[0])
    return [(key, title_of(key), None) for key in keys]


def _declared(column: Any) -> tuple[str, str, str | None] | None:
    if isinstance(column, str):
        return column, title_of(column), None
    if isinstance(column, Mapping) and isinstance(key := column.get("key"), str):
        form = column.get("format")
        return key, str(column.get("label") or title_of(key)), form if form else None
    return None


def _column(declared: tuple[str, str, str | None], rows: Sequence[Mapping[str, Any]]) -> Column:
    key, label, form = declared
    cells = [cell for row in rows if (cell := row.get(key)) is not None]
    numeric = form in _NUMERIC_FORMATS or (
        form is None and bool(cells) and all(map(_is_number, cells))
    )
    timed = None
    if form is None and cells and not numeric:
        moments = [instant(cell) for cell in cells]
        if None not in moments:
            timed = any(m.hour or m.minute or m.second for m in moments if m is not None)
    grouped = numeric and any(abs(number(cell) or 0) >= _GROUPED_FROM for cell in cells)
    return Column(key, label, form, numeric, grouped, timed)


def _is_number(cell: Any) -> bool:
    if isinstance(cell, str):
        return _EXACT_NUMBER.fullmatch(cell) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _cell(row: Mapping[str, Any], column: Column) -> str:
    cell = row.get(column.key)
    if cell is None:
        css = "num none" if column.numeric else "none"
        return f'<td class="{css}">{NONE}</td>'
    if column.timed is not None:
        when = instant(cell)
        assert when is not None  # else the column would hold anything else
        text = moment(when, with_time=column.timed)
        return f'<td class="when"><time datetime="{escape(cell)}">{text}</time></td>'
    if isinstance(cell, (Mapping, list)):
        text = json_text(cell)
        return f"<td><code>{escape(text[:_JSON_MAX_CHARS])}</code></td>"
    text = _written(cell, column)
    if column.numeric:
        return f'<td class="num">{escape(text)}</td>'
    return f'<td dir="auto">{escape(text)}</td>'


def _written(cell: Any, column: Column) -> str:
    if column.format is not None:
        return formatted(cell, column.format)
    if not column.grouped:
        return cell if isinstance(cell, str) else name(cell)
    # A text keeps all its digits: that is why it is one.
    whole, point, rest = (cell if isinstance(cell, str) else plain(cell)).partition(".")
    sign = "−" if whole[:1] in {"-", "−"} else ""
    whole = whole[len(sign) :]
    if whole.isdecimal() and len(whole) < _DIGITS_MAX_COUNT:
        whole = f"{int(whole):,}"
    return f"{sign}{whole}{point}{rest}"


COMPONENTS: Mapping[str, Component] = {"Table": table}
