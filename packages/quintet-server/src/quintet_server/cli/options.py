"""Options that several commands take, how help shows flags, how a command ends with an error."""

from __future__ import annotations

import re
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "DataDir", "DatabaseUrl", "Group", "fail"]


def _folder(text: str) -> Path:
    if not text.strip():
        # Path("") is the current folder: a database there is nobody's wish, but an unset variable.
        raise typer.BadParameter("a folder is needed: the text given is empty")
    return Path(text)


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder with the embedded database and the development keys. "
        "Default: $QUINTET_DATA_DIR, else .quintet in the current folder.",
        show_default=False,
        parser=_folder,
        metavar="<path>",
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


class Command(TyperCommand):
    """A command whose help shows flags, ``--help`` among them, without a value.

    Paragraphs of its help are filled to the width of the terminal, not broken where the source is.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.help:
            self.help = re.sub(r"(?<=\S)\n(?=\S)", " ", cleandoc(self.help))

    def get_params(self, ctx: Any) -> list[Any]:
        """Return options and arguments."""
        return _flags_without_type(super().get_params(ctx))


class Group(TyperGroup):
    """The same for a command that has subcommands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return options and arguments."""
        return _flags_without_type(super().get_params(ctx))


def _flags_without_type(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


def fail(message: str) -> NoReturn:
    """Say what went wrong on standard error and exit with 1."""
    typer.echo(f"quintet: {message}", err=True)
    raise typer.Exit(1)
