"""The metrics, their formulas, and how they are written.

Sums are exact. Ratios are computed from sums, never from other ratios, rounded half to even to four
decimals, and null where there is nothing to divide by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from quintet_server.services.ghostflow.wire import decimal_number

__all__ = ["METRICS", "OF_CLICKS", "Sums", "metric_sql", "numbers", "wire"]

# More digits than any sum here can have: nothing is rounded unless we say so.
_EXACT = Context(prec=1000)
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Sums:
    """What is added up. Money is in units of the report's currency."""

    clicks: int = 0
    uniques: int = 0
    bots: int = 0
    pending: int = 0
    approved: int = 0
    rejected: int = 0
    reversed: int = 0
    cost: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)
    pending_revenue: Decimal = Decimal(0)


_RATIOS: Mapping[str, tuple[str, str, int]] = {
    "roi": ("revenue - cost", "cost", 100),
    "roas": ("revenue", "cost", 1),
    "cr": ("pending + approved", "clicks", 100),
    "approvalRate": ("approved", "approved + rejected + reversed", 100),
    "epc": ("revenue", "clicks", 1),
    "cpc": ("cost", "clicks", 1),
    "cpa": ("cost", "pending + approved", 1),
}
"""Numerator, denominator, factor: over the sums, in words that SQL and Python both understand."""

_SUMS: Mapping[str, str] = {
    "clicks": "clicks",
    "uniqueClicks": "uniques",
    "uniqueVisitors": "visitors",
    "botClicks": "bots",
    "conversions": "pending + approved",
    "pending": "pending",
    "approved": "approved",
    "rejected": "rejected",
    "reversed": "reversed",
    "revenue": "revenue",
    "pendingRevenue": "pending_revenue",
    "cost": "cost",
    "profit": "revenue - cost",
}
METRICS: tuple[str, ...] = (*_SUMS, *_RATIOS)

OF_CLICKS = frozenset(
    {"clicks", "uniqueClicks", "uniqueVisitors", "botClicks", "cost", "profit"}
    | {
        name
        for name, parts in _RATIOS.items()
        if {"cost", "clicks"} & set(" ".join(parts[:2]).split())
    }
)
"""Those that say something of clicks or what they cost: null where clicks cannot be told apart."""


def metric_sql(name: str) -> str:
    """A metric as an expression over the columns of sums and `visitors`, to sort by."""
    if name in _SUMS:
        return f"({_SUMS[name]})::numeric"
    numerator, denominator, _ = _RATIOS[name]
    return f"(({numerator})::numeric / nullif({denominator}, 0))"


def numbers(sums: Sums, visitors: int | None) -> dict[str, int | Decimal | None]:
    """Every metric. `visitors`: how many different ones; None where clicks cannot be told apart."""
    paid = sums.pending + sums.approved
    found: dict[str, int | Decimal | None] = {
        "clicks": sums.clicks,
        "uniqueClicks": sums.uniques,
        "uniqueVisitors": visitors,
        "botClicks": sums.bots,
        "conversions": paid,
        "pending": sums.pending,
        "approved": sums.approved,
        "rejected": sums.rejected,
        "reversed": sums.reversed,
        "revenue": sums.revenue,
        "pendingRevenue": sums.pending_revenue,
        "cost": sums.cost,
        "profit": _EXACT.subtract(sums.revenue, sums.cost),
    }
    terms: dict[str, Decimal | int] = {
        "revenue - cost": found["profit"] or 0,
        "cost": sums.cost,
        "revenue": sums.revenue,
        "pending + approved": paid,
        "clicks": sums.clicks,
        "approved": sums.approved,
        "approved + rejected + reversed": sums.approved + sums.rejected + sums.reversed,
    }
    for name, (numerator, denominator, factor) in _RATIOS.items():
        found[name] = _ratio(terms[numerator], terms[denominator], factor)
    if visitors is None:
        found |= dict.fromkeys(OF_CLICKS)
    return found


def _ratio(numerator: Decimal | int, denominator: Decimal | int, factor: int) -> Decimal | None:
    """A quotient with four decimals, a half to the even one. Denominators are never negative."""
    if not denominator:
        return None
    scaled = _EXACT.multiply(numerator, factor * 10**_DECIMALS)
    quotient, rest = _EXACT.divmod(scaled, denominator)  # towards zero
    whole, twice = int(quotient), _EXACT.multiply(2, _EXACT.abs(rest))
    if twice > denominator or (twice == denominator and whole % 2):
        whole += 1 if scaled > 0 else -1
    return Decimal(whole).scaleb(-_DECIMALS, _EXACT)


def wire(found: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as JSON numbers; what is no decimal stays as it is."""
    return {
        name: decimal_number(value) if isinstance(value, Decimal) else value
        for name, value in found.items()
    }
