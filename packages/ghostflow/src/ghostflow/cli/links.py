"""Tracking links, with the parameters that tell one placement from another."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ghostflow import GhostFlowClient
from ghostflow.cli import screen
from ghostflow.cli.connecting import open_client
from ghostflow.cli.naming import find
from ghostflow.cli.wording import CommandError

_SUBS = tuple(f"sub{number}" for number in range(1, 11))
_PLACEHOLDER = re.compile(
    r"\{\{[\w.:-]+\}\}|\$?\{[\w.:-]+\}|\[[\w.:-]+\]|%%[\w.:-]+%%|__[A-Za-z0-9]+__"
)
"""What ad networks put a value in the place of: they look for exactly this text in a link."""


def print_links(options: argparse.Namespace) -> int:
    """Print links, one per line; with names beside them if several were not asked for by name."""
    parameters = _parameters(options)
    with open_client(options) as client:
        campaigns = _campaigns(client, options)
    for campaign in campaigns:
        link = link_of(campaign, parameters)
        if options.json:
            screen.print_json({"id": campaign.get("id"), "name": campaign.get("name"), "url": link})
        elif options.campaigns:
            print(link)  # nothing else, to be copied or piped
            if campaign.get("status", "active") != "active":
                screen.tell(f"{campaign.get('name')} is {campaign['status']}: no click is recorded")
        else:
            print(f"{link}  {screen.on_one_line(campaign.get('name'))}")
    if not campaigns and not options.json:
        print("no active campaigns")
    return 0


def _campaigns(client: GhostFlowClient, options: argparse.Namespace) -> list[Mapping[str, Any]]:
    if options.campaigns:
        return [find(client, "campaign", word) for word in options.campaigns]
    return [each for each in client.campaigns.iter() if each.get("status", "active") == "active"]


def _parameters(options: argparse.Namespace) -> list[tuple[str, str]]:
    named = [(name, getattr(options, name)) for name in _SUBS]
    named += [("external_id", options.external_id), ("cost", options.cost)]
    return [(name, value) for name, value in named if value is not None] + list(options.param)


def link_of(campaign: Mapping[str, Any], parameters: list[tuple[str, str]]) -> str:
    """Return a campaign's link with parameters; placeholders of ad networks stay as they are.

    Raises:
        CommandError: The service did not say what the campaign's link is.
    """
    url = str(campaign.get("trackingUrl") or "")
    if not url:
        raise CommandError(f"the service names no link for {campaign.get('name')!r}")
    if not parameters:
        return url
    query = "&".join(f"{quote(name, safe='')}={encoded(value)}" for name, value in parameters)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def encoded(value: str) -> str:
    """Return a value for a query: percent-encoded but for placeholders such as ``{keyword}``."""
    parts, end = [], 0
    for found in _PLACEHOLDER.finditer(value):
        parts += [quote(value[end : found.start()], safe=""), found[0]]
        end = found.end()
    return "".join([*parts, quote(value[end:], safe="")])
