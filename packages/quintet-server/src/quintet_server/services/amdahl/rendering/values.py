"""Cells of a result as what they are: numbers, instants, names; and how they are written.

Rows come as on the wire: a NUMERIC, or an integer beyond 2⁵³, is a string; a moment is a string in
RFC 3339. Numbers are written the English way, as the API's other texts are.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from typing import Any

NONE = "—"
"""Stands where there is no value."""

_PLOTTABLE_MAX = 1e100
_PLOTTABLE_MIN = 1e-100
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_TEXT_MAX_CHARS = 2000


def number(cell: Any) -> float | None:
    """The cell as a number that can be placed on an axis; None if it is none.

    Beyond ±1e100 everything is at the edge, and below 1e-100 it is zero: sums and ratios of what
    comes out stay finite.
    """
    if isinstance(cell, str):
        if len(cell) > 400 or not _NUMBER.fullmatch(cell.strip()):
            return None
    elif not isinstance(cell, (int, float)):
        return None
    try:
        value = float(cell)
    except OverflowError:  # an integer of more than 308 digits
        value = math.inf if int(cell) > 0 else -math.inf
    if math.isnan(value):
        return None
    if abs(value) < _PLOTTABLE_MIN:
        return 0.0
    return max(-_PLOTTABLE_MAX, min(_PLOTTABLE_MAX, value))


def instant(cell: Any) -> datetime | None:
    """The moment that a cell with a date or a timestamp means, in UTC; None if it is none."""
    if not isinstance(cell, str) or not 10 <= len(cell) <= 40 or not _INSTANT.fullmatch(cell):
        return None
    try:
        when = datetime.fromisoformat(cell)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def name(cell: Any) -> str:
    """The cell as a short text, for a label or a category."""
    if cell is None or cell == "":
        return NONE
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, (int, float)):
        return plain(cell)
    if isinstance(cell, str):
        return cell[:_TEXT_MAX_CHARS]
    return json_text(cell)[:_TEXT_MAX_CHARS]


def json_text(cell: Any) -> str:
    """A list or an object as JSON; the standard library's writer, whose integers have no bound."""
    return json.dumps(cell, default=str, ensure_ascii=False, separators=(",", ":"))


def title_of(column: str) -> str:
    """`deal_stage` as people write it: "Deal stage"."""
    words = column.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else column


def plain(value: float) -> str:
    """A number with as many digits as it has, at most six after the point.

    Four digits stand without a separator: they are as often a year.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return NONE
        if value and (abs(value) >= 1e15 or abs(value) < 1e-6):
            return f"{value:.6g}"
        text = f"{value:,.6f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:,d}" if abs(value) < 10**30 else f"{float(min(value, 10**300)):.6g}"
    if abs(value) < 10_000:
        text = text.replace(",", "")
    return "0" if text == "-0" else text.replace("-", "−")


def compact(value: float, step: float | None = None) -> str:
    """A number for an axis or a label: 1.2k, 3.4M; `step` is the distance of an axis' ticks."""
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3g}".replace("-", "−").replace("e+", "e")
    divisor, suffix = next((each for each in _STEPS if size >= each[0]), (1.0, ""))
    digits = _digits(step / divisor) if step else (0 if size / divisor >= 100 else 1)
    if suffix == "" and step is None:
        digits = 0 if value == int(value) else 2
    text = f"{value / divisor:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", "0"} else text.replace("-", "−") + suffix


def _digits(step: float) -> int:
    return max(0, min(6, -math.floor(math.log10(step) + 1e-9))) if step > 0 else 0


def formatted(cell: Any, form: str | None) -> str:
    """The cell in a column's or a figure's format; as it is if it does not fit.

    `percent` is of a fraction: 0.25 is 25%. `currency` has no code on the wire; dollars, as the
    vendor's examples have.
    """
    if form in {"date", "datetime"}:
        when = instant(cell)
        return name(cell) if when is None else moment(when, with_time=form == "datetime")
    value = number(cell)
    if value is None or form in {None, "text"} or isinstance(cell, bool):
        return name(cell)
    if form == "percent":
        return _trimmed(f"{value * 100:,.1f}") + "%" if abs(value) < 1e13 else f"{value * 100:.3g}%"
    if form == "currency":
        return _money(value)
    text = f"{value:,.2f}" if abs(value) < 1e15 else f"{value:.6g}"
    return _trimmed(text) if "." in text else text.replace("-", "−")


def _money(value: float) -> str:
    sign, size = "−" if value < 0 else "", abs(value)
    if size >= 1e15:
        return f"{sign}${size:.4g}"
    text = f"{size:,.2f}"
    return f"{sign}${text.removesuffix('.00')}"


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text.replace("-", "−")


def moment(when: date | datetime, *, with_time: bool) -> str:
    """`14 Apr 2026`, or `14 Apr 2026, 18:22`."""
    text = f"{when.day} {MONTHS[when.month - 1]} {when.year}"
    return f"{text}, {when:%H:%M}" if with_time else text


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
