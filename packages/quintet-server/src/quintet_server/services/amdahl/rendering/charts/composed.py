"""Bars and lines over the same names; lines of another order of size get an axis of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.rendering.charts.axes import band_labels, plot
from quintet_server.services.amdahl.rendering.charts.bars import Bars
from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_NUMBERS,
    NO_ROWS,
    Drawing,
    Figure,
    LegendEntry,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.lines import DETAIL_MAX_COUNT
from quintet_server.services.amdahl.rendering.charts.scales import Band, Linear
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
    polyline,
    shape,
    tooltip,
)
from quintet_server.services.amdahl.rendering.values import plain

OWN_AXIS_RATIO = 8.0
"""How many times bigger the one must be than the other before they stop sharing an axis."""


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `x`, `bars`, `lines`."""
    rows, x = rows_of(props.get("data")), str(props.get("x"))
    bars, lines = fields_of(props.get("bars")), fields_of(props.get("lines"))
    if not rows:
        return NO_ROWS
    chart = Composed(table_of(rows, x, bars), table_of(rows, x, lines))
    both = [*chart.bars.series, *chart.lines.series]
    numbers = [*chart.bars.numbers(), *chart.lines.numbers()]
    if not numbers:
        return NO_NUMBERS
    whole = Table(chart.bars.axis, chart.bars.places, chart.bars.labels, both, [])
    return Figure(
        kind="Bar and line chart",
        title=title([*bars, *lines], x),
        summary=summary(whole),
        draw=chart.draw,
        legend=chart.legend(),
        notes=[*chart.bars.notes, *chart.lines.notes],
        marks=len(numbers),
    )


@dataclass(frozen=True, slots=True)
class Composed:
    """Bars and lines of the same rows."""

    bars: Table
    lines: Table

    @property
    def apart(self) -> bool:
        """True if the lines have an axis of their own."""
        bars = max(map(abs, self.bars.numbers()), default=0.0)
        lines = max(map(abs, self.lines.numbers()), default=0.0)
        return bool(bars and lines) and not 1 / OWN_AXIS_RATIO < bars / lines < OWN_AXIS_RATIO

    def legend(self) -> list[LegendEntry]:
        """An entry for each series, bars first."""
        right = " (right axis)" if self.apart else ""
        bars = [LegendEntry(each.name, index) for index, each in enumerate(self.bars.series)]
        lines = enumerate(self.lines.series, self._first_line)
        return bars + [LegendEntry(each.name + right, index) for index, each in lines]

    @property
    def _first_line(self) -> int:
        """The colour of the first line: not next to that of the last bar, for they overlap."""
        return len(self.bars.series) + 1 if self.bars.series else 0

    def draw(self, width: float) -> Drawing:
        """Bars first, lines over them."""
        count, bars, lines = len(self.bars.places), self.bars.numbers(), self.lines.numbers()
        field = plot(
            width,
            bars if self.apart else [*bars, *lines],
            lambda left, right: band_labels(Band(count, left, right), self.bars),
            zero=True,
            right_values=lines if self.apart else None,
        )
        band = Band(count, field.left, field.right)
        shapes = (
            Bars(self.bars, stacked=False, labelled=False).columns(band, field.y) if bars else ""
        )
        for index, series in enumerate(self.lines.series, self._first_line):
            shapes += self._line(series, index, band, field.y_right or field.y)
        return Drawing(field.width, field.height, field.shapes + shapes)

    def _line(self, series: Series, index: int, band: Band, y: Linear) -> str:
        shapes: list[str] = []
        run: list[tuple[float, float]] = []
        dots: list[str] = []
        for place, value in enumerate([*series.values, None]):
            if value is not None:
                run.append((band.middle(place), y(value)))
                told = tooltip(f"{self.bars.labels[place]}\n{series.name}: {plain(value)}")
                dots.append(circle(*run[-1], 4, f"d {color(index)}", told))
            elif run:
                path = polyline(run)
                shapes.append(shape(path, "l under") + shape(path, f"l {color(index)}"))
                run = []
        return "".join(shapes) + ("".join(dots) if len(dots) <= DETAIL_MAX_COUNT else "")
