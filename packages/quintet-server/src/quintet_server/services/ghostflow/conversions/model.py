"""One conversion as it is stored and as it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from quintet_server.services.ghostflow.wire import instant, money

__all__ = ["COLUMNS", "DEFAULT_EVENT", "NAMES", "Conversion", "read_conversion", "wire"]

DEFAULT_EVENT = "conversion"
"""What is reported when nobody says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A row of `ghostflow_conversions`. Amounts are in micro-units of their currency."""

    id: UUID
    team_id: UUID
    click_id: UUID
    campaign_id: UUID
    offer_id: UUID | None
    source_id: UUID | None
    network_id: UUID | None
    event: str
    tx_id: str
    """Empty: none was named."""
    status: str
    original_status: str | None
    """The word that was sent, whatever it was taken for."""
    payout: int
    payout_currency: str
    revenue: int | None
    """The payout in `currency`; None: there was no rate."""
    currency: str
    """The campaign's."""
    cost: int
    """What it costs while it is approved."""
    cost_currency: str
    at: datetime
    click_at: datetime
    received_at: datetime
    updated_at: datetime
    duplicate_count: int
    history: list[dict[str, str]]
    """`{status, at}` for each status it has entered, the first one first."""
    version: int


NAMES: tuple[str, ...] = tuple(field.name for field in fields(Conversion))
"""The columns of the table, which are the names of the attributes."""
COLUMNS = ", ".join(NAMES)
"""The columns, in the order that `read_conversion` expects."""


def read_conversion(row: Sequence[Any]) -> Conversion:
    """A conversion from the values of `COLUMNS`."""
    return Conversion(**dict(zip(NAMES, row, strict=True)))


def wire(conversion: Conversion) -> dict[str, Any]:
    """The conversion as the API shows it, and as webhooks carry it."""
    return {
        "id": str(conversion.id),
        "teamId": str(conversion.team_id),
        "clickId": str(conversion.click_id),
        "campaignId": str(conversion.campaign_id),
        "offerId": _text(conversion.offer_id),
        "sourceId": _text(conversion.source_id),
        "networkId": _text(conversion.network_id),
        "event": conversion.event,
        "txId": conversion.tx_id or None,
        "status": conversion.status,
        "originalStatus": conversion.original_status,
        "payout": money(conversion.payout),
        "payoutCurrency": conversion.payout_currency,
        "revenue": money(conversion.revenue),
        "currency": conversion.currency,
        "cost": money(conversion.cost),
        "costCurrency": conversion.cost_currency,
        "at": instant(conversion.at),
        "clickAt": instant(conversion.click_at),
        "receivedAt": instant(conversion.received_at),
        "updatedAt": instant(conversion.updated_at),
        "duplicateCount": conversion.duplicate_count,
        "history": conversion.history,
        "version": conversion.version,
    }


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
