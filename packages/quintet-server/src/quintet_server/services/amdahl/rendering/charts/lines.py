"""Lines and areas over time, numbers or names; where a value is missing there is a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.rendering.charts.axes import plot, span, span_labels
from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_NUMBERS,
    NO_ROWS,
    Drawing,
    Figure,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.scales import Linear
from quintet_server.services.amdahl.rendering.charts.series import (
    Series,
    Table,
    fields_of,
    rows_of,
    summary,
    table_of,
    title,
)
from quintet_server.services.amdahl.rendering.charts.svg import (
    circle,
    color,
    n,
    polyline,
    shape,
    tooltip,
)
from quintet_server.services.amdahl.rendering.values import plain

DOTS_MAX_COUNT = 40
"""Places up to which each point is a dot."""
DETAIL_MAX_COUNT = 300
"""Points up to which each has a tooltip."""

Point = tuple[float, float]
At = Callable[[float], float]


def line_figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `x`, `y`, `series`, `stacked`."""
    return _figure(props, "Line chart", filled=False)


def area_figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """The same with the field below filled."""
    return _figure(props, "Area chart", filled=True)


def _figure(props: Mapping[str, Any], kind: str, *, filled: bool) -> Figure | Nothing:
    rows, x, ys = rows_of(props.get("data")), str(props.get("x")), fields_of(props.get("y"))
    if not rows:
        return NO_ROWS
    by = props.get("series")
    table = table_of(rows, x, ys, by, in_order=True)
    if not table.numbers():
        return NO_NUMBERS
    stacked = bool(props.get("stacked")) and len(table.series) > 1
    return Figure(
        kind=kind,
        title=title(ys, x, by),
        summary=summary(table),
        draw=Lines(table, filled=filled, stacked=stacked).draw,
        legend=table.legend(),
        notes=table.notes,
        marks=len(table.numbers()),
    )


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a table."""

    table: Table
    filled: bool = False
    stacked: bool = False

    def draw(self, width: float) -> Drawing:
        """The lines in their field."""
        layers = list(self._layers())
        values = [pair[1] for layer in layers for pair in layer if pair]
        field = plot(
            width,
            values,
            lambda left, right: span_labels(self.table, left, right),
            zero=self.filled or self.stacked or self._near_zero(),
        )
        at = span(self.table, field.left, field.right)
        shapes = [field.shapes]
        for index, layer in enumerate(layers):
            shapes.append(self._one(index, layer, at, field.y))
        return Drawing(field.width, field.height, "".join(shapes))

    def _near_zero(self) -> bool:
        """Lines may leave zero out; they should not when it is near anyway."""
        values = self.table.numbers()
        low, high = min(values), max(values)
        return low <= 0 <= high or min(abs(low), abs(high)) < max(abs(low), abs(high)) * 0.6

    def _layers(self) -> Iterator[list[tuple[float, float] | None]]:
        """For each series the bottom and the top of each place; None where there is a gap."""
        floor = [0.0] * len(self.table.places)
        for series in self.table.series:
            if not self.stacked:
                yield [None if value is None else (0.0, value) for value in series.values]
                continue
            pairs = [(low, low + (v or 0.0)) for low, v in zip(floor, series.values, strict=True)]
            yield list(pairs)
            floor = [top for _, top in pairs]

    def _one(
        self, index: int, layer: Sequence[tuple[float, float] | None], at: At, y: Linear
    ) -> str:
        series, css = self.table.series[index], color(index)
        shapes = []
        for begin, end in _runs(layer):
            run = [pair for pair in layer[begin:end] if pair is not None]
            xs = [at(place) for place in self.table.places[begin:end]]
            upper = [(x, y(top)) for x, (_, top) in zip(xs, run, strict=True)]
            if self.filled and len(run) > 1:
                lower = [(x, y(max(y.low, low))) for x, (low, _) in zip(xs, run, strict=True)]
                path = polyline([*upper, *reversed(lower)]) + "z"
                shapes.append(shape(path, f"{'as' if self.stacked else 'af'} {css}"))
            if len(run) > 1:
                shapes.append(shape(polyline(upper), f"l {css}"))
            shapes += self._dots(series, begin, upper, css)
        return "".join(shapes)

    def _dots(self, series: Series, begin: int, points: Sequence[Point], css: str) -> list[str]:
        count = len(self.table.places)
        if len(points) > 1 and count * len(self.table.series) > DETAIL_MAX_COUNT:
            return []
        shown = len(points) == 1 or (count <= DOTS_MAX_COUNT and not self.stacked)
        what = f"{series.name}: " if len(self.table.series) > 1 else ""
        drawn = []
        for offset, (x, y) in enumerate(points, begin):
            value = series.values[offset]
            if value is None:
                continue
            told = tooltip(f"{self.table.labels[offset]}\n{what}{plain(value)}")
            if shown:
                drawn.append(circle(x, y, 3.2, f"d {css}"))
            drawn.append(circle(x, y, 9, "h", told))
        return drawn


def _runs(layer: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Stretches without a gap, as (first, after the last)."""
    begin = None
    for index, pair in enumerate(layer):
        if pair is None and begin is not None:
            yield begin, index
            begin = None
        elif pair is not None and begin is None:
            begin = index
    if begin is not None:
        yield begin, len(layer)


def trace(values: Sequence[float | None], width: float, height: float, *, room: float = 3) -> str:
    """A sparkline: a line without axes, a faint field below, a dot at the last value."""
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    spread = high - low or 1.0
    step = (width - 2 * room) / max(1, len(values) - 1)

    def at(index: int, value: float) -> Point:
        return room + index * step, height - room - (value - low) / spread * (height - 2 * room)

    shapes, last = [], (0.0, 0.0)
    for begin, end in _runs(values):
        points = [at(i, v) for i, v in enumerate(values[begin:end], begin) if v is not None]
        last = points[-1]
        if len(points) > 1:
            floor = f"L{n(last[0])} {n(height)}L{n(points[0][0])} {n(height)}z"
            shapes.append(shape(polyline(points) + floor, "af c0"))
            shapes.append(shape(polyline(points), "l c0"))
    # A line without length and with round ends: a dot that stays round however it is stretched.
    return "".join(shapes) + shape(f"M{n(last[0])} {n(last[1])}h0", "l dot c0")
