"""Conversions, and the log of postbacks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal, TypedDict

from ghostflow.types.shared import Amount

ConversionStatus = Literal["pending", "approved", "rejected", "reversed"]
"""``pending`` may become ``approved`` or ``rejected``, and ``approved`` any but ``pending``."""


class StatusChange(TypedDict):
    """A status, and when it was entered."""

    status: str
    at: str


class Conversion(TypedDict):
    """A conversion.

    ``revenue`` is the payout in the campaign's currency, ``None`` where no rate is known;
    ``originalStatus`` is the network's word; ``cost`` is what it costs while it is approved.
    """

    id: str
    teamId: str
    clickId: str
    campaignId: str
    offerId: str | None
    sourceId: str | None
    networkId: str | None
    event: str
    txId: str | None
    status: str
    originalStatus: str | None
    payout: Decimal
    payoutCurrency: str
    revenue: Decimal | None
    currency: str
    cost: Decimal
    costCurrency: str
    at: str
    clickAt: str
    receivedAt: str
    updatedAt: str
    duplicateCount: int
    history: list[StatusChange]
    version: int


class ConversionFields(TypedDict, total=False):
    """What can be said of a conversion besides its click.

    Attributes:
        tx_id: Tells several conversions of a click apart; without one a repeat is a duplicate.
        event: ``conversion`` by default.
        status: ``approved`` by default.
        payout: The offer's by default.
        currency: Of the payout.
        at: When it happened, now by default.
    """

    tx_id: str
    event: str
    status: str
    payout: Amount
    currency: str
    at: datetime | str


class ConversionChanges(TypedDict, total=False):
    """What can be changed of a conversion."""

    status: str
    payout: Amount


class PostbackAttempt(TypedDict):
    """One try at telling a source; without ``status`` there was no answer."""

    number: int
    at: str
    status: int | None
    error: str | None
    durationMs: int


class _PostbackCore(TypedDict):
    id: str
    teamId: str
    direction: str
    at: str
    outcome: str
    reason: str | None
    httpStatus: int | None
    method: str
    campaignId: str | None
    offerId: str | None
    sourceId: str | None
    networkId: str | None
    clickId: str | None
    conversionId: str | None
    event: str | None
    txId: str | None
    status: str | None
    completedAt: str | None


class Postback(_PostbackCore, total=False):
    """A line of the postback log: what came in or went out, and what became of it.

    ``outcome`` of what came ``in``: ``created``, ``updated``, ``duplicate``, ``ignored``,
    ``click_not_found``, ``forbidden``, ``invalid``; of what went ``out``: ``pending``,
    ``delivered``, ``failed``. ``params`` and ``waitingUntil`` are of the former, ``url`` and
    ``attempts`` of the latter; secrets are left out.
    """

    params: dict[str, str]
    waitingUntil: str | None
    url: str | None
    attempts: list[PostbackAttempt]
