"""The types of a client's resources, to annotate with: ``def plan(campaigns: Campaigns) -> None``.

The client makes them: ``client.campaigns`` is a ``Campaigns``, and of the asyncio client an
``AsyncCampaigns``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ghostflow._async.api_keys import AsyncApiKeys as AsyncApiKeys
    from ghostflow._async.campaigns import AsyncCampaigns as AsyncCampaigns
    from ghostflow._async.clicks import AsyncClicks as AsyncClicks
    from ghostflow._async.conversions import AsyncConversions as AsyncConversions
    from ghostflow._async.domains import AsyncDomains as AsyncDomains
    from ghostflow._async.networks import AsyncNetworks as AsyncNetworks
    from ghostflow._async.offers import AsyncOffers as AsyncOffers
    from ghostflow._async.postbacks import AsyncPostbacks as AsyncPostbacks
    from ghostflow._async.raw import AsyncRawResources as AsyncRawResources
    from ghostflow._async.reports import AsyncReports as AsyncReports
    from ghostflow._async.sources import AsyncSources as AsyncSources
    from ghostflow._async.teams import AsyncBilling as AsyncBilling, AsyncTeams as AsyncTeams
    from ghostflow._async.webhooks import AsyncWebhooks as AsyncWebhooks
    from ghostflow._sync.api_keys import ApiKeys as ApiKeys
    from ghostflow._sync.campaigns import Campaigns as Campaigns
    from ghostflow._sync.clicks import Clicks as Clicks
    from ghostflow._sync.conversions import Conversions as Conversions
    from ghostflow._sync.domains import Domains as Domains
    from ghostflow._sync.networks import Networks as Networks
    from ghostflow._sync.offers import Offers as Offers
    from ghostflow._sync.postbacks import Postbacks as Postbacks
    from ghostflow._sync.raw import RawResources as RawResources
    from ghostflow._sync.reports import Reports as Reports
    from ghostflow._sync.sources import Sources as Sources
    from ghostflow._sync.teams import Billing as Billing, Teams as Teams
    from ghostflow._sync.webhooks import Webhooks as Webhooks

_HOME = {
    "ApiKeys": "api_keys",
    "Billing": "teams",
    "Campaigns": "campaigns",
    "Clicks": "clicks",
    "Conversions": "conversions",
    "Domains": "domains",
    "Networks": "networks",
    "Offers": "offers",
    "Postbacks": "postbacks",
    "RawResources": "raw",
    "Reports": "reports",
    "Sources": "sources",
    "Teams": "teams",
    "Webhooks": "webhooks",
}

__all__ = [
    "ApiKeys",
    "AsyncApiKeys",
    "AsyncBilling",
    "AsyncCampaigns",
    "AsyncClicks",
    "AsyncConversions",
    "AsyncDomains",
    "AsyncNetworks",
    "AsyncOffers",
    "AsyncPostbacks",
    "AsyncRawResources",
    "AsyncReports",
    "AsyncSources",
    "AsyncTeams",
    "AsyncWebhooks",
    "Billing",
    "Campaigns",
    "Clicks",
    "Conversions",
    "Domains",
    "Networks",
    "Offers",
    "Postbacks",
    "RawResources",
    "Reports",
    "Sources",
    "Teams",
    "Webhooks",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name.removeprefix("Async"))
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    face = "_async" if name.startswith("Async") else "_sync"
    value = getattr(importlib.import_module(f"ghostflow.{face}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
