"""Signals on a map: by two measures if it has them, else packed, the biggest in the middle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.rendering.charts import scatter
from quintet_server.services.amdahl.rendering.charts.circles import Circle, packed
from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_ROWS,
    Drawing,
    Figure,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.series import rows_of
from quintet_server.services.amdahl.rendering.charts.svg import circle, color, label, tooltip
from quintet_server.services.amdahl.rendering.charts.text_width import fitted
from quintet_server.services.amdahl.rendering.values import compact, name, number, title_of

PACKED_MAX_COUNT = 60


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `x`, `y`, `label`, `size`."""
    rows = rows_of(props.get("data"))
    if not rows:
        return NO_ROWS
    if isinstance(props.get("x"), str) and isinstance(props.get("y"), str):
        found = scatter.figure(props, quadrants=True)
        if isinstance(found, Nothing):
            return found
        return Figure(
            kind="Signal map",
            title=found.title,
            summary=found.summary,
            draw=found.draw,
            notes=[*found.notes, "The dashed lines are the medians."],
            marks=found.marks,
        )
    return _packed(rows, props)


def _packed(rows: Sequence[Mapping[str, Any]], props: Mapping[str, Any]) -> Figure | Nothing:
    size = props.get("size") or props.get("y") or props.get("x")
    field = props.get("label") or next(iter(rows[0]), "")
    signals = [(_size(row, size), name(row.get(str(field)))) for row in rows]
    signals = sorted((each for each in signals if each[0] > 0), key=lambda each: -each[0])
    if not signals:
        return Nothing("None of the rows has a size above zero.")
    shown = signals[:PACKED_MAX_COUNT]
    biggest = shown[0][0]
    discs = packed([max(0.09, math.sqrt(each / biggest)) for each, _ in shown])
    notes = [] if shown == signals else [f"The biggest {len(shown)} of {len(signals):,} are shown."]
    what = title_of(size) if isinstance(size, str) else "Signals"
    return Figure(
        kind="Signal map",
        title=f"{what} by {title_of(str(field)).lower()}",
        summary=f"{len(shown)} signals; the biggest is {shown[0][1][:60]} ({compact(biggest)}).",
        draw=Packed(shown, discs, sized=isinstance(size, str)).draw,
        notes=notes,
        marks=len(shown),
    )


def _size(row: Mapping[str, Any], size: Any) -> float:
    return (number(row.get(size)) or 0.0) if isinstance(size, str) else 1.0


@dataclass(frozen=True, slots=True)
class Packed:
    """Discs that touch each other and do not overlap."""

    signals: Sequence[tuple[float, str]]
    discs: Sequence[Circle]
    sized: bool

    def draw(self, width: float) -> Drawing:
        """The discs, scaled to the width."""
        left = min(disc.x - disc.radius for disc in self.discs)
        right = max(disc.x + disc.radius for disc in self.discs)
        top = min(disc.y - disc.radius for disc in self.discs)
        bottom = max(disc.y + disc.radius for disc in self.discs)
        height = max(220.0, min(380.0, width * 0.6))
        scale = min((width - 8) / (right - left), (height - 8) / (bottom - top), 110.0)
        dx = width / 2 - (left + right) / 2 * scale
        height = (bottom - top) * scale + 8
        dy = height / 2 - (top + bottom) / 2 * scale
        shapes = []
        for index, (disc, (size, text)) in enumerate(zip(self.discs, self.signals, strict=True)):
            x, y, radius = disc.x * scale + dx, disc.y * scale + dy, disc.radius * scale
            told = f"{text}\n{compact(size)}" if self.sized else text
            shapes.append(circle(x, y, max(1, radius - 1.5), f"cell {color(index)}", tooltip(told)))
            shown = fitted(text, radius * 1.75) if radius > 16 else ""
            second = self.sized and radius > 24
            if shown:
                shapes.append(label(x, y + (0 if second else 4), shown, "n", "m"))
            if shown and second:
                shapes.append(label(x, y + 15, compact(size), "t", "m"))
        return Drawing(width, height, "".join(shapes))
