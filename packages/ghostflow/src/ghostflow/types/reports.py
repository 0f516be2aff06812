"""Reports: metrics by day, by whatever is asked for, and over all."""

# ruff: noqa: N815 - the names are the wire's

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias, TypedDict

Only: TypeAlias = "str | Sequence[str]"
"""One value or several, any of which counts; ``!`` in front excludes; ``unknown`` is no value."""


class Metrics(TypedDict):
    """Counts, sums and ratios. A ratio without a denominator is ``None``; percentages are percents.

    Counts are ``None`` where they have no meaning, such as clicks by ``event``. ``uniqueVisitors``
    of rows may add up to more than the total.
    """

    clicks: int | None
    uniqueClicks: int | None
    uniqueVisitors: int | None
    botClicks: int | None
    conversions: int
    pending: int
    approved: int
    rejected: int
    reversed: int
    revenue: Decimal
    pendingRevenue: Decimal
    cost: Decimal | None
    profit: Decimal | None
    roi: float | None
    roas: float | None
    cr: float | None
    approvalRate: float | None
    epc: Decimal | None
    cpc: Decimal | None
    cpa: Decimal | None


class Point(Metrics):
    """The metrics of one stretch of time: an hour with its offset, or the first day of it."""

    bucket: str


class BreakdownRow(Metrics):
    """The metrics of one group.

    ``keys`` says which: ``{"id", "name", "deleted"}`` for what has an id, else the value itself,
    and ``"unknown"`` for none.
    """

    keys: dict[str, Any]


# "from" is a word of Python and cannot stand in a class.
_From = TypedDict("_From", {"from": str})


class _Report(_From):
    to: str
    timezone: str
    currency: str
    attribution: str
    totals: Metrics
    unconverted: list[str]


class Tops(TypedDict):
    """The best five of each kind, by revenue, then by clicks."""

    campaigns: list[BreakdownRow]
    offers: list[BreakdownRow]
    sources: list[BreakdownRow]
    countries: list[BreakdownRow]


class Dashboard(_Report):
    """The whole at a glance. What the hosted service puts into it is not known.

    ``unconverted`` names currencies whose money is in no sum, for want of a rate.
    """

    generatedAt: str
    previous: Metrics | None
    series: list[Point]
    top: Tops


class Breakdown(_Report):
    """Metrics by group. ``totals`` are those of all rows, not of this page."""

    rows: list[BreakdownRow]
    nextCursor: str | None


class Timeseries(_Report):
    """Metrics by time, without gaps."""

    interval: str
    points: list[Point]


class Filters(TypedDict, total=False):
    """What can be filtered by. Several filters must all hold."""

    campaign_id: Only
    offer_id: Only
    source_id: Only
    network_id: Only
    domain_id: Only
    country: Only
    device: Only
    os: Only
    browser: Only
    referrer_host: Only
    external_id: Only
    event: Only
    sub1: Only
    sub2: Only
    sub3: Only
    sub4: Only
    sub5: Only
    sub6: Only
    sub7: Only
    sub8: Only
    sub9: Only
    sub10: Only
