"""Offers: where visitors are sent, what a conversion pays, and how many are taken."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from quintet_server.services.ghostflow.catalog.fields import (
    LIFE,
    Status,
    TeamCurrency,
    TemplateUrl,
    Timezone,
    each_once,
)
from quintet_server.services.ghostflow.catalog.references import (
    Reference,
    check_references,
    refuse_if_in_campaigns,
)
from quintet_server.services.ghostflow.catalog.resource import (
    Part,
    Resource,
    ResourceBody,
    Row,
    Values,
    show_common,
)
from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.wire import Amount, CountryCode, Name, money
from quintet_server.store.database import Connection

__all__ = ["OFFERS", "CreateOffer", "OfferBody"]

_LIMIT_MAX = 1_000_000_000
_COUNTRIES_MAX = 300


class Cap(Part):
    """How many clicks or conversions an offer takes in a day, in a month, or at all."""

    limit: Annotated[int, Field(ge=1, le=_LIMIT_MAX)]
    period: Literal["day", "month", "total"]
    counts: Literal["clicks", "conversions"]
    timezone: Timezone | None = None
    """Where days and months begin; null: in the team's."""

    def stored(self) -> dict[str, Any]:
        """As the link book reads it."""
        cap = {"limit": self.limit, "period": self.period, "counts": self.counts}
        return cap if self.timezone is None else {**cap, "timezone": self.timezone}


Countries = Annotated[
    list[CountryCode], Field(max_length=_COUNTRIES_MAX), AfterValidator(each_once)
]


class OfferBody(ResourceBody):
    """A change of an offer."""

    url: TemplateUrl = ""
    network_id: UUID | None = None
    payout: Amount = 0
    payout_currency: TeamCurrency = None
    countries: Countries = Field(default_factory=list)
    cap: Cap | None = None
    status: Status = "active"


class CreateOffer(OfferBody):
    """A new offer."""

    name: Name
    url: TemplateUrl


def _show(call: Call, row: Row) -> dict[str, Any]:
    cap = row["cap"]
    return {
        **show_common(row),
        "url": row["url"],
        "networkId": None if row["network_id"] is None else str(row["network_id"]),
        "payout": money(row["payout"]),
        "payoutCurrency": row["payout_currency"] or call.team.currency,
        "countries": row["countries"],
        "cap": None if cap is None else {"timezone": call.team.timezone, **cap},
        "status": row["status"],
    }


async def _prepare(call: Call, conn: Connection, _old: Row | None, values: Values) -> None:
    network_id = values.get("network_id")
    if network_id is not None:
        reference = Reference("networkId", "networks", network_id)
        await check_references(conn, call.team.id, [reference])


async def _untie(call: Call, conn: Connection, row: Row) -> None:
    await refuse_if_in_campaigns(conn, call.team.id, "offer", "offers", row["id"])


OFFERS = Resource(
    noun="Offer",
    plural="offers",
    table="ghostflow_offers",
    body=OfferBody,
    show=_show,
    json_columns=frozenset({"cap"}),
    statuses=LIFE,
    prepare=_prepare,
    untie=_untie,
)
