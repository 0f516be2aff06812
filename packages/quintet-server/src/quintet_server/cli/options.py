"""Options that several commands take, and how a command ends with an error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

__all__ = ["DataDir", "DatabaseUrl", "fail"]

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder with the embedded database and the development keys. "
        "Default: $QUINTET_DATA_DIR, else .quintet in the current folder.",
        show_default=False,
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="PostgreSQL 15 or newer to use instead of the embedded one. "
        "Default: $QUINTET_DATABASE_URL or $DATABASE_URL.",
        show_default=False,
    ),
]


def fail(message: str) -> NoReturn:
    """Say what went wrong on standard error and exit with 1."""
    typer.echo(f"quintet: {message}", err=True)
    raise typer.Exit(1)
