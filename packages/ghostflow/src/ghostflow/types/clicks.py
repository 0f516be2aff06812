"""Clicks, as they are recorded and as they are handed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from ghostflow.types.shared import Amount


class Utm(TypedDict):
    """The ``utm_…`` parameters of a click."""

    source: str | None
    medium: str | None
    campaign: str | None
    term: str | None
    content: str | None


class Click(TypedDict):
    """A click. Its id is what ``{click_id}`` stands for; ``externalId`` is the ad network's.

    ``botReason`` is ``ua_empty``, ``ua_crawler``, ``prefetch``, ``ip_list`` or ``rate``; ``device``
    is ``desktop``, ``mobile``, ``tablet`` or ``other``; without ``offerId`` it went to the
    campaign's own URL.
    """

    id: str
    teamId: str
    campaignId: str
    offerId: str | None
    sourceId: str | None
    networkId: str | None
    domainId: str | None
    at: str
    visitorId: str
    isUnique: bool
    isBot: bool
    botReason: str | None
    country: str | None
    device: str
    os: str | None
    browser: str | None
    referrerHost: str | None
    language: str | None
    externalId: str | None
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
    utm: Utm
    cost: Decimal
    currency: str
    destination: str | None
    ipRange: str | None
    extra: dict[str, str]


class ClickFields(TypedDict, total=False):
    """What can be said of a click that happened elsewhere, besides its campaign.

    Attributes:
        click_id: A UUID of your own; the same one again is the same click.
        at: When it happened, now by default: at most 5 minutes ahead and 90 days ago.
        ip: Of the visitor; tells country and visitor, and is not stored.
        user_agent: Of the visitor.
        visitor_id: A UUID; told by ``ip`` and ``user_agent`` otherwise.
        destination: Where it went.
        country: Two letters; looked up by ``ip`` otherwise.
        referrer: URL of the page with the link; its host is kept.
        language: An ``Accept-Language`` header, or a tag.
        cost: Counts where the cost model is ``param``.
        currency: Of ``cost``; the campaign's by default.
        extra: Further parameters, the first 50.
    """

    click_id: str
    at: datetime | str
    ip: str
    user_agent: str
    visitor_id: str
    offer_id: str
    destination: str
    country: str
    referrer: str
    language: str
    external_id: str
    sub1: str
    sub2: str
    sub3: str
    sub4: str
    sub5: str
    sub6: str
    sub7: str
    sub8: str
    sub9: str
    sub10: str
    utm: Mapping[str, str]
    cost: Amount
    currency: str
    extra: Mapping[str, str]


class ClickError(TypedDict, total=False):
    """Why a click of several was not taken."""

    code: str
    message: str
    details: list[dict[str, str]]


class IngestedClick(TypedDict):
    """What became of one click of several: ``created``, ``duplicate`` or ``error``."""

    index: int
    status: str
    id: str | None
    error: ClickError | None
