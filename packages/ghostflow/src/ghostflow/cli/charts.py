"""A chart, before anything is drawn: points in time, and panels of lines that share a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ghostflow.cli.measures import METRICS, Kind, Metric, unit, write
from ghostflow.cli.periods import read_instant, zone_of
from ghostflow.cli.ticks import day, full_date

_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - the clock of a zone, like all points


@dataclass(frozen=True, slots=True)
class Line:
    """The values of one metric, one for each moment; ``None`` where it has none."""

    metric: Metric
    values: tuple[float | None, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines on one scale."""

    lines: tuple[Line, ...]
    unit: str

    @property
    def is_whole(self) -> bool:
        """Whether its values are counted."""
        return self.lines[0].metric.kind is Kind.COUNT

    @property
    def present(self) -> list[float]:
        """Every value there is."""
        return [value for line in self.lines for value in line.values if value is not None]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be drawn."""

    title: str
    subtitle: str
    interval: str
    moments: tuple[datetime, ...]
    panels: tuple[Panel, ...]


def make_chart(
    report: Mapping[str, Any],
    metrics: Sequence[str],
    interval: str,
    *,
    subtitle: str,
    apart: bool = False,
) -> Chart:
    """Return the chart of a time series.

    Metrics of one kind share a panel, with money and money per click apart; a scale for
    everything would flatten what is small.

    Args:
        report: With ``points``, ``totals`` and ``currency``.
        apart: A panel for each metric, as without colour nothing tells two lines apart.
    """
    points, totals = list(report.get("points") or ()), report.get("totals") or {}
    currency = str(report.get("currency") or "")
    panels: dict[object, list[Line]] = {}
    for name in metrics:
        metric = METRICS[name]
        values = tuple(_number(point.get(name)) for point in points)
        total = write(totals.get(name), metric.kind, currency)
        panels.setdefault(name if apart else metric.kind, []).append(Line(metric, values, total))
    return Chart(
        title=title_of(metrics, interval),
        subtitle=subtitle,
        interval=interval,
        moments=tuple(moment_of(point.get("bucket")) for point in points),
        panels=tuple(
            Panel(tuple(lines), unit(lines[0].metric.kind, currency)) for lines in panels.values()
        ),
    )


def title_of(metrics: Sequence[str], interval: str) -> str:
    """Return ``Revenue and cost per day``."""
    first, *others = (METRICS[name].label for name in metrics)
    words = [first, *(f"{label[0].lower()}{label[1:]}" for label in others)]
    listed = " and ".join([", ".join(words[:-1]), words[-1]]) if others else first
    return f"{listed} per {interval}"


def moment_of(bucket: object) -> datetime:
    """Return when a point begins, on the clock of the report's zone.

    The clock as it was there, without an offset: an hour that comes twice in autumn comes twice.
    """
    text = str(bucket)
    found = read_instant(f"{text}-01" if len(text) == len("2026-11") else text)
    return _BEGINNING if found is None else found.replace(tzinfo=None)


def span(start: object, end: object, zone_name: str) -> str:
    """Return a period to be read, such as ``1–30 Nov 2026, Europe/Berlin``.

    Dates are both inclusive; of two instants the second is exclusive, and both are shown.
    """
    first, last = read_instant(start), read_instant(end)
    if first is None or last is None:
        return zone_name
    if len(str(start)) > len("2026-11-01"):
        first, last = (moment.astimezone(zone_of(zone_name)) for moment in (first, last))
        shown = f"{full_date(first)} {first:%H:%M} – "
        shown += (
            f"{last:%H:%M}" if last.date() == first.date() else f"{full_date(last)} {last:%H:%M}"
        )
        return f"{shown}, {zone_name}" if zone_name else shown
    return f"{_days(first, last)}, {zone_name}" if zone_name else _days(first, last)


def _days(first: date, last: date) -> str:
    if last - first < timedelta(days=1):
        return full_date(first)
    if first.year != last.year:
        return f"{full_date(first)} – {full_date(last)}"
    if first.month != last.month:
        return f"{day(first)} – {full_date(last)}"
    return f"{first.day}–{full_date(last)}"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
