"""Rows as series of numbers over one axis of categories, moments or numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from quintet_server.services.amdahl.rendering.charts.figure import LegendEntry
from quintet_server.services.amdahl.rendering.charts.time_scale import names
from quintet_server.services.amdahl.rendering.values import NONE, instant, name, number, title_of

SERIES_MAX_COUNT = 12
"""More cannot be told apart; the smallest are added up to one."""

Rows = Sequence[Mapping[str, Any]]
Axis = Literal["name", "time", "number"]


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart."""

    name: str
    values: list[float | None]

    def present(self) -> list[float]:
        """The numbers that are there."""
        return [value for value in self.values if value is not None]


@dataclass(frozen=True, slots=True)
class Table:
    """What is drawn: for each place on the axis a number, or none, of each series."""

    axis: Axis
    places: list[float]
    """Seconds since the epoch, numbers, or 0, 1, 2… for names."""
    labels: list[str]
    series: list[Series]
    notes: list[str]

    def numbers(self) -> list[float]:
        """All numbers of all series."""
        return [value for each in self.series for value in each.present()]

    def legend(self) -> list[LegendEntry]:
        """An entry for each series, if there are several."""
        if len(self.series) < 2:
            return []
        return [LegendEntry(each.name, index) for index, each in enumerate(self.series)]

    def first(self, count: int) -> Table:
        """The same with no more than `count` places."""
        if len(self.places) <= count:
            return self
        note = f"The first {count} of {len(self.places):,} are shown."
        cut = [replace(each, values=each.values[:count]) for each in self.series]
        return Table(self.axis, self.places[:count], self.labels[:count], cut, [*self.notes, note])


def rows_of(data: Any) -> list[Mapping[str, Any]]:
    """The rows of a prop; nothing if it has none."""
    return [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []


def fields_of(prop: Any) -> list[str]:
    """The columns of a prop that takes one name or several."""
    given = prop if isinstance(prop, list) else [prop]
    return [field for field in given if isinstance(field, str)]


def table_of(
    rows: Rows, x: str, ys: Sequence[str], by: str | None = None, *, in_order: bool = False
) -> Table:
    """Read rows. `by` names a column whose values become series; its rows of one place add up.

    Without `by` each row is a place of its own, even where names repeat. `in_order` sorts the
    places of an axis of time or numbers; names stay as the query ordered them.
    """
    if by is None:
        cells = [row.get(x) for row in rows]
        series = [Series(title_of(y), [number(row.get(y)) for row in rows]) for y in ys]
        notes: list[str] = []
    else:
        cells, series = _pivoted(rows, x, ys, by)
        in_order, notes = True, []
    if len(series) > SERIES_MAX_COUNT:
        series, notes = _fewer(series)
    axis, places, labels = _axis(cells)
    table = Table(axis, places, labels, series, notes)
    return _sorted(table) if in_order and axis != "name" else table


def _pivoted(rows: Rows, x: str, ys: Sequence[str], by: str) -> tuple[list[Any], list[Series]]:
    cells: dict[str, Any] = {}
    sums: dict[str, dict[str, float]] = {}
    for row in rows:
        place = name(row.get(x))
        cells.setdefault(place, row.get(x))
        for y in ys:
            value = number(row.get(y))
            label = name(row.get(by)) + (f" · {title_of(y)}" if len(ys) > 1 else "")
            found = sums.setdefault(label, {})
            if value is not None:
                found[place] = found.get(place, 0.0) + value
    series = [Series(label, [found.get(place) for place in cells]) for label, found in sums.items()]
    return list(cells.values()), series


def _fewer(series: list[Series]) -> tuple[list[Series], list[str]]:
    """The biggest series, and one more of all others together."""
    sizes = [sum(map(abs, each.present())) for each in series]
    ranked = sorted(range(len(series)), key=sizes.__getitem__, reverse=True)
    kept = sorted(ranked[: SERIES_MAX_COUNT - 1])
    rest = [series[index] for index in sorted(ranked[SERIES_MAX_COUNT - 1 :])]
    columns = zip(*(each.values for each in rest), strict=True)
    added = [_sum(column) for column in columns]
    note = f"{len(rest)} smaller series are added up to one."
    return [*(series[index] for index in kept), Series(f"{len(rest)} others", added)], [note]


def _sum(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return sum(present) if present else None


def _axis(cells: Sequence[Any]) -> tuple[Axis, list[float], list[str]]:
    known = [cell for cell in cells if cell is not None]
    if known and len(known) == len(cells):
        moments = [instant(cell) for cell in known]
        found = [moment for moment in moments if moment is not None]
        if len(found) == len(known):
            return "time", [moment.timestamp() for moment in found], names(found)
        if not any(isinstance(cell, bool) for cell in known):
            values = [number(cell) for cell in known]
            places = [value for value in values if value is not None]
            if len(places) == len(known):
                return "number", places, [name(cell) for cell in known]
    return "name", [float(index) for index in range(len(cells))], _names(cells)


def _names(cells: Sequence[Any]) -> list[str]:
    """Names of categories; moments among them written as such even where one is missing."""
    moments = [instant(cell) for cell in cells]
    known = [moment for moment in moments if moment is not None]
    if len(known) == sum(cell is not None for cell in cells):
        written = iter(names(known))
        return [NONE if moment is None else next(written) for moment in moments]
    return [name(cell) for cell in cells]


def _sorted(table: Table) -> Table:
    order = sorted(range(len(table.places)), key=table.places.__getitem__)
    series = [replace(each, values=[each.values[i] for i in order]) for each in table.series]
    places, labels = [table.places[i] for i in order], [table.labels[i] for i in order]
    return replace(table, places=places, labels=labels, series=series)


def title(ys: Sequence[str], x: str, by: str | None = None) -> str:
    """`Events by channel`, from the names of columns."""
    named = " and ".join(ys[:3]) + (" and more" if len(ys) > 3 else "")
    words = f"{title_of(named.lower() if len(ys) > 1 else named)} by {title_of(x).lower()}"
    return words if by is None else f"{words} and {title_of(by).lower()}"


def summary(table: Table) -> str:
    """What there is to see: how many places, and the extremes of each series."""
    count = len(table.places)
    parts = [f"{count:,} {'value' if count == 1 else 'values'}"]
    for each in table.series[:4]:
        found = [(v, i) for i, v in enumerate(each.values) if v is not None]
        if not found:
            continue
        (low, at_low), (high, at_high) = min(found), max(found)
        parts.append(
            f"{each.name} from {name(low)} ({table.labels[at_low][:60]})"
            f" to {name(high)} ({table.labels[at_high][:60]})"
        )
    return "; ".join(parts) + "."
