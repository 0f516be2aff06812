"""``quintet aerostack``: databases, consumers of the gateway, keys of tokens."""

from __future__ import annotations

import typer

from quintet_server.cli.aerostack import consumers, databases, token_keys
from quintet_server.cli.options import Command, Group

__all__ = ["app"]

app = typer.Typer(cls=Group, help="Look after the projects of Aerostack.", no_args_is_help=True)
for _name, _command in (*databases.COMMANDS, *consumers.COMMANDS, *token_keys.COMMANDS):
    app.command(_name, cls=Command)(_command)
