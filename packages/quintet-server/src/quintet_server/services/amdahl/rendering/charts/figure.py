"""A chart as the page sees it: something that can be drawn at several widths.

Text in an SVG shrinks with it. Without scripts a chart cannot measure its column, so it is drawn
for a few widths and the stylesheet shows the one that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Drawing(NamedTuple):
    """Shapes, and the size of the field they stand in."""

    width: float
    height: float
    shapes: str


class LegendEntry(NamedTuple):
    """What a colour means."""

    label: str
    color: int
    value: str = ""
    share: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of data that has been read already."""

    kind: str
    """`Bar chart`, for those who do not see it."""
    title: str
    """What it shows, made of the names of columns."""
    summary: str
    """What there is to see, in a sentence."""
    draw: Callable[[float], Drawing]
    """The shapes for a width in CSS pixels."""
    legend: Sequence[LegendEntry] = ()
    notes: Sequence[str] = ()
    """What is not drawn, and why."""
    marks: int = 0
    """How many shapes stand for data: a measure of how long drawing takes."""
    fixed_width: float | None = None
    """Drawn at this width only, such as a round chart."""
    legend_beside: bool = False
    titled: bool = False
    """The drawing has its title within."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to draw, and why."""

    reason: str


NO_ROWS = Nothing("There are no rows to show.")
NO_NUMBERS = Nothing("None of the rows has a number to show.")
