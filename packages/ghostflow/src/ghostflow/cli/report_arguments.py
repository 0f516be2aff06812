"""Commands about what happened: clicks, conversions, postbacks, reports and charts."""

from __future__ import annotations

import argparse
from typing import Any

from ghostflow.cli.measures import metric_names, sort_key
from ghostflow.cli.options import add, add_filters, add_group, add_limit, add_period, count, seconds

GROUPS = (
    *("campaign", "offer", "source", "network", "domain", "country", "device", "os", "browser"),
    *("referrerHost", "externalId", "event"),
)


def add_traffic(commands: Any) -> None:
    """Add ``clicks``, ``conversions`` and ``postbacks``."""
    command = add(commands, "clicks", "List clicks, newest first, or follow them.", lines=True)
    add_period(command, default="no bounds")
    add_filters(command, bots="include")
    command.add_argument(
        "--live", action="store_true", help="then follow new ones as they come, until Ctrl-C"
    )
    command.add_argument(
        "--every",
        type=seconds,
        default=2.0,
        metavar="SECONDS",
        help="how often --live looks (default: 2)",
    )
    add_limit(command, 20)
    command = add(commands, "conversions", "List conversions, newest first.", lines=True)
    command.add_argument("--status", help="pending, approved, rejected or reversed")
    add_period(command, default="no bounds")
    add_filters(command)
    add_limit(command, 20)
    command = add(commands, "postbacks", "List the log of postbacks, newest first.", lines=True)
    command.add_argument(
        "--direction", choices=("in", "out"), help="from networks, or to sources (default: both)"
    )
    command.add_argument("--outcome", help="such as created, duplicate, click_not_found, failed")
    command.add_argument("--status", help="of the conversion: pending, approved, …")
    add_period(command, default="no bounds")
    add_filters(command)
    add_limit(command, 20)


def add_reports(commands: Any) -> None:
    """Add ``report``."""
    actions = add_group(commands, "report", "Read reports.")
    command = add(actions, "dashboard", "Show the totals of a period and what made them.")
    _add_question(command)
    command.add_argument("--compare", action="store_true", help="with the period before")
    command = add(actions, "breakdown", "Show a row for each campaign, country, …")
    command.add_argument(
        "-g", "--group-by", metavar="FIELD[,FIELD]", default="campaign",
        help=f"up to three of {', '.join(GROUPS)}, sub1 to sub10, day, hour, weekday",
    )  # fmt: skip
    command.add_argument(
        "--sort", type=sort_key, metavar="METRIC", help="-cost: most first (default: -revenue)"
    )
    command.add_argument(
        "-n",
        "--limit",
        type=count,
        metavar="N",
        help="at most N rows (default: 50; of CSV 1000, which is the most)",
    )
    _add_columns(command)
    _add_question(command)
    command = add(actions, "timeseries", "Show a row for each hour, day, week or month.")
    _add_interval(command)
    _add_columns(command)
    _add_question(command)


def _add_columns(command: argparse.ArgumentParser) -> None:
    command.add_argument("--csv", action="store_true", help="print CSV with every metric")
    command.add_argument(
        "-m", "--metrics", type=metric_names, metavar="METRIC[,METRIC]",
        help="which columns; all: every one",
    )  # fmt: skip


def _add_interval(command: argparse.ArgumentParser, default: str | None = "day") -> None:
    usual = default or "day, but hour for up to 48 hours"
    command.add_argument(
        "-i", "--interval", choices=("hour", "day", "week", "month"), default=default,
        help=f"what a point stands for (default: {usual})",
    )  # fmt: skip


def _add_question(command: argparse.ArgumentParser) -> None:
    add_period(command, default="the last 30 days")
    add_filters(command, bots="exclude")
    group = command.add_argument_group("reckoning")
    group.add_argument("--currency", metavar="CODE", help="of all amounts (default: the team's)")
    group.add_argument(
        "--attribution", choices=("click", "conversion"),
        help="whose time decides when a conversion counts (default: the click's)",
    )  # fmt: skip


def add_plot(commands: Any) -> None:
    """Add ``plot``."""
    command = add(commands, "plot", "Draw metrics over time, on the terminal or into a file.")
    command.add_argument(
        "metrics", type=metric_names, metavar="METRIC[,METRIC]",
        help="such as clicks, revenue,cost or cr; what has another unit gets a scale of its own",
    )  # fmt: skip
    _add_interval(command, default=None)
    command.add_argument(
        "-o", "--output", metavar="FILE", help="draw a picture: a file ending in .png or .svg"
    )
    command.add_argument("--title", metavar="TEXT", help="instead of the metrics' names")
    _add_question(command)
