"""Clicks, conversions and postbacks: lists of them, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from ghostflow import GhostFlowClient
from ghostflow.cli import screen
from ghostflow.cli.connecting import open_client, period, zone_name
from ghostflow.cli.filters import filters_of
from ghostflow.cli.following import follow
from ghostflow.cli.measures import NOTHING, money
from ghostflow.cli.naming import Names, find_id
from ghostflow.cli.periods import local, zone_of
from ghostflow.cli.tables import Column, Rows, print_table
from ghostflow.cli.wording import UsageError

Item = Mapping[str, Any]
_CAMPAIGN = Column("CAMPAIGN", is_text=True, room=14)
_OFFER = Column("OFFER", is_text=True, is_extra=True, room=16)


def clicks(options: argparse.Namespace) -> int:
    """List clicks, and follow them."""
    with open_client(options) as client:
        query = _question(client, options)
        if options.live:
            if "from_" in query:
                raise UsageError("--live starts now; it goes without --from, --to and --last")
            return _follow(client, options, query)
        found = client.clicks.iter(
            page_size=min(options.limit, 1000), max_items=options.limit, **query
        )
        if options.json:
            _print_json(found)
            return 0
        zone = zone_name(client, options)
        rows, names = [], Names(client)
        for click in found:
            rows.append(click_row(click, names, zone_of(zone)))
        print_table(click_columns(zone), rows, nothing="no clicks")
    return 0


def _follow(client: GhostFlowClient, options: argparse.Namespace, query: dict[str, Any]) -> int:
    def fetch(limit: int, cursor: str | None) -> Any:
        return client.clicks.list(limit=limit, cursor=cursor, **query)

    if options.json:
        return follow(fetch, screen.print_json, first=options.limit, every=options.every)
    zone, names = zone_name(client, options), Names(client)
    rows = Rows(click_columns(zone))
    return follow(
        fetch,
        lambda click: rows.add(click_row(click, names, zone_of(zone))),
        first=options.limit,
        every=options.every,
    )


def conversions(options: argparse.Namespace) -> int:
    """List conversions."""
    with open_client(options) as client:
        query = _question(client, options)
        found = client.conversions.iter(
            page_size=min(options.limit, 1000), max_items=options.limit, **query
        )
        return _list(client, options, found, _conversion_columns, _conversion_row, "no conversions")


def postbacks(options: argparse.Namespace) -> int:
    """List the log of postbacks."""
    with open_client(options) as client:
        query = _question(client, options)
        found = client.postbacks.iter(
            page_size=min(options.limit, 1000), max_items=options.limit, **query
        )
        return _list(client, options, found, _postback_columns, _postback_row, "no postbacks")


def _question(client: GhostFlowClient, options: argparse.Namespace) -> dict[str, Any]:
    query: dict[str, Any] = {
        **filters_of(options.where, lambda noun, word: find_id(client, noun, word))
    }
    asked = period(client, options)
    if asked.start is not None:
        query |= {"from_": asked.start, "to": asked.end}
    for name in ("timezone", "bots", "status", "direction", "outcome"):
        if value := getattr(options, name, None):
            query[name] = value
    return query


def _list(
    client: GhostFlowClient,
    options: argparse.Namespace,
    found: Any,
    columns: Callable[[str], tuple[Column, ...]],
    row: Callable[[Item, Names, tzinfo], list[str]],
    nothing: str,
) -> int:
    if options.json:
        _print_json(found)
        return 0
    zone, names = zone_name(client, options), Names(client)
    rows = [row(item, names, zone_of(zone)) for item in found]
    print_table(columns(zone), rows, nothing=nothing)
    return 0


def _print_json(items: Any) -> None:
    for item in items:
        screen.print_json(item)


def _time(zone: str) -> Column:
    return Column(f"TIME {zone.rpartition('/')[2].replace('_', ' ')}", room=19)


def click_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of clicks."""
    return (
        *(_time(zone), _CAMPAIGN, Column("CC", room=2), Column("DEVICE", room=7)),
        *(Column("OS", is_text=True, room=7), Column("BROWSER", is_text=True, room=7)),
        *(Column("KIND", is_state=True, room=12), _OFFER),
        Column("COST", is_number=True, is_extra=True, room=10),
        Column("ID", is_extra=True, room=36),
    )


def click_row(click: Item, names: Names, zone: tzinfo) -> list[str]:
    """Return the cells of a click."""
    kind = "unique" if click.get("isUnique") else "repeat"
    if click.get("isBot"):
        kind = f"bot {str(click.get('botReason') or '').removeprefix('ua_')}".strip()
    return [
        local(click.get("at"), zone),
        names.of("campaign", click.get("campaignId")),
        str(click.get("country") or NOTHING),
        str(click.get("device") or NOTHING),
        str(click.get("os") or NOTHING),
        str(click.get("browser") or NOTHING),
        kind,
        names.of("offer", click.get("offerId")),
        money(click.get("cost"), click.get("currency")),
        str(click.get("id")),
    ]


def _conversion_columns(zone: str) -> tuple[Column, ...]:
    return (
        *(_time(zone), _CAMPAIGN, Column("STATUS", is_state=True)),
        *(Column("PAYOUT", is_number=True), Column("REVENUE", is_number=True)),
        *(Column("EVENT", is_text=True, is_extra=True), Column("TX", is_text=True, is_extra=True)),
        *(_OFFER, Column("CLICK", is_extra=True)),
    )


def _conversion_row(conversion: Item, names: Names, zone: tzinfo) -> list[str]:
    return [
        local(conversion.get("at"), zone),
        names.of("campaign", conversion.get("campaignId")),
        str(conversion.get("status") or NOTHING),
        money(conversion.get("payout"), conversion.get("payoutCurrency")),
        money(conversion.get("revenue"), conversion.get("currency")),
        str(conversion.get("event") or NOTHING),
        str(conversion.get("txId") or NOTHING),
        names.of("offer", conversion.get("offerId")),
        str(conversion.get("clickId")),
    ]


def _postback_columns(zone: str) -> tuple[Column, ...]:
    return (
        *(_time(zone), Column("WAY"), Column("OUTCOME", is_state=True)),
        *(Column("HTTP", is_number=True), Column("WITH", is_text=True)),
        *(Column("STATUS", is_state=True), Column("TX", is_text=True, is_extra=True)),
        *(Column("REASON", is_text=True), Column("CLICK", is_extra=True)),
    )


def _postback_row(postback: Item, names: Names, zone: tzinfo) -> list[str]:
    noun = "source" if postback.get("direction") == "out" else "network"
    return [
        local(postback.get("at"), zone),
        str(postback.get("direction") or NOTHING),
        str(postback.get("outcome") or NOTHING),
        str(postback.get("httpStatus") or NOTHING),
        names.of(noun, postback.get(f"{noun}Id")),
        str(postback.get("status") or NOTHING),
        str(postback.get("txId") or NOTHING),
        str(postback.get("reason") or NOTHING),
        str(postback.get("clickId") or NOTHING),
    ]
