"""Campaigns: what holds a tracking link, and decides where it leads."""

# ruff: noqa: N815 - the names are the wire's

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict

from ghostflow.types.shared import CostRule, Stored


class WeightedOffer(TypedDict):
    """An offer in a campaign's rotation; ``weight`` is 1 to 1000."""

    offerId: str
    weight: int


class Campaign(Stored):
    """A campaign. Of the hosted service only ``id``, ``name`` and ``url`` are known."""

    url: str
    slug: str
    trackingUrl: str
    status: str
    domainId: str | None
    sourceId: str | None
    offers: list[WeightedOffer]
    sticky: bool
    cost: CostRule
    currency: str
    appendClickId: str | None
    passThrough: bool
    uniqueWindowHours: int
    tags: list[str]
    notes: str
    archivedAt: str | None


class CampaignFields(TypedDict, total=False):
    """What can be said of a campaign besides its name and its URL.

    Attributes:
        slug: 3 to 64 of ``A–Z a–z 0–9 _ -``; drawn by the service by default.
        status: ``active`` by default.
        domain_id: ``None`` for the team's default domain.
        source_id: Where the traffic comes from.
        offers: The rotation; without any, the campaign's ``url`` is the destination.
        sticky: Whether a returning visitor gets the same offer; true by default.
        cost: What traffic costs.
        currency: The team's by default.
        append_click_id: The parameter that carries the click id to destinations without a macro for
            it; ``None`` for none, ``gf_click_id`` by default.
        pass_through: Whether unknown parameters of the link go on to the destination.
        unique_window_hours: 1 to 720, 24 by default.
        tags: Up to 50.
        notes: Up to 10 000 characters.
    """

    slug: str
    status: str
    domain_id: str | None
    source_id: str | None
    offers: Sequence[WeightedOffer]
    sticky: bool
    cost: CostRule
    currency: str
    append_click_id: str | None
    pass_through: bool
    unique_window_hours: int
    tags: Sequence[str]
    notes: str


class CampaignChanges(CampaignFields, total=False):
    """What can be changed of a campaign; ``None`` clears what can be empty."""

    name: str
    url: str


# "from" is a word of Python and cannot stand in a class.
_From = TypedDict("_From", {"from": str})


class BookedCost(_From):
    """What was booked, and over how many ``clicks`` it was split."""

    campaignId: str
    to: str
    amount: Decimal
    currency: str
    clicks: int
