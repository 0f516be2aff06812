"""Bodies of requests about conversions, and the answer for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from quintet_server.services.ghostflow.conversions.statuses import Status
from quintet_server.services.ghostflow.endpoints import Body
from quintet_server.services.ghostflow.wire import Amount, CurrencyCode

__all__ = ["ChangeConversion", "ConversionList", "ConversionObject", "CreateConversion"]

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Event = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_PRINTABLE)]
TxId = Annotated[str, StringConstraints(max_length=255, pattern=_PRINTABLE)]


class CreateConversion(Body):
    """What a click has led to. Only the click must be named."""

    click_id: str
    tx_id: TxId | None = None
    """The transaction; another one on the same click is another conversion."""
    event: Event | None = None
    """`conversion` if there is none."""
    status: Status | None = None
    """`approved` if there is none."""
    payout: Amount | None = None
    """What it pays; what the offer pays if there is none."""
    currency: CurrencyCode | None = None
    """Of the payout; the network's, else the offer's if there is none."""
    at: str | None = None
    """When it was, in RFC 3339; now if there is none."""


class ChangeConversion(Body):
    """What is to change."""

    status: Status | None = None
    payout: Amount | None = None
    """In the currency that the conversion has."""


class _StatusAt(BaseModel):
    status: Status
    at: str


class ConversionObject(BaseModel):
    """A conversion. Instants are RFC 3339."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: str
    team_id: str
    click_id: str
    campaign_id: str
    offer_id: str | None
    source_id: str | None
    network_id: str | None
    event: str
    tx_id: str | None
    status: Status
    original_status: str | None
    """The word that the network sent."""
    payout: float
    payout_currency: str
    revenue: float | None
    """The payout in the campaign's currency; null: the server has no rate."""
    currency: str
    cost: float
    """What it costs while it is approved."""
    cost_currency: str
    at: str
    click_at: str
    received_at: str
    updated_at: str
    duplicate_count: int
    history: list[_StatusAt]
    version: int


class ConversionList(RootModel[list[ConversionObject]]):
    """Conversions."""
