"""The metrics of reports: their names, what they are counted in, how a value is written."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from typing import Any

NOTHING = "–"
_WITHOUT_CENTS = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"),
        *("VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
"""ISO 4217 gives these no minor unit."""


class Kind(Enum):
    """What a metric is counted in; metrics of one kind can share an axis."""

    COUNT = "count"
    MONEY = "money"
    PRICE = "price"  # of one click or conversion: fractions of a cent matter
    PERCENT = "percent"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name on the wire, its heading in tables, its name in sentences."""

    name: str
    heading: str
    label: str
    kind: Kind


METRICS: dict[str, Metric] = {
    name: Metric(name, heading, label, kind)
    for name, heading, label, kind in (
        ("clicks", "CLICKS", "Clicks", Kind.COUNT),
        ("uniqueClicks", "UNIQUE", "Unique clicks", Kind.COUNT),
        ("uniqueVisitors", "VISITORS", "Unique visitors", Kind.COUNT),
        ("botClicks", "BOTS", "Bot clicks", Kind.COUNT),
        ("conversions", "CONV", "Conversions", Kind.COUNT),
        ("pending", "PENDING", "Pending", Kind.COUNT),
        ("approved", "APPROVED", "Approved", Kind.COUNT),
        ("rejected", "REJECTED", "Rejected", Kind.COUNT),
        ("reversed", "REVERSED", "Reversed", Kind.COUNT),
        ("revenue", "REVENUE", "Revenue", Kind.MONEY),
        ("pendingRevenue", "PENDING REV", "Pending revenue", Kind.MONEY),
        ("cost", "COST", "Cost", Kind.MONEY),
        ("profit", "PROFIT", "Profit", Kind.MONEY),
        ("roi", "ROI %", "Return on investment", Kind.PERCENT),
        ("roas", "ROAS", "Return on ad spend", Kind.RATIO),
        ("cr", "CR %", "Conversion rate", Kind.PERCENT),
        ("approvalRate", "APPR %", "Approval rate", Kind.PERCENT),
        ("epc", "EPC", "Earnings per click", Kind.PRICE),
        ("cpc", "CPC", "Cost per click", Kind.PRICE),
        ("cpa", "CPA", "Cost per conversion", Kind.PRICE),
    )
}
DEFAULT = ("clicks", "conversions", "cr", "revenue", "cost", "profit", "roi")
"""What a table shows unless ``--metrics`` says otherwise: it fits into 80 columns."""

_PLAIN = {name.casefold(): name for name in METRICS}


def metric_name(text: str) -> str:
    """Return the wire's name of a metric, however its words are joined; for argparse."""
    plain = text.replace("-", "").replace("_", "").strip().casefold()
    if plain in _PLAIN:
        return _PLAIN[plain]
    near = get_close_matches(plain, _PLAIN, n=1)
    hint = f"did you mean {_PLAIN[near[0]]}?" if near else f"there are {', '.join(METRICS)}"
    raise argparse.ArgumentTypeError(f"no metric {text!r}; {hint}")


def metric_names(text: str) -> tuple[str, ...]:
    """Return the metrics of a comma-separated list, each once; ``all`` is every one."""
    if text.strip().casefold() == "all":
        return tuple(METRICS)
    return tuple(dict.fromkeys(metric_name(each) for each in text.split(",")))


def sort_key(text: str) -> str:
    """Return what a report is sorted by, ``-`` first for descending; for argparse."""
    sign, name = ("-", text[1:]) if text.startswith("-") else ("", text)
    return sign + _PLAIN.get(name.replace("-", "").replace("_", "").strip().casefold(), name)


def write(value: Any, kind: Kind, currency: str = "") -> str:
    """Return a value to be read: thousands apart, a dash for what has no value.

    Money has the decimals of its currency; a price per click two more, when it needs them.
    Percentages and ratios have two. Rounding is half-even, as in the reports themselves.
    """
    if value is None:
        return NOTHING
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if kind is Kind.COUNT:
        return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,f}"
    places = 2
    if kind in {Kind.MONEY, Kind.PRICE}:
        places = 0 if currency.upper() in _WITHOUT_CENTS else 2
        if kind is Kind.PRICE and number != round(number, places):
            places += 2
    rounded = round(number, places)
    return f"{rounded if rounded else abs(rounded):,f}"


def money(value: Any, currency: Any) -> str:
    """Return an amount with its currency, such as ``12.50 USD``."""
    if value is None:
        return NOTHING
    code = str(currency or "")
    return f"{write(value, Kind.PRICE, code)} {code}".rstrip()


def row_of(values: Any, metrics: Sequence[str], currency: str) -> list[str]:
    """Return the cells of one row of a report."""
    return [write(values.get(name), METRICS[name].kind, currency) for name in metrics]


def unit(kind: Kind, currency: str) -> str:
    """Return what stands at an axis: ``USD``, ``%``, or nothing."""
    if kind in {Kind.MONEY, Kind.PRICE}:
        return currency
    return "%" if kind is Kind.PERCENT else ""
