"""A chart drawn with braille dots; plotille sets the dots, the axes are ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plotille import Canvas  # type: ignore[import-untyped]  # no py.typed, though typed

from ghostflow.cli.charts import Chart, Line, Panel
from ghostflow.cli.ticks import time_ticks, value_labels, value_ticks

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
_CODES = {"cyan": 36, "yellow": 33, "magenta": 35, "green": 32, "red": 31, "blue": 34}
_DOTS_ACROSS, _DOTS_UP = 2, 4
_EMPTY = "\u2800"  # no dots; some fonts draw circles where they would be
_LINES_OF_A_TITLE, _LINES_AROUND = 4, 4  # around: heading, axis, its labels, an empty line
_LEAST_ROWS, _MOST_ROWS = 5, 15
_LEAST_WIDTH, _MOST_WIDTH = 30, 160
_ROOM_PER_LABEL = 9


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where panels are drawn: the same for all, so that their times stand one above the other."""

    width: int
    rows: int
    margin: int
    is_coloured: bool


def draw(chart: Chart, columns: int, lines: int, *, is_coloured: bool) -> str:
    """Return a chart as text.

    Args:
        columns: How wide the terminal is; no panel is wider.
        lines: How high it is; the chart fits unless it has too many panels.
        is_coloured: Lines have colours, by ANSI sequences.
    """
    columns = max(_LEAST_WIDTH, min(columns, _MOST_WIDTH)) - 1
    rows = (lines - _LINES_OF_A_TITLE) // max(1, len(chart.panels)) - _LINES_AROUND
    rows = max(_LEAST_ROWS, min(rows, _MOST_ROWS))
    scales = [_scale(panel, rows) for panel in chart.panels]
    margin = max((len(label) for ticks in scales for label in value_labels(ticks)), default=0)
    frame = _Frame(columns - margin - 2, rows, margin, is_coloured)
    text = [_bold(chart.title, is_coloured), chart.subtitle, ""]
    for panel, ticks in zip(chart.panels, scales, strict=True):
        text += [*_draw_panel(chart, panel, ticks, frame), ""]
    return "\n".join(text[:-1])


def _scale(panel: Panel, rows: int) -> list[float]:
    low, high = min(panel.present, default=0.0), max(panel.present, default=0.0)
    return value_ticks(low, high, max(2, rows // 3 + 1), is_whole=panel.is_whole)


def _draw_panel(chart: Chart, panel: Panel, ticks: Sequence[float], frame: _Frame) -> Iterator[str]:
    labels = dict(
        zip((_row_of(tick, ticks, frame.rows) for tick in ticks), value_labels(ticks), strict=True)
    )
    yield from _heading(panel, frame)
    picture = _canvas(panel, ticks, frame).plot("\n").replace(_EMPTY, " ").split("\n")
    for row, drawn in zip(reversed(range(frame.rows)), picture, strict=True):
        side = f"{labels.get(row, ''):>{frame.margin}} {'┤' if row in labels else '│'}"
        yield f"{side}{drawn}".rstrip()
    yield from _time_axis(chart, frame.width, frame.margin)


def _heading(panel: Panel, frame: _Frame) -> Iterator[str]:
    """The lines' names and totals, in as many lines as they take."""
    used, text = 0, ""
    for line, colour in zip(panel.lines, COLOURS * len(panel.lines), strict=False):
        plain = f"{line.metric.label}  {_total(line, panel)}".rstrip()
        shown = _painted("━━ ", colour) + plain if frame.is_coloured else plain
        if text and used + len(plain) + 6 > frame.margin + frame.width:
            yield text
            used, text = 0, ""
        text += f"{'   ' if text else ''}{shown}"
        used += len(plain) + 6
    yield text


def _total(line: Line, panel: Panel) -> str:
    space = "" if panel.unit in {"", "%"} else " "
    return f"{line.total}{space}{panel.unit}" if any(map(str.isdigit, line.total)) else line.total


def _row_of(tick: float, ticks: Sequence[float], rows: int) -> int:
    """Return the row, counted from below, in whose middle a value lies best."""
    part = (tick - ticks[0]) / (ticks[-1] - ticks[0])
    return min(rows - 1, int(part * (rows * _DOTS_UP - 1) / _DOTS_UP))


def _canvas(panel: Panel, ticks: Sequence[float], frame: _Frame) -> Canvas:
    across, up = frame.width * _DOTS_ACROSS, frame.rows * _DOTS_UP
    canvas = Canvas(frame.width, frame.rows, xmax=across, ymax=up, no_color=not frame.is_coloured)

    def place(index: int, count: int, value: float) -> tuple[int, int]:
        x = (across - 1) * (index / (count - 1) if count > 1 else 0.5)
        y = (up - 1) * (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(x), round(y)

    for number, line in reversed(list(enumerate(panel.lines))):
        colour = COLOURS[number % len(COLOURS)] if frame.is_coloured else None
        before: tuple[int, int] | None = None
        for index, value in enumerate(line.values):
            here = None if value is None else place(index, len(line.values), value)
            if here is not None:
                canvas.line(*(before or here), *here, color=colour)
            before = here
    return canvas


def _time_axis(chart: Chart, width: int, margin: int) -> Iterator[str]:
    count = len(chart.moments)
    rule, below = ["─"] * width, [" "] * (width + margin + 2)
    free = 0
    for index, label in time_ticks(chart.moments, chart.interval, max(2, width // _ROOM_PER_LABEL)):
        x = round((width - 1) * (index / (count - 1) if count > 1 else 0.5))
        start = min(max(free, margin + 2 + x - len(label) // 2), len(below) - len(label))
        if start < free:
            continue
        rule[x] = "┬"
        below[start : start + len(label)] = label
        free = start + len(label) + 1
    yield f"{'':>{margin}} └{''.join(rule)}"
    yield "".join(below).rstrip()


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def _bold(text: str, is_coloured: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if is_coloured else text
