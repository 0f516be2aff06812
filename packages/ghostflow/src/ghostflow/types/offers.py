"""Offers: where campaigns lead, and what a conversion there is worth."""

# ruff: noqa: N815 - the names are the wire's

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict

from ghostflow.types.shared import Amount, Stored


class Cap(TypedDict, total=False):
    """How much an offer takes: ``limit`` ``counts`` (clicks or conversions) per ``period``.

    ``period`` is ``day``, ``month`` or ``total``, in ``timezone``.
    """

    limit: int
    period: str
    counts: str
    timezone: str


class Offer(Stored):
    """An offer."""

    url: str
    networkId: str | None
    payout: Decimal
    payoutCurrency: str
    countries: list[str]
    cap: Cap | None
    status: str


class OfferFields(TypedDict, total=False):
    """What can be said of an offer besides its name and its URL.

    Attributes:
        network_id: The network that reports its conversions.
        payout: What a conversion is worth whose postback does not say; 0 by default.
        payout_currency: The team's by default.
        countries: Two-letter codes; none means everywhere.
        cap: How much it takes; ``None`` for no bound.
        status: ``active`` by default.
    """

    network_id: str | None
    payout: Amount
    payout_currency: str
    countries: Sequence[str]
    cap: Cap | None
    status: str


class OfferChanges(OfferFields, total=False):
    """What can be changed of an offer; ``None`` clears what can be empty."""

    name: str
    url: str
