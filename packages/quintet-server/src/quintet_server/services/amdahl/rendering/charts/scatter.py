"""Points by two measures; a third may be their size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from quintet_server.services.amdahl.rendering.charts.axes import plot, span, span_labels
from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_ROWS,
    Drawing,
    Figure,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.series import Table, rows_of, table_of
from quintet_server.services.amdahl.rendering.charts.svg import circle, label, rule, tooltip
from quintet_server.services.amdahl.rendering.charts.text_width import fitted, text_width
from quintet_server.services.amdahl.rendering.values import name, number, plain, title_of

LABELS_MAX_COUNT = 40
_SMALLEST_PX, _BIGGEST_PX, _USUAL_PX = 4.0, 22.0, 5.0


class Spot(NamedTuple):
    """One point: its place in the table, its value, its radius and what it is called."""

    place: int
    y: float
    radius: float
    label: str
    told: str


def figure(props: Mapping[str, Any], *, quadrants: bool = False) -> Figure | Nothing:
    """`data`, `x`, `y`, `size`, `label`; `quadrants` draws the middles of both measures."""
    rows = rows_of(props.get("data"))
    x, y = str(props.get("x")), str(props.get("y"))
    if not rows:
        return NO_ROWS
    known = [row for row in rows if number(row.get(y)) is not None and row.get(x) is not None]
    if not known:
        return Nothing("None of the rows has both measures.")
    table = table_of(known, x, [y])
    spots = _spots(known, table, props)
    left_out = len(rows) - len(known)
    notes = [f"{left_out:,} without both measures left out."] if left_out else []
    size = props.get("size")
    if isinstance(size, str):
        notes.append(f"Size: {title_of(size).lower()}.")
    values = table.numbers()
    return Figure(
        kind="Scatter chart",
        title=f"{title_of(y)} and {title_of(x).lower()}",
        summary=f"{len(spots):,} points; {title_of(y)} from {plain(min(values))} "
        f"to {plain(max(values))}.",
        draw=Scatter(table, spots, title_of(x), title_of(y), quadrants=quadrants).draw,
        notes=notes,
        marks=len(spots),
    )


def _spots(rows: Sequence[Mapping[str, Any]], table: Table, props: Mapping[str, Any]) -> list[Spot]:
    radii = radii_of(rows, props.get("size"))
    label_field, size = props.get("label"), props.get("size")
    spots = []
    for place, row in enumerate(rows):
        text = name(row.get(label_field)) if isinstance(label_field, str) else ""
        told = [
            *([text] if text else []),
            f"{title_of(str(props.get('x')))}: {table.labels[place]}",
            f"{title_of(str(props.get('y')))}: {name(row.get(str(props.get('y'))))}",
            *([f"{title_of(size)}: {name(row.get(size))}"] if isinstance(size, str) else []),
        ]
        y = table.series[0].values[place] or 0.0
        spots.append(Spot(place, y, radii[place], text, "\n".join(told)))
    # Big ones first, so that small ones lie on top of them.
    return sorted(spots, key=lambda spot: -spot.radius)


def radii_of(rows: Sequence[Mapping[str, Any]], size: Any) -> list[float]:
    """Radii whose areas are as the sizes; without a size column all are alike."""
    if not isinstance(size, str):
        return [_USUAL_PX] * len(rows)
    sizes = [max(0.0, number(row.get(size)) or 0.0) for row in rows]
    biggest = max(sizes, default=0.0) or 1.0
    return [max(_SMALLEST_PX, _BIGGEST_PX * math.sqrt(each / biggest)) for each in sizes]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points of a table."""

    table: Table
    spots: Sequence[Spot]
    x_name: str
    y_name: str
    quadrants: bool

    def draw(self, width: float) -> Drawing:
        """The points in their field, with the labels that have room."""
        values = self.table.numbers()
        field = plot(
            width,
            values,
            lambda left, right: span_labels(self.table, left, right),
            zero=min(values) >= 0 and min(values) < max(values) / 3,
        )
        y, at = field.y, span(self.table, field.left, field.right)
        shrink = min(1.0, width / 620)
        placed = [
            (at(self.table.places[s.place]), y(s.y), s.radius * (shrink if s.radius > 6 else 1), s)
            for s in self.spots
        ]
        shapes = [field.shapes]
        if self.quadrants:
            shapes += _middles([p[:2] for p in placed], field.left, field.right, field.bottom)
        shapes += [circle(px, py, r, "p c0", tooltip(spot.told)) for px, py, r, spot in placed]
        if len(self.spots) <= LABELS_MAX_COUNT:
            shapes += _labels(placed, field.left, field.right)
        shapes.append(label(0, 2, fitted(f"↑ {self.y_name}", width / 2), "t"))
        across = fitted(f"{self.x_name} →", width / 2)
        shapes.append(label(field.right, field.height + 12, across, "t", "e"))
        return Drawing(field.width, field.height + 18, "".join(shapes))


def _middles(
    points: Sequence[tuple[float, float]], left: float, right: float, bottom: float
) -> list[str]:
    xs, ys = sorted(x for x, _ in points), sorted(y for _, y in points)
    x, y = xs[len(xs) // 2], ys[len(ys) // 2]
    return [rule(x, 8, x, bottom, "g q"), rule(left, y, right, y, "g q")]


def _labels(
    placed: Sequence[tuple[float, float, float, Spot]], left: float, right: float
) -> list[str]:
    """Labels beside their points, each only where it touches nothing that is there already."""
    taken = [(x - r, y - r, x + r, y + r) for x, y, r, _ in placed]
    shapes = []
    for x, y, radius, spot in placed:
        text = fitted(spot.label, 130, 11)
        width = text_width(text, 11)
        for begin, anchor in ((x + radius + 4, ""), (x - radius - 4 - width, "e")):
            box = (begin, y - 7, begin + width, y + 7)
            if not text or box[0] < left or box[2] > right or any(_touch(box, o) for o in taken):
                continue
            taken.append(box)
            shapes.append(label(box[2] if anchor else begin, y + 4, text, "n", anchor))
            break
    return shapes


Box = tuple[float, float, float, float]


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
