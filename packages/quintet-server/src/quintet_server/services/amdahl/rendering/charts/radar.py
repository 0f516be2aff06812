"""Several measures of the same thing around a middle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_NUMBERS,
    NO_ROWS,
    Drawing,
    Figure,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.scales import Linear, linear
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
    around,
    circle,
    color,
    label,
    polyline,
    rule,
    shape,
    tooltip,
)
from quintet_server.services.amdahl.rendering.charts.text_width import fitted
from quintet_server.services.amdahl.rendering.values import compact, plain

SPOKES_MAX_COUNT = 24
_WIDTH_PX, _HEIGHT_PX, _RADIUS_PX = 372.0, 268.0, 98.0


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `label`, `value`."""
    rows, field = rows_of(props.get("data")), str(props.get("label"))
    values = fields_of(props.get("value"))
    if not rows:
        return NO_ROWS
    table = table_of(rows, field, values).first(SPOKES_MAX_COUNT)
    if not table.numbers():
        return NO_NUMBERS
    return Figure(
        kind="Radar chart",
        title=title(values, field),
        summary=summary(table),
        draw=lambda _width: Radar(table).draw(),
        legend=table.legend(),
        notes=table.notes,
        marks=len(table.numbers()),
        fixed_width=_WIDTH_PX,
    )


@dataclass(frozen=True, slots=True)
class Radar:
    """Spokes, one for each row, and a ring for each series."""

    table: Table

    def draw(self) -> Drawing:
        """The web, the rings, the names around."""
        scale = linear(self.table.numbers(), 0, _RADIUS_PX, ticks_count=4)
        shapes = [*self._web(scale)]
        for index, series in enumerate(self.table.series):
            shapes.append(self._ring(index, series, scale))
        return Drawing(_WIDTH_PX, _HEIGHT_PX, "".join(shapes))

    def _angle(self, spoke: int) -> float:
        return math.tau * spoke / max(1, len(self.table.labels))

    def _at(self, spoke: int, radius: float) -> tuple[float, float]:
        return around(_WIDTH_PX / 2, _HEIGHT_PX / 2, radius, self._angle(spoke))

    def _web(self, scale: Linear) -> list[str]:
        spokes = range(len(self.table.labels))
        shapes = []
        for tick in scale.ticks[1:]:
            ring = [self._at(spoke, scale(tick)) for spoke in spokes]
            shapes.append(shape(polyline(ring) + "z", "g web"))
        for spoke in spokes:
            x, y = self._at(spoke, _RADIUS_PX)
            shapes.append(rule(_WIDTH_PX / 2, _HEIGHT_PX / 2, x, y))
            shapes.append(self._name(spoke))
        for tick in scale.ticks[1:]:
            y = _HEIGHT_PX / 2 - scale(tick)
            shapes.append(label(_WIDTH_PX / 2 + 4, y + 3, compact(tick, scale.step), "tiny"))
        return shapes

    def _name(self, spoke: int) -> str:
        x, y = self._at(spoke, _RADIUS_PX + 12)
        side = math.sin(self._angle(spoke))
        anchor = "m" if abs(side) < 0.1 else ("" if side > 0 else "e")
        room = _WIDTH_PX if anchor == "m" else (_WIDTH_PX - x if side > 0 else x)
        shift = 4 - 6 * math.cos(self._angle(spoke))
        return label(x, y + shift, fitted(self.table.labels[spoke], room - 4), "k", anchor)

    def _ring(self, index: int, series: Series, scale: Linear) -> str:
        css = color(index)
        points, dots = [], []
        for spoke, value in enumerate(series.values):
            if value is None:
                continue
            x, y = self._at(spoke, scale(value))
            points.append((x, y))
            told = tooltip(f"{self.table.labels[spoke]}\n{series.name}: {plain(value)}")
            dots.append(circle(x, y, 3.5, f"d {css}", told))
        if not points:
            return ""
        return shape(polyline(points) + "z", f"ring {css}") + "".join(dots)
