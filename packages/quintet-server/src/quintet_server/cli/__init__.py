"""The command ``quintet``. Each module here is one command; heavy imports happen inside them."""

from __future__ import annotations

from typing import Annotated

import typer

from quintet_server import __version__
from quintet_server.cli import (
    aerostack,
    amdahl,
    apply,
    clock,
    doctor,
    env,
    ghostflow,
    keys,
    models,
    serve,
    settings,
    status,
)
from quintet_server.cli.options import Command, Group
from quintet_server.cli.served import SERVED

__all__ = ["app", "main"]

app = typer.Typer(
    name="quintet",
    cls=Group,
    help=f"Run the services on this machine, and look after them.\n\n{SERVED}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["--help", "-h"]},  # subcommands inherit it
)
app.command("serve", cls=Command)(serve.serve)
app.command("env", cls=Command)(env.env)
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.command("apply", cls=Command)(apply.apply)
app.command("status", cls=Command)(status.status)
app.command("settings", cls=Command)(settings.settings)
app.command("doctor", cls=Command)(doctor.doctor)
app.add_typer(clock.app, name="clock")
app.add_typer(aerostack.app, name="aerostack")
app.add_typer(amdahl.app, name="amdahl")
app.add_typer(ghostflow.app, name="ghostflow")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quintet {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise
        # A setting from the environment: the only thing validated before a command has its say.
        typer.echo(f"quintet: {settings.mistakes_in(error)}", err=True)
        raise SystemExit(1) from None
