"""How things look on a terminal: plain text that nothing from outside can disturb."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowmaestro.errors import AuthenticationError, FlowMaestroError

_KEY_HINT = "pass api_key or set the environment variable"
_WIDEST = 60


def print_json(value: Any) -> None:
    """Print JSON on one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_value(value: Any) -> None:
    """Print JSON to be read."""
    print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)


def tell(text: str) -> None:
    """Print what happens, beside the result: on standard error."""
    print(printable(text), file=sys.stderr, flush=True)


def print_error(error: FlowMaestroError) -> None:
    """Print what went wrong, on standard error."""
    tell(f"flowmaestro: {error.message.replace(_KEY_HINT, 'set the environment variable')}")
    errors = error.details.get("errors") if isinstance(error.details, Mapping) else None
    for each in errors if isinstance(errors, list) else ():
        if isinstance(each, Mapping):
            tell(f"flowmaestro:   {each.get('field')}: {each.get('message')}")
    if isinstance(error, AuthenticationError):
        tell("flowmaestro: the key in FLOWMAESTRO_API_KEY was not accepted")
    if error.request_id:
        tell(f"flowmaestro: request id {error.request_id}")


def print_table(columns: Sequence[str], items: Iterable[Mapping[str, Any]], nothing: str) -> None:
    """Print one line per item under a heading, or that there are none."""
    rows = [[_cell(item.get(column)) for column in columns] for item in items]
    if not rows:
        print(nothing)
        return
    lines = [[column.replace("_", " ").upper() for column in columns], *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def printable(text: str) -> str:
    """Return text that cannot move a terminal's cursor; line breaks and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    line = " ".join(printable(text).split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"
