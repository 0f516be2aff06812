"""A chart as a picture: PNG or SVG, written by matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ghostflow.cli.charts import Chart, Panel
from ghostflow.cli.ticks import time_ticks, value_labels, value_ticks

# Okabe and Ito's colours, which people who see few colours can tell apart, without the pale ones.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_INK, _FAINT, _GRID = "#1f2430", "#5b6472", "#e4e7ec"
_WIDTH, _HEIGHT_OF_PANEL, _HEIGHT_OF_TITLE = 10.0, 3.4, 0.9  # inches
_DOTS_PER_INCH = 144
_FEW = 45  # points that can still be told from each other as dots
_TITLE_SIZE = 16.0
_TITLE_ROOM = 64  # letters of that size beside each other
_STYLE: dict[str, Any] = {
    "font.size": 10.5,
    "font.family": "sans-serif",
    "text.color": _INK,
    "axes.labelcolor": _FAINT,
    "axes.edgecolor": "#b8bec8",
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "svg.hashsalt": "ghostflow",  # the same chart is the same file
}


def save(chart: Chart, path: Path) -> None:
    """Write a chart into a file, in the format that its name ends in.

    Raises:
        OSError: The file cannot be written.
    """
    metadata: dict[str, str | None] = {"Title": chart.title}
    if path.suffix.lower() == ".svg":
        metadata["Date"] = None
    with mpl.rc_context(cast("Any", _STYLE)), warnings.catch_warnings():
        # A name in letters that the font has not is drawn with boxes; that is no error.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = _drawn(chart)
        figure.savefig(path, dpi=_DOTS_PER_INCH, facecolor="white", metadata=metadata)


def _drawn(chart: Chart) -> Figure:
    height = _HEIGHT_OF_TITLE + _HEIGHT_OF_PANEL * len(chart.panels)
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.subplots(len(chart.panels), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(
        left=0.09,
        right=0.975,
        top=1 - (_HEIGHT_OF_TITLE + 0.25) / height,
        bottom=0.55 / height,
        hspace=0.34,
    )
    size = _TITLE_SIZE * min(1.0, _TITLE_ROOM / max(1, len(chart.title)))
    figure.text(0.02, 1 - 0.34 / height, chart.title, size=size, weight="bold", va="center")
    figure.text(0.02, 1 - 0.68 / height, chart.subtitle, size=10.5, color=_FAINT, va="center")
    for panel, place in zip(chart.panels, axes, strict=True):
        _draw_panel(chart, panel, place)
    return figure


def _draw_panel(chart: Chart, panel: Panel, axes: Axes) -> None:
    positions, is_few = range(len(chart.moments)), len(chart.moments) <= _FEW
    for number, line in enumerate(panel.lines):
        colour = COLOURS[number % len(COLOURS)]
        values = [float("nan") if value is None else value for value in line.values]
        dots = list(positions) if is_few else _lonely(line.values)
        axes.plot(
            positions,
            values,
            color=colour,
            linewidth=2.0,
            marker="o" if dots else None,
            markevery=dots or None,
            markersize=4.0,
            solid_capstyle="round",
            clip_on=False,  # a zero lies on the axis, and is to be seen whole
            label=line.metric.label,
            zorder=3 + len(panel.lines) - number,
        )
    _mark_values(panel, axes)
    _mark_time(chart, axes)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="both", length=0, pad=6)
    axes.tick_params(axis="x", length=4)
    if len(panel.lines) > 1 or len(chart.panels) > 1:
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(panel.lines), frameon=False,
            handlelength=1.4, borderaxespad=0.2,
        )  # fmt: skip


def _lonely(values: Sequence[float | None]) -> list[int]:
    """Return where a value stands alone, so that no line leads to it."""
    around = [None, *values, None]
    return [
        index
        for index, value in enumerate(values)
        if value is not None and around[index] is None and around[index + 2] is None
    ]


def _mark_values(panel: Panel, axes: Axes) -> None:
    present = panel.present
    ticks = value_ticks(
        min(present, default=0.0), max(present, default=0.0), 6, is_whole=panel.is_whole
    )
    axes.set_yticks(ticks, value_labels(ticks))
    axes.set_ylim(ticks[0], ticks[-1])
    axes.grid(axis="y", color=_GRID, linewidth=1.0, zorder=0)
    axes.set_ylabel({"": "Count", "%": "Percent (%)"}.get(panel.unit, panel.unit))
    if ticks[0] < 0:
        axes.axhline(0, color=_FAINT, linewidth=1.0, zorder=1)


def _mark_time(chart: Chart, axes: Axes) -> None:
    ticks = time_ticks(chart.moments, chart.interval, 12)
    axes.set_xticks([index for index, _ in ticks], [label for _, label in ticks])
    axes.set_xlim(-0.5, max(0.5, len(chart.moments) - 0.5))
    axes.tick_params(axis="x", labelbottom=True)
