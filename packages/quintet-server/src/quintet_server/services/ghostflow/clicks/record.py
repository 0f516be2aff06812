"""One click as it is stored and as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from quintet_server.services.ghostflow.wire import instant, money

__all__ = ["COLUMNS", "SUBS", "UTM", "Click", "read_click", "wire"]

SUBS = tuple(f"sub{number}" for number in range(1, 11))
UTM = ("source", "medium", "campaign", "term", "content")


@dataclass(slots=True, kw_only=True)
class Click:
    """A row of `ghostflow_clicks`, its columns in the order of the table."""

    id: UUID
    """Version 7; what links and postbacks call `click_id`."""
    team_id: UUID
    campaign_id: UUID
    offer_id: UUID | None = None
    """None: it went to the campaign's own URL."""
    source_id: UUID | None = None
    network_id: UUID | None = None
    domain_id: UUID | None = None
    at: datetime
    visitor_id: UUID
    is_unique: bool = False
    """Decided by the database when the click is written."""
    is_bot: bool = False
    bot_reason: str | None = None
    country: str | None = None
    device: str = "other"
    os: str | None = None
    browser: str | None = None
    referrer_host: str | None = None
    language: str | None = None
    external_id: str | None = None
    sub1: str | None = None
    sub2: str | None = None
    sub3: str | None = None
    sub4: str | None = None
    sub5: str | None = None
    sub6: str | None = None
    sub7: str | None = None
    sub8: str | None = None
    sub9: str | None = None
    sub10: str | None = None
    utm: dict[str, str] | None = None
    """Of source, medium, campaign, term, content those there are; None: none."""
    cost: int = 0
    """Micro-units of `cost_currency`."""
    cost_currency: str
    destination: str
    """Where it was sent."""
    ip_range: str | None = None
    """The truncated address, if the operator wants it kept."""
    extra: dict[str, str] | None = None
    """Parameters that are none of the above; None: none."""


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Click))
"""Names of the columns, which are the names of the attributes."""


def read_click(row: Mapping[str, Any]) -> Click:
    """A click from a row that has its columns by name."""
    return Click(**{name: row[name] for name in COLUMNS})


def wire(click: Click) -> dict[str, Any]:
    """The click as the API shows it."""
    return {
        "id": str(click.id),
        "teamId": str(click.team_id),
        "campaignId": str(click.campaign_id),
        "offerId": _text(click.offer_id),
        "sourceId": _text(click.source_id),
        "networkId": _text(click.network_id),
        "domainId": _text(click.domain_id),
        "at": instant(click.at),
        "visitorId": str(click.visitor_id),
        "isUnique": click.is_unique,
        "isBot": click.is_bot,
        "botReason": click.bot_reason,
        "country": click.country,
        "device": click.device,
        "os": click.os,
        "browser": click.browser,
        "referrerHost": click.referrer_host,
        "language": click.language,
        "externalId": click.external_id,
        **{name: getattr(click, name) for name in SUBS},
        "utm": {name: (click.utm or {}).get(name) for name in UTM},
        "cost": money(click.cost),
        "currency": click.cost_currency,
        "destination": click.destination or None,
        "ipRange": click.ip_range,
        "extra": click.extra or {},
    }


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
