"""Stages one below the other, each as wide as what is left; between them what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from quintet_server.services.amdahl.rendering.charts.figure import Drawing, Figure, Nothing
from quintet_server.services.amdahl.rendering.charts.parts import Parts, heading, parts_of, share
from quintet_server.services.amdahl.rendering.charts.svg import bar, label, n, shape, tooltip
from quintet_server.services.amdahl.rendering.charts.text_width import fitted, text_width
from quintet_server.services.amdahl.rendering.values import compact, plain

STAGES_MAX_COUNT = 30
_BAR_PX, _GAP_PX = 30.0, 14.0


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`data`, `label`, `value`; the stages stay in the order of the query."""
    found = parts_of(props, STAGES_MAX_COUNT, by_size=False)
    if isinstance(found, Nothing):
        return found
    stages = ", ".join(f"{part.label[:60]} {plain(part.value)}" for part in found.parts[:10])
    return Figure(
        kind="Funnel chart",
        title=heading(props),
        summary=f"{len(found.parts)} stages: {stages}.",
        draw=Funnel(found).draw,
        notes=found.notes,
        marks=len(found.parts),
    )


@dataclass(frozen=True, slots=True)
class Funnel:
    """Stages of a funnel."""

    found: Parts

    def draw(self, width: float) -> Drawing:
        """Names at the left, values at the right, bars around one middle between them."""
        parts = self.found.parts
        names = [fitted(part.label, width * 0.28) for part in parts]
        values = [self._value(index) for index in range(len(parts))]
        left = max(map(text_width, names)) + 14
        right = width - max(map(text_width, values)) - 14
        middle, room = (left + right) / 2, (right - left) / 2
        biggest = max(part.value for part in parts)
        halves = [max(1.0, room * part.value / biggest) for part in parts]
        tops = [4 + index * (_BAR_PX + _GAP_PX) for index in range(len(parts))]
        shapes = []
        for (top, half), (_, after) in pairwise(zip(tops, halves, strict=True)):
            y = top + _BAR_PX
            path = f"M{n(middle - half)} {n(y)}H{n(middle + half)}L{n(middle + after)} "
            path += f"{n(y + _GAP_PX)}H{n(middle - after)}z"
            shapes.append(shape(path, "f c0"))
        for index, part in enumerate(parts):
            top, half = tops[index], halves[index]
            told = tooltip(f"{part.label}\n{plain(part.value)}{self._kept(index)}")
            path = bar(middle - half, top, 2 * half, _BAR_PX, "")
            shapes.append(shape(path, "b c0", told))
            y = top + _BAR_PX / 2 + 4
            shapes.append(label(left - 14, y, names[index], "k", "e"))
            shapes.append(label(width, y, values[index], "v", "e"))
        return Drawing(width, tops[-1] + _BAR_PX + 4, "".join(shapes))

    def _value(self, index: int) -> str:
        parts = self.found.parts
        text = compact(parts[index].value)
        return text if index == 0 else f"{text} · {share(parts[index].value, parts[0].value)}"

    def _kept(self, index: int) -> str:
        parts = self.found.parts
        if index == 0:
            return ""
        return f"\n{share(parts[index].value, parts[index - 1].value)} of the stage before"
