"""``quintet ghostflow``: the people who may sign in."""

from __future__ import annotations

import typer

from quintet_server.cli.ghostflow import users
from quintet_server.cli.options import Group

__all__ = ["app"]

app = typer.Typer(cls=Group, help="Look after the teams of GhostFlow.", no_args_is_help=True)
app.add_typer(users.app, name="users")
