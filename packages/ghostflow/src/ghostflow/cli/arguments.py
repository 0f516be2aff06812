"""What the ``ghostflow`` command understands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ghostflow._version import __version__
from ghostflow.cli.catalog_arguments import add_campaigns, add_links, add_offers, add_sources
from ghostflow.cli.options import EPILOG, actions_of, add
from ghostflow.cli.report_arguments import add_plot, add_reports, add_traffic


def prepared(arguments: Sequence[str]) -> list[str]:
    """Join ``--sort -revenue`` to one word; argparse would take its value for an option."""
    found: list[str] = []
    for word in arguments:
        if found and found[-1] == "--sort" and word.startswith("-") and not word.startswith("--"):
            found[-1] = f"--sort={word}"
        else:
            found.append(word)
    return found


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="ghostflow",
        description="Look after campaigns, follow clicks as they happen, read reports.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"ghostflow {__version__}")
    commands = actions_of(parser, "command", "COMMAND")
    add_campaigns(commands)
    add_offers(commands)
    add_sources(commands)
    add_links(commands)
    add_traffic(commands)
    add_reports(commands)
    add_plot(commands)
    add(commands, "me", "Show whose key it is: user, teams, scopes and what is left of the limit.")
    return parser
