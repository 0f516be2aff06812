"""Clicks and conversions written into the tables, and reports on them computed the slow way.

The slow way looks at every row and knows nothing of rollups, buckets or SQL.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from quintet_server.store.ids import new_uuid7

if TYPE_CHECKING:
    from ..conftest import Api

IDS = {"campaign", "offer", "source", "network", "domain"}


@dataclass
class Click:
    """A row of clicks."""

    campaign_id: UUID
    at: datetime
    id: UUID = field(default_factory=new_uuid7)
    visitor_id: UUID = field(default_factory=uuid.uuid4)
    offer_id: UUID | None = None
    source_id: UUID | None = None
    network_id: UUID | None = None
    domain_id: UUID | None = None
    is_unique: bool = True
    is_bot: bool = False
    country: str | None = None
    device: str = "desktop"
    os: str | None = None
    browser: str | None = None
    sub1: str | None = None
    cost: int = 0
    cost_currency: str = "USD"


@dataclass
class Conversion:
    """A row of conversions."""

    click: Click
    at: datetime
    status: str = "approved"
    event: str = "conversion"
    payout: int = 0
    payout_currency: str = "USD"
    revenue: int | None = 0
    currency: str = "USD"
    cost: int = 0
    cost_currency: str = "USD"
    id: UUID = field(default_factory=new_uuid7)


async def insert(api: Api, team: UUID, rows: Iterable[Click | Conversion]) -> None:
    """Write each in a statement of its own."""
    for row in rows:
        values: dict[str, Any] = {"team_id": team}
        if isinstance(row, Click):
            table = "clicks"
            values |= asdict(row) | {"destination": "https://offer.example/"}
        else:
            table = "conversions"
            values |= {name: getattr(row, name) for name in row.__dataclass_fields__}
            click = values.pop("click")
            values |= {"click_id": click.id, "click_at": click.at, "campaign_id": click.campaign_id}
            values["tx_id"] = row.id.hex
        places = ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO ghostflow_{table} ({', '.join(values)}) VALUES ({places})"
        await api.sql(statement, *values.values())


async def campaign(api: Api, team: UUID, name: str = "Campaign") -> UUID:
    """The id of a new campaign."""
    id = new_uuid7()
    await api.sql(
        "INSERT INTO ghostflow_campaigns (id, team_id, name, url, slug) "
        "VALUES (%s, %s, %s, %s, %s)",
        *(id, team, name, "https://offer.example/", uuid.uuid4().hex),
    )
    return id


@dataclass
class Asked:
    """What a report is asked, as its query."""

    from_: str
    to: str
    timezone: str = "UTC"
    attribution: str = "click"
    bots: str = "exclude"
    currency: str = "USD"
    filters: Mapping[str, str] = field(default_factory=dict)

    def params(self, **more: Any) -> dict[str, Any]:
        """The query's parameters."""
        return {
            "from": self.from_,
            "to": self.to,
            "timezone": self.timezone,
            "attribution": self.attribution,
            "bots": self.bots,
            "currency": self.currency,
            **self.filters,
            **more,
        }

    def covers(self, at: datetime) -> bool:
        """Whether an instant is in the period."""
        if "T" in self.from_:
            return datetime.fromisoformat(self.from_) <= at < datetime.fromisoformat(self.to)
        day = at.astimezone(ZoneInfo(self.timezone)).date()
        return date.fromisoformat(self.from_) <= day <= date.fromisoformat(self.to)


def key_of(name: str, click: Click, at: datetime, conversion: Conversion | None, zone: str) -> Any:
    """What a fact's key is in a report grouped by `name`."""
    local = at.astimezone(ZoneInfo(zone))
    if name in ("day", "hour", "weekday"):
        return {"day": local.date().isoformat(), "hour": local.hour, "weekday": local.isoweekday()}[
            name
        ]
    if name == "bucket":
        return local.replace(minute=0, second=0, microsecond=0).isoformat(timespec="seconds")
    if name == "event":
        return conversion.event if conversion else None
    value = getattr(click, f"{name}_id" if name in IDS else name)
    return "unknown" if value is None else str(value)


def passes(asked: Asked, click: Click, conversion: Conversion | None) -> bool:
    """Whether the filters let a fact through."""
    for name, text in asked.filters.items():
        if name == "event":
            value = conversion.event if conversion else None
        else:
            value = key_of(name.removesuffix("Id"), click, click.at, None, "UTC")
        if text.startswith("!") is (value in text.removeprefix("!").split(",")):
            return False
    return True


Rows = dict[tuple[Any, ...], dict[str, Any]]


def slowly(
    asked: Asked, by: list[str], clicks: list[Click], conversions: list[Conversion]
) -> tuple[Rows, dict[str, Any], list[str]]:
    """Rows by key, totals and `unconverted`, without any rates."""
    of_events = "event" in by or "event" in asked.filters
    kept: dict[tuple[Any, ...], list[tuple[Click, Conversion | None]]] = defaultdict(list)
    facts: list[tuple[Click, Conversion | None, datetime]] = []
    if not of_events:
        facts += [(click, None, click.at) for click in clicks]
    facts += [
        (one.click, one, one.click.at if asked.attribution == "click" else one.at)
        for one in conversions
    ]
    for click, conversion, at in facts:
        if not asked.covers(at) or not passes(asked, click, conversion):
            continue
        if asked.bots == "only" and not click.is_bot:
            continue
        key = tuple(key_of(name, click, at, conversion, asked.timezone) for name in by)
        kept[key].append((click, conversion))
    everything = [fact for facts in kept.values() for fact in facts]
    return (
        {key: metrics(asked, facts, of_events) for key, facts in kept.items()},
        metrics(asked, everything, of_events),
        _unconverted(asked, everything),
    )


def _unconverted(asked: Asked, facts: list[tuple[Click, Conversion | None]]) -> list[str]:
    found = set()
    for click, one in facts:
        if one is None:
            found |= {click.cost_currency} if click.cost else set()
            continue
        counts = one.status in ("pending", "approved")
        if one.revenue is None:
            if counts and one.payout:
                found.add(f"!{one.payout_currency}")
        elif one.revenue and counts:
            found.add(one.currency)
        if one.cost and one.status == "approved":
            found.add(one.cost_currency)
    return sorted({code.removeprefix("!") for code in found if code != asked.currency})


def metrics(
    asked: Asked, facts: list[tuple[Click, Conversion | None]], of_events: bool
) -> dict[str, Any]:
    """Every metric of some facts."""
    clicks = [click for click, one in facts if one is None]
    counted = [
        one for one in clicks if asked.bots == "include" or one.is_bot is (asked.bots == "only")
    ]
    paid = [one for _, one in facts if one is not None]
    status = {
        name: sum(one.status == name for one in paid)
        for name in ("pending", "approved", "rejected", "reversed")
    }
    revenue = {
        name: sum(
            one.revenue or 0
            for one in paid
            if one.status == name and one.currency == asked.currency
        )
        for name in ("pending", "approved")
    }
    cost = sum(one.cost for one in clicks if one.cost_currency == asked.currency) + sum(
        one.cost for one in paid if one.status == "approved" and one.cost_currency == asked.currency
    )
    conversions = status["pending"] + status["approved"]
    earned = revenue["approved"]
    judged = status["approved"] + status["rejected"] + status["reversed"]
    found: dict[str, Any] = {
        "clicks": len(counted),
        "uniqueClicks": sum(one.is_unique for one in clicks),
        "uniqueVisitors": len({one.visitor_id for one in counted}),
        "botClicks": sum(one.is_bot for one in clicks),
        "conversions": conversions,
        **status,
        "revenue": _units(earned),
        "pendingRevenue": _units(revenue["pending"]),
        "cost": _units(cost),
        "profit": _units(earned - cost),
        "roi": _ratio(100 * (earned - cost), cost),
        "roas": _ratio(earned, cost),
        "cr": _ratio(100 * conversions, len(counted)),
        "approvalRate": _ratio(100 * status["approved"], judged),
        "epc": _ratio(earned, 10**6 * len(counted)),
        "cpc": _ratio(cost, 10**6 * len(counted)),
        "cpa": _ratio(cost, 10**6 * conversions),
    }
    if of_events:
        kept = {"conversions", *status, "revenue", "pendingRevenue", "approvalRate"}
        found |= dict.fromkeys(found.keys() - kept)
    return found


def _units(micros: int) -> Decimal:
    return Decimal(micros) / 10**6


def _ratio(numerator: int, denominator: int) -> Decimal | None:
    if not denominator:
        return None
    return Decimal(round(Fraction(numerator, denominator) * 10**4)) / 10**4


def utc(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
