"""``quintet clock``: move the server's time, to see schedules and timeouts happen now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir

if TYPE_CHECKING:
    from quintet_server.store.database import Database

app = typer.Typer(
    help="Move the server's time forward, to try out schedules, retries and expiry.",
    no_args_is_help=True,
)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``1h30m``, ``2d``; raises typer.BadParameter for anything else."""
    if not _DURATION.fullmatch(text):
        raise typer.BadParameter("expected a duration such as 90s, 15m, 1h30m or 2d")
    amounts: dict[str, float] = {}
    for number, unit in _PART.findall(text):
        amounts[_UNITS[unit]] = amounts.get(_UNITS[unit], 0.0) + float(number)
    return timedelta(**amounts)


@app.command("advance")
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


@app.command("reset")
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
