"""Campaigns, offers and sources: listing, showing, creating, changing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ghostflow import GhostFlowClient
from ghostflow.cli import screen
from ghostflow.cli.connecting import open_client
from ghostflow.cli.measures import NOTHING, money
from ghostflow.cli.naming import find, find_id
from ghostflow.cli.shorthand import write_cap, write_cost
from ghostflow.cli.tables import Column, print_table
from ghostflow.cli.wording import CommandError, UsageError, line_of
from ghostflow.errors import ConflictError, NotFoundError

_NAME = Column("NAME", is_text=True)
_STATUS = Column("STATUS", is_state=True)
_CAMPAIGNS = (Column("SLUG"), _NAME, _STATUS, Column("COST"), Column("LINK"))
_OFFERS = (
    *(Column("ID"), _NAME, _STATUS, Column("PAYOUT", is_number=True)),
    *(Column("COUNTRIES", is_text=True), Column("CAP")),
)
_SOURCES = (Column("ID"), _NAME, Column("TEMPLATE"), Column("COST"), Column("PARAMS", is_text=True))
_TEMPLATES = (Column("KEY"), _NAME, Column("COST"), Column("PARAMS", is_text=True))


def list_campaigns(options: argparse.Namespace) -> int:
    """List campaigns with their links."""
    return _list(options, "campaigns", _CAMPAIGNS, _campaign_row, status=options.status)


def list_offers(options: argparse.Namespace) -> int:
    """List offers."""
    return _list(options, "offers", _OFFERS, _offer_row, status=options.status)


def list_sources(options: argparse.Namespace) -> int:
    """List traffic sources."""
    return _list(options, "sources", _SOURCES, _source_row)


def list_templates(options: argparse.Namespace) -> int:
    """List the templates of sources."""
    with open_client(options) as client:
        _show(client.sources.templates(), options, _TEMPLATES, _template_row, "no templates")
    return 0


def show_campaign(options: argparse.Namespace) -> int:
    """Show a campaign."""
    with open_client(options) as client:
        campaign = find(client, "campaign", options.campaign)
    if options.json:
        screen.print_json(campaign)
    else:
        screen.print_fields(_readable(campaign))
    return 0


def create_campaign(options: argparse.Namespace) -> int:
    """Create a campaign."""
    with open_client(options) as client:
        fields = _given(
            slug=options.slug,
            source_id=options.source and find_id(client, "source", options.source),
            domain_id=options.domain and find_id(client, "domain", options.domain),
            offers=options.offer and [
                {"offerId": find_id(client, "offer", word), "weight": weight}
                for word, weight in options.offer
            ],
            cost=options.cost,
            currency=options.currency and options.currency.upper(),
            status="paused" if options.paused else None,
            pass_through=options.pass_through,
            sticky=False if options.no_sticky else None,
            unique_window_hours=options.unique_hours,
            tags=options.tag,
            notes=options.notes,
        )  # fmt: skip
        campaign: dict[str, Any] = {}
        campaign |= client.campaigns.create(name=options.name, url=options.url, **fields)
    if options.json:
        screen.print_json(campaign)
    else:
        shown = ("id", "name", "slug", "status", "trackingUrl")
        screen.print_fields({name: campaign[name] for name in shown if name in campaign})
    return 0


def create_offer(options: argparse.Namespace) -> int:
    """Create an offer."""
    cap = options.cap
    if options.cap_timezone:
        cap = {**(cap or {}), "timezone": options.cap_timezone}
    countries = [
        code.strip().upper()
        for each in options.country or ()
        for code in each.split(",")
        if code.strip()
    ]
    with open_client(options) as client:
        fields = _given(
            payout=options.payout,
            payout_currency=options.currency and options.currency.upper(),
            network_id=options.network and find_id(client, "network", options.network),
            countries=countries or None,
            cap=cap,
        )
        offer = client.offers.create(name=options.name, url=options.url, **fields)
    if options.json:
        screen.print_json(offer)
    else:
        print_table(_OFFERS, [_offer_row(offer)])
    return 0


def change(options: argparse.Namespace) -> int:
    """Pause, resume, archive or restore campaigns, one after the other."""

    def act(client: GhostFlowClient, campaign: Mapping[str, Any]) -> Any:
        if options.action == "restore" and campaign.get("status") == "active":
            # The service would pause it, and its link would record nothing from then on.
            raise CommandError(f"CONFLICT: {campaign.get('name')!r} is active, not archived")
        return getattr(client.campaigns, options.action)(campaign["id"])

    return _for_each(options, act)


def clone(options: argparse.Namespace) -> int:
    """Clone campaigns."""
    if options.name is not None and len(options.campaigns) > 1:
        raise UsageError("--name goes with one campaign")

    def act(client: GhostFlowClient, campaign: Mapping[str, Any]) -> Any:
        return client.campaigns.clone(campaign["id"], name=options.name)

    return _for_each(options, act)


def delete(options: argparse.Namespace) -> int:
    """Delete campaigns, having asked."""

    def act(client: GhostFlowClient, campaign: Mapping[str, Any]) -> Any:
        if not options.yes and not _agreed(campaign):
            raise CommandError(f"{campaign.get('name')!r} was not deleted")
        gone = client.campaigns.delete(campaign["id"])
        shown = {**campaign, "status": "deleted", "trackingUrl": None}
        return gone if options.json else shown

    return _for_each(options, act)


def _agreed(campaign: Mapping[str, Any]) -> bool:
    if not sys.stdin.isatty():
        raise CommandError("nobody is there to ask whether to delete; say so with --yes")
    name = screen.on_one_line(campaign.get("name"))
    answer = input(
        f"Delete {name!r} for good? Its link {campaign.get('trackingUrl')} stops. [y/N] "
    )
    return answer.strip().casefold() in {"y", "yes"}


def _for_each(
    options: argparse.Namespace, act: Callable[[GhostFlowClient, Mapping[str, Any]], Any]
) -> int:
    """Act on every campaign; one that is missing or in a wrong state does not spare the rest."""
    code = 0
    with open_client(options) as client:
        for word in options.campaigns:
            try:
                done = act(client, find(client, "campaign", word))
            except (CommandError, ConflictError, NotFoundError) as error:
                line = str(error) if isinstance(error, CommandError) else line_of(error)
                screen.print_error(line)
                code = 1
                continue
            if options.json:
                screen.print_json(done)
            else:
                print(_line(done))
    return code


def _line(campaign: Mapping[str, Any]) -> str:
    parts = [campaign.get(name) for name in ("slug", "status", "name", "trackingUrl")]
    return "  ".join(screen.on_one_line(part) for part in parts if part)


def _list(
    options: argparse.Namespace,
    noun: str,
    columns: tuple[Column, ...],
    row: Callable[[Mapping[str, Any]], list[str]],
    **filters: Any,
) -> int:
    with open_client(options) as client:
        found = getattr(client, noun).iter(
            search=options.search,
            page_size=min(options.limit, 1000),
            max_items=options.limit,
            **_given(**filters),
        )
        _show(found, options, columns, row, f"no {noun}")
    return 0


def _show(
    items: Iterable[Mapping[str, Any]],
    options: argparse.Namespace,
    columns: tuple[Column, ...],
    row: Callable[[Mapping[str, Any]], list[str]],
    nothing: str,
) -> None:
    if options.json:
        for item in items:
            screen.print_json(item)
    else:
        print_table(columns, [row(item) for item in items], nothing=nothing)


def _campaign_row(item: Mapping[str, Any]) -> list[str]:
    return [
        str(item.get("slug") or item.get("id")),
        str(item.get("name")),
        str(item.get("status") or NOTHING),
        write_cost(item.get("cost")),
        str(item.get("trackingUrl") or NOTHING),
    ]


def _offer_row(item: Mapping[str, Any]) -> list[str]:
    return [
        str(item.get("id")),
        str(item.get("name")),
        str(item.get("status") or NOTHING),
        money(item.get("payout"), item.get("payoutCurrency")),
        " ".join(item.get("countries") or ["everywhere"]),
        write_cap(item.get("cap")),
    ]


def _source_row(item: Mapping[str, Any]) -> list[str]:
    return [
        str(item.get("id")),
        str(item.get("name")),
        str(item.get("templateKey") or NOTHING),
        write_cost(item.get("cost")),
        _params(item),
    ]


def _template_row(item: Mapping[str, Any]) -> list[str]:
    return [
        str(item.get("key")),
        str(item.get("name")),
        write_cost(item.get("cost")),
        _params(item),
    ]


def _params(item: Mapping[str, Any]) -> str:
    params = item.get("params") or {}
    return ", ".join(f"{name}→{field}" for name, field in params.items()) or NOTHING


def _readable(campaign: Mapping[str, Any]) -> dict[str, Any]:
    shown = {**campaign}
    if "cost" in shown:
        shown["cost"] = write_cost(shown["cost"])
    if isinstance(shown.get("offers"), list):
        shown["offers"] = ", ".join(
            f"{each.get('offerId')}:{each.get('weight')}" for each in shown["offers"]
        )
    return shown


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
