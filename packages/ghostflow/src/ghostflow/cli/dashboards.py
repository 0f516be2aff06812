"""The dashboard: totals with their course, and what made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ghostflow.cli.asking import Question
from ghostflow.cli.measures import METRICS, NOTHING, Kind, row_of, write
from ghostflow.cli.row_keys import key_text
from ghostflow.cli.tables import Column, print_table

_SHOWN = (
    *("clicks", "uniqueClicks", "botClicks", "conversions", "pending", "approved", "rejected"),
    *("reversed", "revenue", "pendingRevenue", "cost", "profit", "roi", "cr", "epc", "cpc", "cpa"),
)
_ONLY_IF_ANY = frozenset({"botClicks", "pending", "rejected", "reversed", "pendingRevenue"})
_TOP = ("clicks", "conversions", "revenue", "profit", "roi")
_BARS = "▁▂▃▄▅▆▇█"
_GAP = "·"
_MOST_BARS = 30


def print_dashboard(report: Mapping[str, Any], question: Question) -> None:
    """Print a dashboard."""
    question.print_caption(report)
    currency = question.currency(report)
    _print_totals(report, currency)
    top = report.get("top") or {}
    for noun in ("campaign", "offer", "source", "country"):
        rows = top.get("countries" if noun == "country" else f"{noun}s") or []
        if rows:
            print()
            _print_top(noun, rows, currency)
    question.print_warnings(report)


def _print_totals(report: Mapping[str, Any], currency: str) -> None:
    totals, before = report.get("totals") or {}, report.get("previous")
    series = report.get("series") or []
    columns = [Column("METRIC"), Column("TOTAL", is_number=True)]
    if before is not None:
        columns += [Column("BEFORE", is_number=True), Column("CHANGE", is_number=True)]
    columns.append(Column("COURSE", is_extra=True))
    rows = []
    for name in _SHOWN:
        metric = METRICS[name]
        if name in _ONLY_IF_ANY and not totals.get(name) and not (before or {}).get(name):
            continue
        row = [_label(name, currency), write(totals.get(name), metric.kind, currency)]
        if before is not None:
            row.append(write(before.get(name), metric.kind, currency))
            row.append(change(before.get(name), totals.get(name), metric.kind))
        rows.append([*row, sparkline([point.get(name) for point in series])])
    print_table(columns, rows)


def _label(name: str, currency: str) -> str:
    metric = METRICS[name]
    unit = {Kind.MONEY: currency, Kind.PRICE: currency, Kind.PERCENT: "%"}.get(metric.kind, "")
    return f"{metric.label}, {unit}" if unit else metric.label


def change(before: Any, now: Any, kind: Kind) -> str:
    """Return how much more or less: in percent, of percentages in points."""
    if before is None or now is None:
        return NOTHING
    difference = Decimal(str(now)) - Decimal(str(before))
    if kind is Kind.PERCENT:
        return f"{difference:+,.2f}"
    if not before:
        return NOTHING
    return f"{difference / abs(Decimal(str(before))) * 100:+,.1f} %"


def sparkline(values: Sequence[Any]) -> str:
    """Return the course of a metric in a few characters; a gap where it has no value."""
    numbers = [None if value is None else float(value) for value in values]
    present = [number for number in numbers if number is not None]
    if len(numbers) < 2 or not present:
        return ""
    if len(numbers) > _MOST_BARS:
        numbers = _gathered(numbers)
        present = [number for number in numbers if number is not None]
    low, high = min(0.0, *present), max(0.0, *present)
    step = (high - low) / (len(_BARS) - 1) or 1.0
    return "".join(
        _GAP if number is None else _BARS[round((number - low) / step)] for number in numbers
    )


def _gathered(numbers: Sequence[float | None]) -> list[float | None]:
    """Return the averages of stretches of as equal length as can be."""
    gathered: list[float | None] = []
    for place in range(_MOST_BARS):
        start, end = (len(numbers) * n // _MOST_BARS for n in (place, place + 1))
        known = [number for number in numbers[start:end] if number is not None]
        gathered.append(sum(known) / len(known) if known else None)
    return gathered


def _print_top(noun: str, rows: Sequence[Mapping[str, Any]], currency: str) -> None:
    columns = [
        Column(f"TOP {'COUNTRIES' if noun == 'country' else f'{noun.upper()}S'}", is_text=True),
        *(Column(METRICS[name].heading, is_number=True) for name in _TOP),
    ]
    print_table(
        columns, [[key_text(_keys(row, noun), noun), *row_of(row, _TOP, currency)] for row in rows]
    )


def _keys(row: Mapping[str, Any], noun: str) -> Mapping[str, Any]:
    """Return a row's keys, wherever it has them."""
    keys = row.get("keys")
    if isinstance(keys, Mapping):
        return keys
    return row if noun in row else {noun: row}
