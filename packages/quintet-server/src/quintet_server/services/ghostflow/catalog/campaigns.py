"""Campaigns: what a link leads to, what its traffic costs, and whether it is open."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from starlette.responses import Response

from quintet_server.services.ghostflow.catalog import operations
from quintet_server.services.ghostflow.catalog.fields import (
    LIFE,
    CostRule,
    Status,
    TeamCurrency,
    TemplateUrl,
    Word,
    each_once,
    show_cost,
)
from quintet_server.services.ghostflow.catalog.links import origin, tracking_url
from quintet_server.services.ghostflow.catalog.references import Reference, check_references
from quintet_server.services.ghostflow.catalog.resource import (
    Part,
    ReadOnly,
    Resource,
    ResourceBody,
    Row,
    Values,
    show_common,
)
from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.errors import conflict
from quintet_server.services.ghostflow.wire import Name, instant
from quintet_server.store.database import Connection
from quintet_server.store.event_log import append
from quintet_server.store.idempotency import Reply

__all__ = ["CAMPAIGNS", "CampaignBody", "CreateCampaign", "clone"]

UPDATED = "campaign.updated"

_BASE62 = string.ascii_letters + string.digits
_SLUG_CHARS = 10
_NAME_MAX_CHARS = 200
_OFFERS_MAX = 100
_STEPS = {
    "active": ("paused", "archived"),
    "paused": ("active", "archived"),
    "archived": ("paused",),
}
# The campaign's own domain, or the team's default one; its host once it is known to lead here.
_DOMAIN = """
(SELECT jsonb_build_object('id', d.id, 'host', CASE WHEN d.status = 'active' THEN d.host END)
   FROM ghostflow_domains d
  WHERE d.team_id = ghostflow_campaigns.team_id AND d.deleted_at IS NULL
    AND CASE WHEN ghostflow_campaigns.domain_id IS NULL THEN d.is_default
             ELSE d.id = ghostflow_campaigns.domain_id END) AS domain
"""
_NOT_IN_NOTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class OfferShare(Part):
    """An offer that a campaign sends visitors to, and how often."""

    offer_id: UUID
    weight: Annotated[int, Field(ge=1, le=1000)] = 100

    def stored(self) -> dict[str, Any]:
        """As the link book reads it."""
        return {"offerId": str(self.offer_id), "weight": self.weight}


def _offers(given: list[OfferShare]) -> list[OfferShare]:
    if len({share.offer_id for share in given}) < len(given):
        raise ValueError("must name each offer once")
    return given


def _notes(given: str) -> str:
    if _NOT_IN_NOTES.search(given):
        raise ValueError("must not contain control characters")
    return given


Offers = Annotated[list[OfferShare], Field(max_length=_OFFERS_MAX), AfterValidator(_offers)]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{3,64}$")]
Parameter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.~-]{1,100}$")]
Tags = Annotated[list[Word], Field(max_length=50), AfterValidator(each_once)]
Notes = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_notes)]


class CampaignBody(ResourceBody):
    """A change of a campaign."""

    url: TemplateUrl = ""
    slug: Slug = ""
    status: Status = "active"
    domain_id: UUID | None = None
    source_id: UUID | None = None
    offers: Offers = Field(default_factory=list)
    sticky: bool = True
    cost: CostRule = CostRule(model="none")
    currency: TeamCurrency = None
    append_click_id: Parameter | None = "gf_click_id"
    pass_through: bool = False
    unique_window_hours: Annotated[int, Field(ge=1, le=720)] = 24
    tags: Tags = Field(default_factory=list)
    notes: Notes = ""
    tracking_url: ReadOnly = None
    archived_at: ReadOnly = None


class CreateCampaign(CampaignBody):
    """A new campaign."""

    name: Name
    url: TemplateUrl


def _show(call: Call, row: Row) -> dict[str, Any]:
    domain, currency = row["domain"] or {}, row["currency"] or call.team.currency
    return {
        **show_common(row),
        "url": row["url"],
        "slug": row["slug"],
        "trackingUrl": tracking_url(origin(call), row["slug"], domain.get("host")),
        "status": row["status"],
        "domainId": domain.get("id"),
        "sourceId": None if row["source_id"] is None else str(row["source_id"]),
        "offers": row["offers"],
        "sticky": row["sticky"],
        "cost": show_cost(row["cost"], currency),
        "currency": currency,
        "appendClickId": row["append_click_id"],
        "passThrough": row["pass_through"],
        "uniqueWindowHours": row["unique_window_hours"],
        "tags": row["tags"],
        "notes": row["notes"],
        "archivedAt": instant(row["archived_at"]),
    }


async def _prepare(call: Call, conn: Connection, old: Row | None, values: Values) -> None:
    if not values.get("slug", "given"):
        values["slug"] = new_slug()
    _check_step(old, values)
    if "status" in values and (old is None or values["status"] != old["status"]):
        is_archived = values["status"] == "archived"
        now = datetime.fromtimestamp(call.parts.clock.now(), UTC)
        values["archived_at"] = now if is_archived else None
    if old is not None and old["status"] == "archived" and values.get("status") == "paused":
        # What an archived campaign refers to may have been deleted since.
        await check_references(conn, call.team.id, _references({**old, **values}))
    else:
        await check_references(conn, call.team.id, _references(values))


def new_slug() -> str:
    """A slug that nobody guesses."""
    return "".join(secrets.choice(_BASE62) for _ in range(_SLUG_CHARS))


def _check_step(old: Row | None, values: Values) -> None:
    if old is None or "status" not in values:
        return
    before, after = old["status"], values["status"]
    if after != before and after not in _STEPS[before]:
        steps = " or ".join(_STEPS[before])
        message = f"status: a campaign that is {before} can become {steps}, not {after}."
        raise conflict(message, [("status", f"cannot become {after}")])


def _references(values: Values) -> Sequence[Reference]:
    references = [
        Reference(f"offers.{place}.offerId", "offers", UUID(share["offerId"]))
        for place, share in enumerate(values.get("offers", ()))
    ]
    if values.get("source_id") is not None:
        references.append(Reference("sourceId", "sources", values["source_id"]))
    if values.get("domain_id") is not None:
        references.append(Reference("domainId", "domains", values["domain_id"]))
    return references


async def _tell(call: Call, conn: Connection, old: Row | None, new: Row) -> None:
    if old is not None:
        await _tell_updated(call, conn, _show(call, new))


async def _untie(call: Call, conn: Connection, row: Row) -> None:
    await _tell_updated(call, conn, {**_show(call, row), "deleted": True})


async def _tell_updated(call: Call, conn: Connection, data: dict[str, Any]) -> None:
    await append(conn, call.team.project_id, data["id"], UPDATED, data)


CAMPAIGNS = Resource(
    noun="Campaign",
    plural="campaigns",
    table="ghostflow_campaigns",
    body=CampaignBody,
    show=_show,
    more_columns=("archived_at",),
    computed=_DOMAIN,
    json_columns=frozenset({"offers", "cost"}),
    unique={
        "ghostflow_campaigns_slug_key": (
            "slug",
            "All teams of a server share them, and a deleted campaign's is not given out again, "
            "for its links are still out there: choose another, or name none to get a free one.",
        )
    },
    statuses=LIFE,
    unlisted_statuses=("archived",),
    prepare=_prepare,
    tell=_tell,
    untie=_untie,
)


async def clone(call: Call) -> Response:
    """`POST /campaigns/{id}/clone`: 201 with a paused campaign that has another link.

    Raises 400 if an archived one refers to what has been deleted since.
    """

    async def action(conn: Connection) -> Reply:
        row = await operations.locked(CAMPAIGNS, call, conn)
        values = {name: row[name] for name in CAMPAIGNS.fields}
        values |= {"name": _copied(row["name"]), "slug": "", "status": "paused"}
        new = await operations.make(CAMPAIGNS, call, conn, values)
        return operations.reply(CAMPAIGNS, call, new, 201)

    return await write(call, action)


def _copied(name: str) -> str:
    mark = " (copy)"
    return f"{name[: _NAME_MAX_CHARS - len(mark)].rstrip()}{mark}"
