"""A link, made ready: everything about a campaign that its clicks need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from quintet_server.services.ghostflow.clicks.costing import CostRule, cost_rule
from quintet_server.services.ghostflow.clicks.macros import Template, compile_template
from quintet_server.services.ghostflow.clicks.values import amount_text
from quintet_server.services.ghostflow.redirects.caps import Cap, read_cap

__all__ = ["Domain", "Link", "Offer", "Pool", "Target", "read_link"]

_COUNTRIES_REMEMBERED = 300


@dataclass(frozen=True, slots=True)
class Domain:
    """An active domain."""

    id: UUID
    team_id: UUID
    fallback_url: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link may lead."""

    template: Template
    own_names: frozenset[str]
    """Parameters that it has itself: what a visitor sends does not come beside them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer in the rotation of a campaign."""

    id: UUID
    target: Target
    weight: int
    is_active: bool
    countries: frozenset[str]
    """Where it is for; empty: everywhere."""
    network_id: UUID | None
    payout: str
    """Of a conversion, as `{payout}` shows it; empty: it names none."""
    cap: Cap | None


@dataclass(frozen=True, slots=True)
class Pool:
    """The offers for a country, whether they can be had just now or not."""

    offers: tuple[Offer, ...]
    sums: tuple[int, ...]
    """Of the weights so far."""

    @classmethod
    def of(cls, offers: Sequence[Offer]) -> Pool:
        """Add the weights up."""
        return cls(tuple(offers), tuple(accumulate(offer.weight for offer in offers)))


@dataclass(slots=True)
class Link:
    """An active campaign."""

    campaign_id: UUID
    team_id: UUID
    team_secret: bytes
    source_id: UUID | None
    params: Mapping[str, str]
    """Of the source: incoming names and the fields they fill."""
    target: Target
    offers: tuple[Offer, ...]
    is_sticky: bool
    cost: CostRule
    currency: str
    append_click_id: str | None
    passes_through: bool
    window_hours: int
    _pools: dict[str | None, Pool] = field(default_factory=dict)

    def pool(self, country: str | None) -> Pool:
        """The offers that visitors from a country may be sent to; None: it is not known."""
        found = self._pools.get(country)
        if found is None:
            if len(self._pools) >= _COUNTRIES_REMEMBERED:
                self._pools.clear()
            found = self._pools[country] = Pool.of(
                [one for one in self.offers if not one.countries or country in one.countries]
            )
        return found


def read_link(row: Mapping[str, Any]) -> Link:
    """Make a link of the row that the book reads.

    Raises:
        ValueError: A stored URL is none. Nobody can have stored it by the API.
    """
    found = row["found_offers"] or {}
    offers = [
        _read_offer(found[entry["offerId"]], entry["weight"], row["timezone"])
        for entry in row["offers"]
        if entry["offerId"] in found
    ]
    return Link(
        campaign_id=row["id"],
        team_id=row["team_id"],
        team_secret=row["secret"],
        source_id=row["source_id"],
        params=row["params"] or {},
        target=_target(row["url"]),
        offers=tuple(offers),
        is_sticky=row["sticky"],
        cost=cost_rule(row["cost"], row["source_cost"]),
        currency=row["currency"] or row["team_currency"],
        append_click_id=row["append_click_id"],
        passes_through=row["pass_through"],
        window_hours=row["unique_window_hours"],
    )


def _read_offer(row: Mapping[str, Any], weight: int, zone: str) -> Offer:
    id = UUID(row["id"])
    payout = int(Decimal(row["payout"]))
    return Offer(
        id=id,
        target=_target(row["url"]),
        weight=weight,
        is_active=row["status"] == "active",
        countries=frozenset(row["countries"]),
        network_id=UUID(row["network_id"]) if row["network_id"] else None,
        payout=amount_text(payout) if payout else "",
        cap=read_cap(id, row["version"], row["cap"], zone),
    )


def _target(url: str) -> Target:
    names = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    return Target(compile_template(url), frozenset(names))
