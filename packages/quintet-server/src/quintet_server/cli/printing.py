"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

__all__ = ["print_json", "print_table"]


def print_json(value: Any) -> None:
    """Print a value as JSON; instants in UTC."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
    typer.echo(orjson.dumps(value, option=options).decode())


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print a line per row, the first with the names of the columns.

    Lines are never folded: commands want whole ids, and grep whole lines.
    """
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
