"""What answers look like, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from quintet_server.services.ghostflow.conversions.statuses import Status as ConversionStatus

Status = Literal["active", "paused", "archived"]


class Shown(BaseModel):
    """An object, or a part of one."""

    model_config = ConfigDict(alias_generator=to_camel)


class Resource(Shown):
    """What each of them has."""

    id: UUID
    team_id: UUID
    name: str
    version: int
    created_at: str
    updated_at: str


class ShownCost(Shown):
    """How traffic is paid for."""

    model: Literal["none", "cpc", "cpa", "revshare", "param"]
    amount: float | None = None
    currency: str | None = None


class ShownOfferShare(Shown):
    """An offer of a campaign."""

    offer_id: UUID
    weight: int


class Campaign(Resource):
    """A campaign."""

    url: str
    slug: str
    tracking_url: str
    status: Status
    domain_id: UUID | None
    source_id: UUID | None
    offers: list[ShownOfferShare]
    sticky: bool
    cost: ShownCost
    currency: str
    append_click_id: str | None
    pass_through: bool
    unique_window_hours: int
    tags: list[str]
    notes: str
    archived_at: str | None


class ShownCap(Shown):
    """How many an offer takes."""

    limit: int
    period: Literal["day", "month", "total"]
    counts: Literal["clicks", "conversions"]
    timezone: str


class Offer(Resource):
    """An offer."""

    url: str
    network_id: UUID | None
    payout: float
    payout_currency: str
    countries: list[str]
    cap: ShownCap | None
    status: Status


class Source(Resource):
    """A source."""

    postback_url: str | None
    postback_on: list[ConversionStatus]
    params: dict[str, str]
    cost: ShownCost
    template_key: str | None


class SourceTemplate(Shown):
    """What a source of a known kind begins with."""

    key: str
    name: str
    params: dict[str, str]
    postback_url: str | None
    cost: ShownCost


class Network(Resource):
    """A network."""

    currency: str
    param_map: dict[str, str]
    status_map: dict[str, ConversionStatus]
    postback_key: str
    postback_url: str
    require_ip: list[str]


class ShownVerification(Shown):
    """What a domain has to show, and where."""

    path: str
    token: str


class Domain(Resource):
    """A domain."""

    host: str
    status: Literal["pending", "active", "failed"]
    is_default: bool
    fallback_url: str | None
    verification: ShownVerification
    last_checked_at: str | None
    last_error: str | None


class Deleted(Shown):
    """What a deletion answers."""

    id: UUID
    deleted: Literal[True]


class Campaigns(RootModel[list[Campaign]]):
    """A page of campaigns."""


class Offers(RootModel[list[Offer]]):
    """A page of offers."""


class Sources(RootModel[list[Source]]):
    """A page of sources."""


class SourceTemplates(RootModel[list[SourceTemplate]]):
    """The templates of sources."""


class Networks(RootModel[list[Network]]):
    """A page of networks."""


class Domains(RootModel[list[Domain]]):
    """A page of domains."""
