"""Options that several commands have: where the service is, periods, filters, how many."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from ghostflow.cli.filters import read_where
from ghostflow.cli.periods import read_last, read_moment, read_zone

EPILOG = """\
The key comes from GF_API_KEY, the service's address from GF_BASE_URL or --base-url, the team from
GF_TEAM_ID or --team where the key belongs to several.
"""
BY_NAME = "its id, slug or name"


class Command(argparse.ArgumentParser):
    """Complains of mistakes in two lines, whichever options it has.

    Of unknown options, too; else the parser above it would, with its own usage.
    """

    def error(self, message: str) -> NoReturn:
        """Say what is needed and what is wrong; exits with 2."""
        usage = argparse.HelpFormatter(self.prog, width=1000)
        needed = [one for one in self._actions if one.required]
        usage.add_usage(None, needed, [])
        line = usage.format_help().strip()
        if len(self._actions) > len(needed) + 1:  # the one is --help
            line += " [options] (--help shows them)"
        self.exit(2, f"{line}\n{self.prog}: error: {message}\n")

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        """Parse, and refuse what is not known."""
        options, unknown = super().parse_known_args(*given, **named)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown


def actions_of(parser: argparse.ArgumentParser, name: str, metavar: str) -> Any:
    """Return what subcommands are added to."""
    return parser.add_subparsers(dest=name, required=True, metavar=metavar, parser_class=Command)


def add_group(commands: Any, name: str, text: str) -> Any:
    """Add a command that has actions; return what they are added to."""
    command = commands.add_parser(name, help=text, description=text, epilog=EPILOG)
    return actions_of(command, "action", "ACTION")


def add(
    commands: Any, name: str, text: str, *, lines: bool = False, **more: Any
) -> argparse.ArgumentParser:
    """Add a command with the options that all have."""
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, epilog=EPILOG, **more
    )
    command.add_argument("--base-url", metavar="URL", help="the service (default: GF_BASE_URL)")
    command.add_argument("--team", metavar="ID", help="the team (default: GF_TEAM_ID)")
    each = ", one per line" if lines else ""
    command.add_argument("--json", action="store_true", help=f"print JSON as it was sent{each}")
    return command


def add_limit(command: argparse.ArgumentParser, default: int) -> None:
    """Add ``--limit``."""
    command.add_argument(
        "-n", "--limit", type=count, default=default, metavar="N",
        help=f"at most N (default: {default})",
    )  # fmt: skip


def add_period(command: argparse.ArgumentParser, *, default: str) -> None:
    """Add ``--from``, ``--to``, ``--last`` and ``--timezone``."""
    group = command.add_argument_group(f"period (default: {default})")
    group.add_argument(
        "--from", dest="start", type=read_moment, metavar="WHEN",
        help="a date, or a time: the first one of it",
    )  # fmt: skip
    group.add_argument(
        "--to", dest="end", type=read_moment, metavar="WHEN",
        help="a date, inclusive, or a time, exclusive (default: now)",
    )  # fmt: skip
    group.add_argument(
        "--last", type=read_last, metavar="N[hdw]", help="24h, 7d, 2w, the present one included"
    )
    group.add_argument(
        "--timezone", type=read_zone, metavar="ZONE",
        help="such as Europe/Berlin (default: the team's)",
    )  # fmt: skip


def add_filters(command: argparse.ArgumentParser, *, bots: str = "") -> None:
    """Add ``--where``, and ``--bots`` with its default where there are clicks."""
    group = command.add_argument_group("filters")
    group.add_argument(
        "--where", action="append", type=read_where, default=[], metavar="FIELD=VALUE[,VALUE]",
        help="country=US,DE or os!=iOS; may be repeated; campaigns and such by name or id",
    )  # fmt: skip
    if bots:
        group.add_argument(
            "--bots", choices=("exclude", "include", "only"), help=f"bots' clicks (default: {bots})"
        )


def seconds(text: str) -> float:
    """Read a pause; for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.5 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.5 to 3600")
    return number


def count(text: str) -> int:
    """Read a number of 1 or more; for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return number
