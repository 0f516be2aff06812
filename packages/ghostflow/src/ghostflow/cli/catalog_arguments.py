"""Commands about what is set up: campaigns, offers, sources and their links."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from typing import Any

from ghostflow.cli.options import BY_NAME, add, add_group, add_limit, count
from ghostflow.cli.periods import read_zone
from ghostflow.cli.shorthand import read_cap, read_cost, read_pair, read_share


def add_campaigns(commands: Any) -> None:
    """Add ``campaigns``."""
    actions = add_group(commands, "campaigns", "List, show, create and change campaigns.")
    command = _add_list(actions, "campaigns, newest first, with their links")
    command.add_argument("--status", help="active, paused, archived or all (default: not archived)")
    command = add(actions, "show", "Show all that is known of a campaign.")
    command.add_argument("campaign", metavar="CAMPAIGN", help=BY_NAME)
    _add_create_campaign(actions)
    for name, text in (
        ("pause", "Pause campaigns: their links record nothing until they are resumed."),
        ("resume", "Resume campaigns that were paused."),
        ("archive", "Archive campaigns: out of lists, kept in reports."),
        ("restore", "Bring archived campaigns back, paused."),
        ("clone", "Clone campaigns: a new link, paused, without statistics."),
        ("delete", "Delete campaigns for good; their numbers stay in reports."),
    ):
        command = add(actions, name, text, lines=True)
        command.add_argument("campaigns", metavar="CAMPAIGN", nargs="+", help=BY_NAME)
        if name == "clone":
            command.add_argument("--name", metavar="NAME", help="of the copy, if it is one")
        if name == "delete":
            command.add_argument("--yes", action="store_true", help="do not ask")


def _add_create_campaign(actions: Any) -> None:
    command = add(actions, "create", "Create a campaign and print its link.")
    command.add_argument("name", metavar="NAME")
    command.add_argument("url", metavar="URL", help="where clicks go; may hold {click_id} and such")
    command.add_argument("--slug", help="the end of its link (default: chosen by the service)")
    command.add_argument("--source", help="where the traffic comes from: id or name")
    command.add_argument("--domain", help="the link's domain: id or host")
    command.add_argument(
        "--offer",
        action="append",
        type=read_share,
        metavar="OFFER[:WEIGHT]",
        help="may be repeated; id or name, weight 1 to 1000 (default: 1)",
    )
    command.add_argument(
        "--cost",
        type=read_cost,
        metavar="MODEL[:AMOUNT[:CURRENCY]]",
        help="cpc:0.20, cpa:3:EUR, revshare:40 (percent), param or none",
    )
    command.add_argument("--currency", metavar="CODE", help="of its numbers (default: the team's)")
    command.add_argument("--paused", action="store_true", help="do not start it yet")
    command.add_argument(
        "--pass-through", action="store_true", default=None, help="hand on unknown parameters"
    )
    command.add_argument(
        "--no-sticky", action="store_true", help="a visitor who returns may get another offer"
    )
    command.add_argument("--unique-hours", type=count, metavar="N", help="1 to 720 (default: 24)")
    command.add_argument("--tag", action="append", help="may be repeated")
    command.add_argument("--notes", metavar="TEXT")


def add_offers(commands: Any) -> None:
    """Add ``offers``."""
    actions = add_group(commands, "offers", "List and create offers.")
    command = _add_list(actions, "offers, newest first")
    command.add_argument("--status", help="active, paused or archived")
    command = add(actions, "create", "Create an offer.")
    command.add_argument("name", metavar="NAME")
    command.add_argument("url", metavar="URL", help="may hold {click_id} and such")
    command.add_argument(
        "--payout", type=_amount, metavar="AMOUNT", help="of a conversion that names none"
    )
    command.add_argument("--currency", metavar="CODE", help="of the payout (default: the team's)")
    command.add_argument("--network", help="who pays: id or name")
    command.add_argument(
        "--country", action="append", metavar="CODE[,CODE]", help="only there (default: everywhere)"
    )
    command.add_argument(
        "--cap",
        type=read_cap,
        metavar="N/PERIOD[/WHAT]",
        help="100/day, 5000/month/clicks, 10/total/conversions (default: of conversions)",
    )
    command.add_argument(
        "--cap-timezone", type=read_zone, metavar="ZONE", help="of days and months"
    )


def add_sources(commands: Any) -> None:
    """Add ``sources``."""
    actions = add_group(commands, "sources", "List traffic sources and the templates for them.")
    _add_list(actions, "traffic sources, newest first")
    add(actions, "templates", "List the templates that sources can be made from.", lines=True)


def _add_list(actions: Any, what: str) -> argparse.ArgumentParser:
    command = add(actions, "list", f"List {what}.", lines=True)
    command.add_argument("--search", metavar="TEXT", help="only with this in the name")
    add_limit(command, 50)
    return command


def add_links(commands: Any) -> None:
    """Add ``links``."""
    command = add(commands, "links", "Print tracking links, ready to copy.", lines=True)
    command.add_argument(
        "campaigns", metavar="CAMPAIGN", nargs="*", help=f"{BY_NAME} (default: every active one)"
    )
    for number in range(1, 11):
        # Ten options of one kind; the help names the first for all.
        text = "value of sub1; likewise --sub2 to --sub10" if number == 1 else argparse.SUPPRESS
        command.add_argument(f"--sub{number}", metavar="TEXT", help=text)
    command.add_argument("--external-id", metavar="TEXT", help="the source's own id of the click")
    command.add_argument("--cost", metavar="TEXT", help="what the click costs (cost model: param)")
    command.add_argument(
        "--param", action="append", type=read_pair, default=[], metavar="NAME=VALUE",
        help="any other parameter, such as utm_source; may be repeated",
    )  # fmt: skip


def _amount(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of 0 or more")
    return number
