"""One value on a half circle between two ends, perhaps with a target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.rendering.charts.figure import Drawing, Figure, Nothing
from quintet_server.services.amdahl.rendering.charts.svg import (
    arc,
    around,
    label,
    rule,
    shape,
    tooltip,
)
from quintet_server.services.amdahl.rendering.charts.text_width import fitted
from quintet_server.services.amdahl.rendering.values import compact, number, plain

_WIDTH_PX, _HEIGHT_PX = 260.0, 164.0
_OUTER_PX, _INNER_PX = 112.0, 90.0
_BEGIN, _END = -math.pi / 2, math.pi / 2


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`value`, `min`, `max`, `target`, `label`."""
    value = number(props.get("value"))
    if value is None:
        return Nothing("There is no value to show.")
    low = number(props.get("min")) or 0.0
    high = number(props.get("max"))
    high = 100.0 if high is None else high
    if high <= low:
        high = low + max(1.0, abs(low))
    target = number(props.get("target"))
    text = str(props.get("label") or "")
    gauge = Gauge(value, low, high, target, text)
    aim = "" if target is None else f", target {plain(target)}"
    return Figure(
        kind="Gauge",
        title=text or "Gauge",
        summary=f"{plain(value)} on a scale from {plain(low)} to {plain(high)}{aim}.",
        draw=lambda _width: gauge.draw(),
        marks=1,
        fixed_width=_WIDTH_PX,
        titled=bool(text),
    )


@dataclass(frozen=True, slots=True)
class Gauge:
    """A half ring that is filled up to the value."""

    value: float
    low: float
    high: float
    target: float | None
    text: str

    def _angle(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _BEGIN + max(0.0, min(1.0, share)) * (_END - _BEGIN)

    def draw(self) -> Drawing:
        """The ring, its ends, the value in the middle and the mark of the target."""
        x, y = _WIDTH_PX / 2, 122.0
        shapes = [shape(arc(x, y, _OUTER_PX, _INNER_PX, _BEGIN, _END), "track")]
        end = self._angle(self.value)
        if end - _BEGIN > 0.01:
            ring = arc(x, y, _OUTER_PX, _INNER_PX, _BEGIN, end)
            shapes.append(shape(ring, "b c0", tooltip(plain(self.value))))
        if self.target is not None:
            shapes.append(self._aim(x, y, self.target))
        middle = (_OUTER_PX + _INNER_PX) / 2
        shapes.append(label(x - middle, y + 18, compact(self.low), "t", "m"))
        shapes.append(label(x + middle, y + 18, compact(self.high), "t", "m"))
        shapes.append(label(x, y - 8, compact(self.value), "huge", "m"))
        if self.text:
            shapes.append(label(x, y + 14, fitted(self.text, 150), "k", "m"))
        if self.target is not None:
            aim = f"Target {compact(self.target)}"
            shapes.append(label(x, y + (34 if self.text else 14), aim, "t", "m"))
        return Drawing(_WIDTH_PX, _HEIGHT_PX, "".join(shapes))

    def _aim(self, x: float, y: float, target: float) -> str:
        angle = self._angle(target)
        inner = around(x, y, _INNER_PX - 5, angle)
        outer = around(x, y, _OUTER_PX + 5, angle)
        return rule(*inner, *outer, "aim")
