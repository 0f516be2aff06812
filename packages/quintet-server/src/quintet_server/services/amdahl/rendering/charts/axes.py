"""What a plot stands in: the grid of the values, and labels below that do not run together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from quintet_server.services.amdahl.rendering.charts import time_scale
from quintet_server.services.amdahl.rendering.charts.scales import Band, Linear, linear
from quintet_server.services.amdahl.rendering.charts.series import Table
from quintet_server.services.amdahl.rendering.charts.svg import label, n, rule, tooltip
from quintet_server.services.amdahl.rendering.charts.text_width import fitted, text_width
from quintet_server.services.amdahl.rendering.markup import escape
from quintet_server.services.amdahl.rendering.values import compact

TOP_PX = 18.0
"""Room above for the labels of the highest marks."""
_GAP_PX = 8.0
_LINE_PX = 15.0
_TILT_DEGREES = 38
_TILTED_MAX_PX = 120.0
_COS, _SIN = math.cos(math.radians(_TILT_DEGREES)), math.sin(math.radians(_TILT_DEGREES))

Labels = tuple[float, Callable[[float], str]]
"""The height that labels need, and how they are drawn below a given line."""


@dataclass(frozen=True, slots=True)
class Plot:
    """The field in which values are drawn."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    y: Linear
    shapes: str
    """The grid and the labels around."""
    y_right: Linear | None = None


def height_for(width: float) -> float:
    """A pleasant height of a chart that is so wide."""
    return max(210.0, min(340.0, width * 0.46))


def plot(
    width: float,
    values: Sequence[float],
    labels: Callable[[float, float], Labels],
    *,
    zero: bool = True,
    right_values: Sequence[float] | None = None,
    room_below: float = 0.0,
) -> Plot:
    """A field with a value axis at the left, perhaps another at the right, and labels below.

    `labels` is told the left and the right edge; `room_below` is kept free between the lowest
    value and them.
    """
    height = height_for(width)
    scale = linear(values, 0, 1, zero=zero)
    other = None if right_values is None else linear(right_values, 0, 1, zero=True)
    left = axis_width(scale)
    right = width - (4 if other is None else axis_width(other))
    room, below = labels(left, right)
    bottom = height - room
    scale = replace(scale, start=bottom - room_below, end=TOP_PX)
    shapes = grid(scale, left, right) + below(bottom)
    if other is not None:
        other = replace(other, start=bottom - room_below, end=TOP_PX)
        shapes += "".join(
            label(right + _GAP_PX, other(tick) + 4, compact(tick, other.step), "t")
            for tick in other.ticks
        )
    return Plot(width, height, left, right, bottom, scale, shapes, other)


def axis_width(scale: Linear) -> float:
    """Pixels that the labels of a value axis take."""
    widest = max(text_width(compact(tick, scale.step)) for tick in scale.ticks)
    return widest + _GAP_PX + 2


def grid(scale: Linear, left: float, right: float) -> str:
    """Horizontal lines with their labels; the one of zero is stronger."""
    shapes = []
    for tick in scale.ticks:
        y = scale(tick)
        shapes.append(rule(left, y, right, y, "g" if tick else "g z"))
        shapes.append(label(left - _GAP_PX, y + 4, compact(tick, scale.step), "t", "e"))
    return "".join(shapes)


def band_labels(band: Band, table: Table) -> Labels:
    """Labels in the middle of bands: in one line, in two, tilted, or some of them left out."""
    step, labels = band.step, table.labels
    widths = [text_width(each[:100]) for each in labels]
    widest = max(widths, default=0.0)
    places = [band.middle(index) for index in range(band.count)]
    if widest <= step - 6:
        return _flat(places, labels, labels)
    if table.axis != "name":
        every = math.ceil((widest + 12) / step)
        return _flat(places[::every], labels[::every], labels[::every])
    if step >= 52 and all(_wrapped(each, step - 6) for each in labels):
        return _two_lines(places, [_wrapped(each, step - 6) or [each] for each in labels])
    if step >= 96:
        return _flat(places, [fitted(each, step - 8) for each in labels], labels)
    every = max(1, math.ceil((16 if step >= 8 else 40) / step))
    return _tilted(places[::every], labels[::every])


def _flat(places: Sequence[float], shown: Sequence[str], full: Sequence[str]) -> Labels:
    def draw(y: float) -> str:
        return "".join(
            label(x, y + 18, text, "t", "m") if text == whole else _cut(x, y + 18, text, whole)
            for x, text, whole in zip(places, shown, full, strict=True)
        )

    return 26.0, draw


def _cut(x: float, y: float, text: str, whole: str) -> str:
    return f'<text class="t am" x="{n(x)}" y="{n(y)}">{tooltip(whole)}{escape(text)}</text>'


def _two_lines(places: Sequence[float], lines: Sequence[Sequence[str]]) -> Labels:
    def draw(y: float) -> str:
        return "".join(
            label(x, y + 18 + row * _LINE_PX, text, "t", "m")
            for x, pair in zip(places, lines, strict=True)
            for row, text in enumerate(pair)
        )

    return 26.0 + _LINE_PX, draw


def _wrapped(text: str, width: float) -> list[str] | None:
    """The text in at most two lines, broken between words; None if it does not fit."""
    if text_width(text[:100]) <= width:
        return [text]
    words = text[:100].split(" ")
    for cut in range(1, len(words)):
        pair = [" ".join(words[:cut]), " ".join(words[cut:])]
        if all(text_width(each) <= width for each in pair):
            return pair
    return None


def _tilted(places: Sequence[float], labels: Sequence[str]) -> Labels:
    # The first labels must not leave the drawing at its left.
    shown = [
        fitted(text, min(_TILTED_MAX_PX, (x - 2) / _COS))
        for x, text in zip(places, labels, strict=True)
    ]
    widest = max(map(text_width, shown), default=0.0)

    def draw(y: float) -> str:
        return "".join(
            f'<text class="t ae" transform="translate({n(x + 4)} {n(y + 14)}) '
            f'rotate(-{_TILT_DEGREES})">{tooltip(whole)}{escape(text)}</text>'
            for x, text, whole in zip(places, shown, labels, strict=True)
        )

    return 22.0 + widest * _SIN, draw


def span(table: Table, start: float, end: float) -> Callable[[float], float]:
    """Where the places of an axis of time or of numbers are; of names, bands' middles."""
    if table.axis == "name" or not table.places:
        return Band(len(table.places), start, end).middle
    low, high = min(table.places), max(table.places)
    if high <= low:
        return lambda _place: (start + end) / 2
    room = min(16.0, (end - start) / 20)
    return lambda place: start + room + (place - low) / (high - low) * (end - start - 2 * room)


def span_labels(table: Table, start: float, end: float) -> Labels:
    """Labels below `span`: at round moments, at round numbers, or at each name."""
    if table.axis == "name" or len(set(table.places)) < 2:
        return band_labels(Band(len(table.labels) or 1, start, end), table)
    at = span(table, start, end)
    low, high = min(table.places), max(table.places)
    count = max(2, int((end - start) / (70 if table.axis == "time" else 90)))
    if table.axis == "number":
        scale = linear(table.places, 0, 1, zero=False, ticks_count=count)
        found = [(tick, compact(tick, scale.step)) for tick in scale.ticks if low <= tick <= high]
    elif len(table.places) <= count * 1.4:
        found = list(dict(zip(table.places, table.labels, strict=True)).items())
    else:
        # A stretch may be so short that no round moment is within it.
        found = time_scale.ticks(low, high, count) or [(low, table.labels[0])]
    return 26.0, lambda y: _apart([(at(place), text) for place, text in found], y, end)


def _apart(found: Sequence[tuple[float, str]], y: float, end: float) -> str:
    """Labels in a row, without those that would touch the one before."""
    shapes, free = [], -math.inf
    for x, text in found:
        width = text_width(text)
        middle = min(x, end + 4 - width / 2)
        if middle - width / 2 >= free:
            shapes.append(label(middle, y + 18, text, "t", "m"))
            free = middle + width / 2 + 8
    return "".join(shapes)
