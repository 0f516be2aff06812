"""What a click looks like in a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, WithJsonSchema
from pydantic.alias_generators import to_camel

from quintet_server.services.ghostflow.clicks.addresses import canonical
from quintet_server.services.ghostflow.clicks.incoming import MOST_PARAMETERS, Incoming, read_pairs
from quintet_server.services.ghostflow.clicks.record import SUBS, UTM
from quintet_server.services.ghostflow.endpoints import Body
from quintet_server.services.ghostflow.wire import CountryCode, parse_instant

__all__ = [
    "MOST_CLICKS",
    "ClickList",
    "ClickObject",
    "NewClick",
    "NewClicks",
    "TakenClicks",
    "incoming_of",
]

MOST_CLICKS = 1000
"""Of one request."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _read_id(given: Any) -> UUID:
    if not isinstance(given, str) or _UUID.fullmatch(given) is None:
        raise ValueError("must be a UUID")
    return UUID(given)


def _read_instant(given: Any) -> datetime:
    try:
        if isinstance(given, str):
            return parse_instant(given)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be an instant such as 2026-04-14T18:22:11Z")


def _read_address(given: Any) -> str:
    address = canonical(given) if isinstance(given, str) else None
    if address is None:
        raise ValueError("must be an IPv4 or IPv6 address")
    return address


def _read_cost(given: Any) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, float):
        return f"{Decimal(repr(given)):f}"
    if type(given) is int:  # True and False are of it, too
        return str(given)
    raise ValueError("must be a number")


Id: TypeAlias = Annotated[
    UUID, BeforeValidator(_read_id), WithJsonSchema({"type": "string", "format": "uuid"})
]
Instant: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Address: TypeAlias = Annotated[
    str, BeforeValidator(_read_address), WithJsonSchema({"type": "string"})
]
CostValue: TypeAlias = Annotated[
    str, BeforeValidator(_read_cost), WithJsonSchema({"type": ["number", "string"]})
]


class UtmTags(Body):
    """Campaign tags as analytics tools know them."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None


class NewClick(Body):
    """A click that was recorded elsewhere. Texts over 512 characters are cut."""

    campaign_id: Id
    """Must be active."""
    click_id: Id | None = None
    """Makes sending it again harmless; otherwise one is made."""
    at: Instant | None = None
    """Not more than 5 minutes ahead nor 90 days ago; now, if it is left out."""
    ip: Address | None = None
    """Of the visitor; tells country and visitor, and is not stored."""
    user_agent: str | None = None
    visitor_id: Id | None = None
    """If left out, the visitor is told by `ip` and `userAgent`; without these it is a new one."""
    offer_id: Id | None = None
    destination: str | None = None
    country: CountryCode | None = None
    """If left out, what the country database says of `ip`."""
    referrer: str | None = None
    """URL of the page with the link; its host is kept."""
    language: str | None = None
    """An `Accept-Language` header or a tag."""
    external_id: str | None = None
    sub1: str | None = None
    sub2: str | None = None
    sub3: str | None = None
    sub4: str | None = None
    sub5: str | None = None
    sub6: str | None = None
    sub7: str | None = None
    sub8: str | None = None
    sub9: str | None = None
    sub10: str | None = None
    utm: UtmTags | None = None
    cost: CostValue | None = None
    """Counts where the cost model of campaign or source is `param`, as on a link."""
    currency: str | None = None
    """Of `cost`; the campaign's, if left out."""
    extra: dict[str, str] = Field(default_factory=dict)
    """Further parameters, the first 50."""


class NewClicks(RootModel[NewClick | Annotated[list[NewClick], Field(max_length=MOST_CLICKS)]]):
    """One, or many."""


class ClickResult(BaseModel):
    """What became of one click of an array."""

    index: int
    status: str
    """`created`, `duplicate` or `error`."""
    id: str | None
    error: dict[str, Any] | None


class ClickObject(BaseModel):
    """A click. Instants are RFC 3339."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: str
    """What links and postbacks call `click_id`."""
    team_id: str
    campaign_id: str
    offer_id: str | None
    """null: it went to the campaign's own URL."""
    source_id: str | None
    network_id: str | None
    domain_id: str | None
    at: str
    visitor_id: str
    is_unique: bool
    is_bot: bool
    bot_reason: str | None
    """`ua_empty`, `ua_crawler`, `prefetch`, `ip_list` or `rate`."""
    country: str | None
    device: str
    """`desktop`, `mobile`, `tablet` or `other`."""
    os: str | None
    browser: str | None
    referrer_host: str | None
    language: str | None
    external_id: str | None
    sub1: str | None
    sub2: str | None
    sub3: str | None
    sub4: str | None
    sub5: str | None
    sub6: str | None
    sub7: str | None
    sub8: str | None
    sub9: str | None
    sub10: str | None
    utm: dict[str, str | None]
    cost: float
    currency: str
    destination: str | None
    ip_range: str | None
    extra: dict[str, str]


class ClickList(RootModel[list[ClickObject]]):
    """A page of clicks."""


class TakenClicks(RootModel[ClickObject | list[ClickResult]]):
    """The click, or what became of each of many."""


def incoming_of(given: NewClick) -> Incoming:
    """Its parameters, read as if they had come with a link."""
    return read_pairs(_pairs(given), {})


def _pairs(given: NewClick) -> Iterator[tuple[str, str]]:
    named = {name: getattr(given, name) for name in ("external_id", "cost", "currency", *SUBS)}
    if given.utm is not None:
        named |= {f"utm_{name}": getattr(given.utm, name) for name in UTM}
    for name, value in named.items():
        if value is not None:
            yield name, value
    yield from islice(given.extra.items(), MOST_PARAMETERS)
