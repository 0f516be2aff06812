"""Tables: aligned, cut only on a terminal and only where it is text, plain in a pipe."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ghostflow.cli import screen
from ghostflow.cli.tables import Column, Rows, print_table

COLUMNS = (
    Column("NAME", is_text=True, room=12),
    Column("STATE", is_state=True, room=6),
    Column("CLICKS", is_number=True, room=8),
    Column("ID", is_extra=True, room=20),
)
ROWS = [
    ["A campaign with a long name", "active", "1,234", "0190a000-0000"],
    ["夏のキャンペーン", "odd", "-5", "x"],
    ["one\nline\x1b[2J", "–", "–", ""],
]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_plain_table_is_aligned_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, ROWS, totals=["TOTAL", "", "1,229", ""])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "NAME                         STATE   CLICKS  ID",
        "A campaign with a long name  active   1,234  0190a000-0000",
        "夏のキャンペーン             odd         -5  x",
        "one line?[2J                 –            –",
        "TOTAL                                 1,229",
    ]


def test_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [], nothing="no campaigns")
    assert capsys.readouterr().out == "no campaigns\n"


@pytest.mark.parametrize("columns", [100, 60, 46, 40, 30, 20])
def test_terminal_table_cuts_text_and_leaves_extras_out_but_never_cuts_numbers(
    terminal: Callable[..., Any], columns: int
) -> None:
    out = terminal(columns)
    print_table(COLUMNS, ROWS, totals=["TOTAL", "", "1,229", ""])
    lines = ANSI.sub("", out.getvalue()).splitlines()
    least = len("A campaig…  active  CLICKS")
    assert max(map(screen.width, lines)) <= max(columns, least)
    assert "1,234" in lines[1]
    assert ("0190a000-0000" in lines[1]) == (columns >= 46)
    assert ("A campaign with a long name" in lines[1]) == (columns >= 60)
    assert lines[-2] == "─" * len(lines[-2])


def test_terminal_table_has_colours_for_states_and_losses(terminal: Callable[..., Any]) -> None:
    out = terminal()
    print_table(COLUMNS, ROWS)
    assert "\x1b[32mactive" in out.getvalue()
    assert re.search(r"\x1b\[31m +-5", out.getvalue())


def test_no_color_takes_the_colours_away(
    terminal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = terminal()
    print_table(COLUMNS, ROWS)
    assert not re.search(r"\x1b\[3\dm", out.getvalue())
    assert not screen.has_colour()


@pytest.mark.parametrize("without", ["rich", "a terminal that can"])
def test_terminal_without_rich_or_wits_gets_plain_lines(
    terminal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    out = terminal(50)
    if without == "rich":
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    else:
        monkeypatch.setenv("TERM", "dumb")
    print_table(COLUMNS, ROWS)
    assert "\x1b" not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 4


def test_rows_come_one_by_one_under_one_heading(capsys: pytest.CaptureFixture[str]) -> None:
    rows = Rows(COLUMNS)
    rows.add(ROWS[0])
    first = capsys.readouterr().out.splitlines()
    rows.add(ROWS[1])
    second = capsys.readouterr().out.splitlines()
    assert first[0].split() == ["NAME", "STATE", "CLICKS", "ID"]
    assert first[1].startswith("A campaign with a long name")
    assert len(second) == 1


def test_rows_on_a_terminal_stay_below_their_heading(terminal: Callable[..., Any]) -> None:
    out = terminal(30)
    rows = Rows(COLUMNS)
    for row in ROWS:
        rows.add(row)
    lines = ANSI.sub("", out.getvalue()).splitlines()
    assert lines[0] == "NAME          STATE     CLICKS"
    assert lines[1] == "A campaign…   active     1,234"
    assert lines[2] == "夏のキャン…   odd           -5"


@pytest.mark.parametrize(
    ("columns", "name"), [(35, "A campaign with…"), (45, "A campaign with a long…")]
)
def test_rows_give_what_is_left_to_text(
    terminal: Callable[..., Any], columns: int, name: str
) -> None:
    out = terminal(columns)
    Rows(COLUMNS).add(ROWS[0])
    line = ANSI.sub("", out.getvalue()).splitlines()[1]
    assert line.partition("  ")[0] == name
    assert screen.width(line) <= columns


def test_text_is_measured_and_cut_by_columns() -> None:
    assert screen.width("夏e\u0301") == 3
    assert screen.cut("夏のキ", 5) == "夏の…"
    assert screen.cut("abc", 3) == "abc"
    assert screen.printable("a\x1bb\n") == "a?b\n"
