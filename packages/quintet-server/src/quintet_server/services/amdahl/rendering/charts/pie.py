"""Shares of a whole as a ring, with the whole in its middle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quintet_server.services.amdahl.rendering.charts.figure import (
    Drawing,
    Figure,
    LegendEntry,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.parts import (
    Parts,
    heading,
    parts_of,
    share,
    told,
)
from quintet_server.services.amdahl.rendering.charts.svg import arc, color, label, shape, tooltip
from quintet_server.services.amdahl.rendering.values import compact, plain

SLICES_MAX_COUNT = 8
_SIZE_PX, _OUTER_PX, _INNER_PX = 220.0, 106.0, 66.0


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `label`, `value`."""
    found = parts_of(props, SLICES_MAX_COUNT)
    if isinstance(found, Nothing):
        return found
    legend = [
        LegendEntry(part.label, index, compact(part.value), share(part.value, found.total))
        for index, part in enumerate(found.parts)
    ]
    return Figure(
        kind="Pie chart",
        title=heading(props),
        summary=told(found),
        draw=lambda _width: _draw(found),
        legend=legend,
        notes=found.notes,
        marks=len(found.parts),
        fixed_width=_SIZE_PX,
        legend_beside=True,
    )


def _draw(found: Parts) -> Drawing:
    middle, angle = _SIZE_PX / 2, 0.0
    shapes = []
    for index, part in enumerate(found.parts):
        end = angle + math.tau * part.value / found.total
        text = f"{part.label}\n{plain(part.value)} · {share(part.value, found.total)}"
        path = arc(middle, middle, _OUTER_PX, _INNER_PX, angle, end)
        shapes.append(shape(path, f"b slice {color(index)}", tooltip(text)))
        angle = end
    shapes.append(label(middle, middle + 5, compact(found.total), "big", "m"))
    shapes.append(label(middle, middle + 24, "total", "t", "m"))
    return Drawing(_SIZE_PX, _SIZE_PX, "".join(shapes))
