"""The client of a command, and the zone of its team."""

from __future__ import annotations

import argparse
from datetime import tzinfo

from ghostflow import GhostFlowClient
from ghostflow.cli.periods import Period, period_of, zone_of
from ghostflow.errors import NotFoundError, PermissionDeniedError


def open_client(options: argparse.Namespace) -> GhostFlowClient:
    """Return a client; what the options leave out comes from the environment."""
    return GhostFlowClient(base_url=options.base_url, team_id=options.team)


def zone_name(client: GhostFlowClient, options: argparse.Namespace) -> str:
    """Return the zone that was asked for, else the team's, else UTC."""
    if options.timezone:
        return str(options.timezone)
    try:
        teams = client.teams.list()
    except (NotFoundError, PermissionDeniedError):
        # The hosted service may not have it, and a key may not be allowed to ask.
        return "UTC"
    wanted = options.team
    zones = [each.get("timezone") for each in teams if not wanted or each.get("id") == wanted]
    return str((zones and zones[0]) or "UTC")


def zone(client: GhostFlowClient, options: argparse.Namespace) -> tzinfo:
    """Return :func:`zone_name`'s zone."""
    return zone_of(zone_name(client, options))


def period(client: GhostFlowClient, options: argparse.Namespace) -> Period:
    """Return the period that was asked for; the team is asked for its zone only if need be."""
    return period_of(options, lambda: zone(client, options))
