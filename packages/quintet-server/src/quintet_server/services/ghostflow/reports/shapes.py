"""The answers of reports, for the document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["BreakdownShape", "DashboardShape", "TimeseriesShape"]


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class Metrics(_Shape):
    """Sums are exact; ratios have four decimals, and are null where there is nothing to divide by.

    What says something of clicks is null where they cannot be told apart: by `event`.
    """

    clicks: int | None
    unique_clicks: int | None
    unique_visitors: int | None
    bot_clicks: int | None
    conversions: int
    pending: int
    approved: int
    rejected: int
    reversed: int
    revenue: float
    pending_revenue: float
    cost: float | None
    profit: float | None
    roi: float | None
    roas: float | None
    cr: float | None
    approval_rate: float | None
    epc: float | None
    cpc: float | None
    cpa: float | None


class Point(Metrics):
    """A bucket: an hour with its offset, or the first date of a day, week or month."""

    bucket: str


class ReportRow(Metrics):
    """One combination: `{id, name, deleted}` for an id, `unknown` for what is not known."""

    keys: dict[str, Any]


class Tops(_Shape):
    """At most five rows each, by revenue, then by clicks."""

    campaigns: list[ReportRow]
    offers: list[ReportRow]
    sources: list[ReportRow]
    countries: list[ReportRow]


class _Report(_Shape):
    from_: str = Field(alias="from")
    to: str
    timezone: str
    currency: str
    attribution: Literal["click", "conversion"]
    totals: Metrics
    unconverted: list[str]
    """Currencies of money that is in no sum, for want of a rate."""


class DashboardShape(_Report):
    """`previous` is the equally long period before, with `compare=previous`."""

    generated_at: str
    previous: Metrics | None
    series: list[Point]
    top: Tops


class TimeseriesShape(_Report):
    """The points of a series, without gaps."""

    interval: Literal["hour", "day", "week", "month"]
    points: list[Point]


class BreakdownShape(_Report):
    """A page of rows; `totals` are over all of them."""

    rows: list[ReportRow]
    next_cursor: str | None
