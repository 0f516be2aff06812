"""``quintet clock``: move the server's time, to see schedules and timeouts happen now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quintet_server.cli.options import Command, DatabaseUrl, DataDir, Group

if TYPE_CHECKING:
    from quintet_server.store.database import Database

app = typer.Typer(
    cls=Group,
    help="Move the server's time forward, to try out schedules, retries and expiry.",
    no_args_is_help=True,
)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_MOST = timedelta(days=36_500)


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``1h30m``, ``2d``; raises typer.BadParameter for anything else.

    The most is 100 years at once: PostgreSQL's calendar has an end, and a server there is stuck.
    """
    if not _DURATION.fullmatch(text):
        raise typer.BadParameter("expected a duration such as 90s, 15m, 1h30m or 2d")
    amounts: dict[str, float] = {}
    for number, unit in _PART.findall(text):
        amounts[_UNITS[unit]] = amounts.get(_UNITS[unit], 0.0) + float(number)
    try:
        duration = timedelta(**amounts)
    except OverflowError:
        duration = timedelta.max
    if duration > _MOST:
        raise typer.BadParameter(f"at most {_MOST.days} days at once")
    return duration


class _Advance(Command):
    """Sees a negative duration before the parser takes it for an option (``-1h`` for ``-h``)."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line."""
        if any(_DURATION.fullmatch(arg[1:]) for arg in args if arg.startswith("-")):
            raise typer.BadParameter(
                "time only moves forward; `quintet clock reset` returns to real time"
            )
        return super().parse_args(ctx, args)


@app.command("advance", cls=_Advance)
def advance(
    duration: Annotated[str, typer.Argument(help="How far: 90s, 15m, 1h30m, 2d.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Move time forward in every server on the database; leases, delays and schedules follow."""
    from quintet_server.cli.database import with_database
    from quintet_server.store import clock

    seconds = parse_duration(duration).total_seconds()

    async def work(db: Database) -> float:
        return await clock.advance(db, seconds)

    _say(with_database(data_dir, database_url, work))


@app.command("reset", cls=Command)
def reset(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Return to real time. What was stored with a later time keeps it."""
    from quintet_server.cli.database import with_database
    from quintet_server.store import clock

    _say(with_database(data_dir, database_url, clock.reset))


def _say(shift_seconds: float) -> None:
    if shift_seconds:
        typer.echo(f"the server's time is {timedelta(seconds=shift_seconds)} ahead")
    else:
        typer.echo("the server's time is the real time")
