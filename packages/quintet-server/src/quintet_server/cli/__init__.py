"""The command ``quintet``. Each module here is one command; heavy imports happen inside them."""

from __future__ import annotations

import typer

from quintet_server.cli import apply, clock, env, keys, serve, settings, status

__all__ = ["app", "main"]

app = typer.Typer(
    name="quintet",
    help="Run the five services on this machine, and look after them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("serve")(serve.serve)
app.command("env")(env.env)
app.add_typer(keys.app, name="keys")
app.command("apply")(apply.apply)
app.command("status")(status.status)
app.command("settings")(settings.settings)
app.add_typer(clock.app, name="clock")


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
