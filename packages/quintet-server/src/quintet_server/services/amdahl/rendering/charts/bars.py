"""Bars: side by side or stacked, upright or lying; negative values go the other way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from quintet_server.services.amdahl.rendering.charts.axes import (
    axis_width,
    band_labels,
    plot,
)
from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_NUMBERS,
    NO_ROWS,
    Drawing,
    Figure,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.scales import Band, Linear, linear
from quintet_server.services.amdahl.rendering.charts.series import (
    Table,
    fields_of,
    rows_of,
    summary,
    table_of,
    title,
)
from quintet_server.services.amdahl.rendering.charts.svg import (
    bar,
    color,
    label,
    n,
    rule,
    shape,
    tooltip,
)
from quintet_server.services.amdahl.rendering.charts.text_width import fitted, text_width
from quintet_server.services.amdahl.rendering.markup import escape
from quintet_server.services.amdahl.rendering.values import compact, plain

LYING_MAX_COUNT = 60
"""Lying bars take a line each; more are a page of their own."""
DETAIL_MAX_COUNT = 240
"""Beyond so many bars they are lines without tooltips."""
_THICKEST_PX = 56.0


class Piece(NamedTuple):
    """One rectangle: which series, from which value to which, and the value it stands for."""

    series: int
    low: float
    high: float
    value: float


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `x`, `y`, `series`, `stacked`, `horizontal`."""
    rows, x, ys = rows_of(props.get("data")), str(props.get("x")), fields_of(props.get("y"))
    if not rows:
        return NO_ROWS
    by = props.get("series")
    table = table_of(rows, x, ys, by)
    lying = bool(props.get("horizontal"))
    table = table.first(LYING_MAX_COUNT) if lying else table
    if not table.numbers():
        return NO_NUMBERS
    bars = Bars(table, bool(props.get("stacked")) and len(table.series) > 1)
    return Figure(
        kind="Bar chart",
        title=title(ys, x, by),
        summary=summary(table),
        draw=bars.lying if lying else bars.upright,
        legend=table.legend(),
        notes=table.notes,
        marks=len(table.places) * len(table.series),
    )


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of a table."""

    table: Table
    stacked: bool
    labelled: bool = True

    def pieces(self, place: int) -> Iterator[Piece]:
        """The rectangles of one place; stacked ones pile up on both sides of zero."""
        above = below = 0.0
        for index, series in enumerate(self.table.series):
            value = series.values[place]
            if value is None:
                continue
            if not self.stacked:
                yield Piece(index, min(value, 0.0), max(value, 0.0), value)
            elif value >= 0:
                yield Piece(index, above, above + value, value)
                above += value
            else:
                yield Piece(index, below + value, below, value)
                below += value

    def extent(self) -> list[float]:
        """Every value that the axis must hold."""
        return [
            end
            for place in range(len(self.table.places))
            for piece in self.pieces(place)
            for end in (piece.low, piece.high)
        ]

    def upright(self, width: float) -> Drawing:
        """Bars that stand on the axis of names."""
        count = len(self.table.places)
        field = plot(
            width,
            self.extent(),
            lambda left, right: band_labels(Band(count, left, right), self.table),
            room_below=14 if min(self.table.numbers()) < 0 and not self.stacked else 0,
        )
        shapes = self.columns(Band(count, field.left, field.right), field.y)
        return Drawing(field.width, field.height, field.shapes + shapes)

    def columns(self, band: Band, y: Linear) -> str:
        """The upright bars themselves."""
        if band.count * len(self.table.series) > DETAIL_MAX_COUNT:
            return self._dense(band, y)
        lanes = 1 if self.stacked else len(self.table.series)
        thick = min(_THICKEST_PX, band.step * (0.68 if lanes == 1 else 0.8) / lanes)
        shapes, written = [], self._labels_fit(thick, lanes)
        for place in range(band.count):
            begin = band.middle(place) - thick * lanes / 2
            for piece in self.pieces(place):
                left = begin + (0 if self.stacked else piece.series * thick)
                top, bottom = y(piece.high), y(piece.low)
                inner = max(1.0, thick - (2 if lanes > 1 else 0))
                end = "" if self.stacked else ("top" if piece.value >= 0 else "bottom")
                path = bar(left, top, inner, max(bottom - top, 0.8), end)
                shapes.append(shape(path, _css(piece), self._tooltip(place, piece)))
                if written:
                    at = top - 5 if piece.value >= 0 else bottom + 14
                    shapes.append(label(left + inner / 2, at, compact(piece.value), "v", "m"))
        return "".join(shapes)

    def _labels_fit(self, thick: float, lanes: int) -> bool:
        if self.stacked or not self.labelled or lanes > 3:
            return False
        texts = (compact(value) for value in self.table.numbers())
        return all(text_width(text) <= thick + (10 if lanes == 1 else 0) for text in texts)

    def _dense(self, band: Band, y: Linear) -> str:
        """One path for each series, of lines as wide as there is room."""
        paths: dict[int, list[str]] = {}
        shift = 0.0 if self.stacked else band.step * 0.8 / len(self.table.series)
        for place in range(band.count):
            for piece in self.pieces(place):
                x = band.middle(place) + (piece.series - (len(self.table.series) - 1) / 2) * shift
                path = f"M{x:.2f} {n(y(piece.low))}V{n(y(piece.high))}"
                paths.setdefault(piece.series, []).append(path)
        thick = max(0.3, shift or band.step * 0.8)
        return "".join(
            f'<path class="s {color(index)}" stroke-width="{thick:.2f}" d="{"".join(found)}"/>'
            for index, found in paths.items()
        )

    def lying(self, width: float) -> Drawing:
        """Bars that lie beside their names: for many of them, or for long ones."""
        count, lanes = len(self.table.places), 1 if self.stacked else len(self.table.series)
        thick = 20.0 if lanes == 1 else 14.0
        band = Band(count, 4, 4 + count * (thick * lanes + 12))
        labels = [fitted(text, width * 0.36) for text in self.table.labels]
        left = max(map(text_width, labels), default=0.0) + 12
        scale = linear(self.extent(), 0, 1)
        right = width - 8 - (0 if self.stacked else self._widest())
        negative = scale.low < 0 and not self.stacked
        scale = replace(scale, start=left + (self._widest() if negative else 0), end=right)
        shapes = [_upright_grid(scale, band.end + 4)]
        for place, text in enumerate(labels):
            middle = band.middle(place)
            shapes.append(_name(left - 10, middle + 4, text, self.table.labels[place]))
            begin = middle - thick * lanes / 2
            for piece in self.pieces(place):
                top = begin + (0 if self.stacked else piece.series * thick)
                shapes.append(self._lying(place, piece, scale, top, thick - (lanes > 1) * 2))
        return Drawing(width, band.end + 28, "".join(shapes))

    def _lying(self, place: int, piece: Piece, x: Linear, top: float, thick: float) -> str:
        left, right = x(piece.low), x(piece.high)
        end = "" if self.stacked else ("right" if piece.value >= 0 else "left")
        path = bar(left, top, max(right - left, 0.8), thick, end)
        drawn = shape(path, _css(piece), self._tooltip(place, piece))
        if self.stacked:
            return drawn
        at, anchor = (right + 6, "") if piece.value >= 0 else (left - 6, "e")
        return drawn + label(at, top + thick / 2 + 4, compact(piece.value), "v", anchor)

    def _widest(self) -> float:
        return 8 + max(text_width(compact(value)) for value in self.table.numbers())

    def _tooltip(self, place: int, piece: Piece) -> str:
        series = self.table.series
        what = f"{series[piece.series].name}: " if len(series) > 1 else ""
        return tooltip(f"{self.table.labels[place]}\n{what}{plain(piece.value)}")


def _css(piece: Piece) -> str:
    return f"b {color(piece.series)}"


def _name(x: float, y: float, text: str, whole: str) -> str:
    return f'<text class="k ae" x="{n(x)}" y="{n(y)}">{tooltip(whole)}{escape(text)}</text>'


def _upright_grid(scale: Linear, bottom: float) -> str:
    """Vertical lines with labels below, as many as have room."""
    room = abs(scale.end - scale.start) / max(1, len(scale.ticks) - 1)
    every = 1 if axis_width(scale) <= room else 2
    shapes = []
    for index, tick in enumerate(scale.ticks):
        x = scale(tick)
        shapes.append(rule(x, 0, x, bottom, "g" if tick else "g z"))
        if index % every == 0:
            shapes.append(label(x, bottom + 16, compact(tick, scale.step), "t", "m"))
    return "".join(shapes)
