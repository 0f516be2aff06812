"""Parts of a whole as tiles whose areas are their sizes, near to squares.

The layout is "squarified treemaps" (Bruls, Huizing, van Wijk, 2000): rows are filled along the
shorter side as long as that makes the worst tile of a row no longer than before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from quintet_server.services.amdahl.rendering.charts.axes import height_for
from quintet_server.services.amdahl.rendering.charts.figure import Drawing, Figure, Nothing
from quintet_server.services.amdahl.rendering.charts.parts import (
    Parts,
    heading,
    parts_of,
    share,
    told,
)
from quintet_server.services.amdahl.rendering.charts.svg import color, label, n, tooltip
from quintet_server.services.amdahl.rendering.charts.text_width import fitted
from quintet_server.services.amdahl.rendering.values import compact, plain

TILES_MAX_COUNT = 60


class Tile(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `label`, `value`."""
    found = parts_of(props, TILES_MAX_COUNT)
    if isinstance(found, Nothing):
        return found
    return Figure(
        kind="Treemap",
        title=heading(props),
        summary=told(found),
        draw=Treemap(found).draw,
        notes=found.notes,
        marks=len(found.parts),
    )


@dataclass(frozen=True, slots=True)
class Treemap:
    """Tiles of parts."""

    found: Parts

    def draw(self, width: float) -> Drawing:
        """The tiles, each with its name and value where they fit."""
        height = height_for(width)
        sizes = [part.value for part in self.found.parts]
        tiles = squarified(sizes, Tile(0, 0, width, height))
        shapes = [self._tile(index, tile) for index, tile in enumerate(tiles)]
        return Drawing(width, height, "".join(shapes))

    def _tile(self, index: int, tile: Tile) -> str:
        part = self.found.parts[index]
        of_all = share(part.value, self.found.total)
        width, height = max(0.5, tile.width - 3), max(0.5, tile.height - 3)
        text = tooltip(f"{part.label}\n{plain(part.value)} · {of_all}")
        drawn = (
            f'<rect class="cell {color(index)}" x="{n(tile.x + 1.5)}" y="{n(tile.y + 1.5)}" '
            f'width="{n(width)}" height="{n(height)}" rx="4">{text}</rect>'
        )
        shown = fitted(part.label, width - 16) if height > 24 else ""
        if shown:
            drawn += label(tile.x + 10, tile.y + 20, shown, "n")
            value = fitted(f"{compact(part.value)} · {of_all}", width - 16)
            if height > 42 and not value.endswith("…"):
                drawn += label(tile.x + 10, tile.y + 37, value, "t")
        return drawn


def squarified(sizes: Sequence[float], field: Tile) -> list[Tile]:
    """Tiles that fill the field; `sizes` above zero, biggest first."""
    scale = field.width * field.height / sum(sizes)
    areas = [max(size * scale, 1e-9) for size in sizes]
    tiles: list[Tile] = []
    row: list[float] = []
    for area in areas:
        side = min(field.width, field.height)
        if row and _worst([*row, area], side) > _worst(row, side):
            placed, field = _laid(row, field)
            tiles += placed
            row = []
        row.append(area)
    return [*tiles, *_laid(row, field)[0]]


def _worst(row: Sequence[float], side: float) -> float:
    """How far the longest tile of a row is from a square."""
    total = sum(row)
    side = max(side, 1e-9)
    return max(side**2 * max(row) / total**2, total**2 / (side**2 * min(row)))


def _laid(row: Sequence[float], field: Tile) -> tuple[list[Tile], Tile]:
    """The tiles of a row along the shorter side, and the field that remains."""
    total = sum(row)
    if field.width >= field.height:
        thick = min(field.width, total / max(field.height, 1e-9))
        tiles = [Tile(field.x, y, thick, size) for y, size in _steps(row, field.y, field.height)]
        rest = Tile(field.x + thick, field.y, field.width - thick, field.height)
    else:
        thick = min(field.height, total / max(field.width, 1e-9))
        tiles = [Tile(x, field.y, size, thick) for x, size in _steps(row, field.x, field.width)]
        rest = Tile(field.x, field.y + thick, field.width, field.height - thick)
    return tiles, rest


def _steps(row: Sequence[float], begin: float, side: float) -> Iterator[tuple[float, float]]:
    """Share a side out; dividing by what is left of the other one would be all rounding."""
    total = sum(row)
    for area in row:
        size = side * area / total
        yield begin, size
        begin += size
