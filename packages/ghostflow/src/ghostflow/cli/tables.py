"""Tables: numbers to the right, names cut where the terminal ends, a row of totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ghostflow.cli import screen

STYLES = {
    "active": "green",
    "paused": "yellow",
    "archived": "dim",
    "deleted": "dim",
    "approved": "green",
    "pending": "yellow",
    "rejected": "red",
    "reversed": "red",
    "created": "green",
    "updated": "cyan",
    "duplicate": "dim",
    "delivered": "green",
    "failed": "red",
    "bot": "dim",
}
"""Words that have a colour at the beginning of a cell in a column of states."""
_GAP = "  "
_NARROWEST = 10
_UNBOUNDED = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        is_number: To the right, never cut, red below zero.
        is_text: May be cut on a terminal where the table is too wide for it.
        is_state: Has the colours of :data:`STYLES`.
        is_extra: Left out on a terminal that has no room for it.
        room: How wide it is where lines come one after the other, and later ones are not known.
    """

    title: str
    is_number: bool = False
    is_text: bool = False
    is_state: bool = False
    is_extra: bool = False
    room: int = 0


def print_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    totals: Sequence[str] | None = None,
    nothing: str = "nothing",
) -> None:
    """Print a table, or ``nothing`` if it has no rows.

    Plain text where standard output is no terminal: the same columns, nothing cut, no colour.
    """
    if not rows and totals is None:
        print(nothing)
        return
    given = [[column.title for column in columns], *rows, *([] if totals is None else [totals])]
    lines: Sequence[Sequence[str]] = [[screen.on_one_line(cell) for cell in row] for row in given]
    if screen.is_terminal():
        columns, lines = _with_room(columns, lines, screen.size()[0])
    if screen.has_rich():
        _print_rich(columns, lines, has_totals=totals is not None)
        return
    widths = _widths(lines)
    for line in lines:
        print("".join(_padded(columns, line, widths)).rstrip())


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(screen.width, cells)) for cells in zip(*lines, strict=True)]


def _padded(columns: Sequence[Column], line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return the cells of a line, each with the space that belongs to it."""
    cells = []
    for column, cell, room in zip(columns, line, widths, strict=True):
        space = " " * (room - screen.width(cell))
        cells.append((space + cell if column.is_number else cell + space) + _GAP)
    return cells


def _with_room(
    columns: Sequence[Column], lines: Sequence[Sequence[str]], room: int
) -> tuple[Sequence[Column], Sequence[Sequence[str]]]:
    """Leave out what is extra, and then cut text, the widest first, until all fits, if it can."""
    kept = list(range(len(columns)))
    widths = _widths(lines)
    least = [
        min(width, max(_NARROWEST, screen.width(column.title))) if column.is_text else width
        for column, width in zip(columns, widths, strict=True)
    ]

    def excess(of: Sequence[int]) -> int:
        return sum(of[n] for n in kept) + len(_GAP) * (len(kept) - 1) - room

    while excess(least) > 0 and (extras := [n for n in kept if columns[n].is_extra]):
        kept.remove(extras[-1])
    for _ in range(max(0, excess(widths))):
        if wide := [n for n in kept if widths[n] > least[n]]:
            widths[max(wide, key=widths.__getitem__)] -= 1
    return [columns[n] for n in kept], [
        [screen.cut(line[n], widths[n]) if columns[n].is_text else line[n] for n in kept]
        for line in lines
    ]


def _print_rich(
    columns: Sequence[Column], lines: Sequence[Sequence[str]], *, has_totals: bool
) -> None:
    widths, last = _widths(lines), len(lines) - 1
    for number, line in enumerate(lines):
        is_bold = number == 0 or (has_totals and number == last)
        if number and is_bold:
            _print_text("─" * (sum(widths) + len(_GAP) * (len(widths) - 1)), "dim")
        _print_line(columns, line, widths, is_bold=is_bold)


def _print_line(
    columns: Sequence[Column], line: Sequence[str], widths: Sequence[int], *, is_bold: bool
) -> None:
    from rich.text import Text

    text = Text(style="bold" if is_bold else "")
    padded = _padded(columns, line, widths)
    for column, cell, shown in zip(columns, line, padded, strict=True):
        text.append(shown, style="" if is_bold else _style(column, cell))
    text.rstrip()
    _print_text(text)


def _print_text(text: Any, style: str = "") -> None:
    """Print with colours; what is too long is the terminal's to wrap: no number is ever cut."""
    from rich.console import Console

    Console(highlight=False, markup=False).print(text, style=style or None, soft_wrap=True)


def _style(column: Column, cell: str) -> str:
    if column.is_state:
        return STYLES.get(cell.partition(" ")[0], "")
    return "red" if column.is_number and cell.startswith("-") else ""


class Rows:
    """Lines that come one after the other, under one heading; nothing waits for the last."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._is_cut = screen.is_terminal()
        self._kept = list(range(len(columns)))
        spare = screen.size()[0] if self._is_cut else _UNBOUNDED
        while self._needed(columns) > spare and columns[self._kept[-1]].is_extra:
            self._kept.pop()
        spare -= self._needed(columns)
        self._columns = [columns[n] for n in self._kept]
        self._rooms = [column.room for column in self._columns]
        # What is left goes to text, up to twice its room.
        for _ in range(max((room for room in self._rooms), default=0)):
            for n, column in enumerate(self._columns):
                if column.is_text and spare > 0 and self._rooms[n] < 2 * column.room:
                    self._rooms[n] += 1
                    spare -= 1
        self._is_headed = False

    def _needed(self, columns: Sequence[Column]) -> int:
        return sum(columns[n].room + len(_GAP) for n in self._kept) - len(_GAP)

    def add(self, cells: Sequence[str]) -> None:
        """Print a line, the heading before the first."""
        if not self._is_headed:
            self._is_headed = True
            self._print([column.title for column in self._columns], is_bold=True)
        self._print([screen.on_one_line(cells[n]) for n in self._kept])

    def _print(self, cells: Sequence[str], *, is_bold: bool = False) -> None:
        rooms = self._rooms
        if self._is_cut:
            cells = [
                screen.cut(cell, room) if column.is_text else cell
                for cell, column, room in zip(cells, self._columns, rooms, strict=True)
            ]
        if screen.has_rich():
            _print_line(self._columns, cells, rooms, is_bold=is_bold)
        else:
            print("".join(_padded(self._columns, cells, rooms)).rstrip(), flush=True)
