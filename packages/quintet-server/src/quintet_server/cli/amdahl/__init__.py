"""``quintet amdahl``: data from files, secrets of embedded pages."""

from __future__ import annotations

import typer

from quintet_server.cli.amdahl import embed_secrets, importing
from quintet_server.cli.options import Command, Group

__all__ = ["app"]

app = typer.Typer(cls=Group, help="Look after the workspaces of Amdahl.", no_args_is_help=True)
for _name, _command in (*importing.COMMANDS, *embed_secrets.COMMANDS):
    app.command(_name, cls=Command)(_command)
