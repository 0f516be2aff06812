"""What goes to the terminal: JSON, lines nothing from outside can disturb, what it can show."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

PROGRAM = "ghostflow"


def is_terminal() -> bool:
    """Return whether a person is looking: standard output is a terminal that can do more."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def has_rich() -> bool:
    """Return whether tables may be drawn: a terminal, and rich is installed."""
    return is_terminal() and importlib.util.find_spec("rich") is not None


def has_colour() -> bool:
    """Return whether colour is wanted: a terminal, and no ``NO_COLOR``."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def size() -> tuple[int, int]:
    """Return the columns and lines of the terminal; 80 by 24 where there is none."""
    found = shutil.get_terminal_size((80, 24))
    return found.columns, found.lines


def print_json(value: Any) -> None:
    """Print JSON on one line."""
    print(json.dumps(value, ensure_ascii=False, default=_plain), flush=True)


def _plain(value: Any) -> Any:
    """Return what JSON has for an amount or a model."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def tell(text: str) -> None:
    """Print what happens, beside the result: on standard error."""
    print(printable(text), file=sys.stderr, flush=True)


def print_error(text: str) -> None:
    """Print what went wrong, on one line of standard error."""
    tell(f"{PROGRAM}: {' '.join(text.split())}")


def printable(text: str) -> str:
    """Return text that cannot move a terminal's cursor; line breaks and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def on_one_line(value: Any) -> str:
    """Return text for a cell of a table."""
    return " ".join(printable(str(value)).split())


def width(text: str) -> int:
    """Return how many columns text takes: two for a wide character, none for a mark above it."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def cut(text: str, most: int) -> str:
    """Return text that takes at most so many columns, with ``…`` if it had to be cut."""
    if width(text) <= most:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > most - 1:
            break
        kept += char
    return kept.rstrip() + "…"


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values, one under the other; what is empty is left out."""
    known = {
        name: _field(value) for name, value in fields.items() if value not in (None, "", [], {})
    }
    room = max(map(len, known), default=0)
    for name, value in known.items():
        print(f"{name.ljust(room)}  {value}")


def _field(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(each, (dict, list)) for each in value):
        return ", ".join(map(on_one_line, value))
    if isinstance(value, (dict, list)):
        return on_one_line(json.dumps(value, ensure_ascii=False, default=_plain))
    return on_one_line(value)
