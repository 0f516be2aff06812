"""The shapes of what goes over the wire, as typed dictionaries.

Calls return plain dictionaries; these types describe them, as the self-hosted server sends them,
for editors and type checkers. Of the hosted service only some fields are documented: read the
others with ``.get`` there. Fields that are not listed stay, and a status may be a word that is not
listed.
Names ending in ``Fields`` and ``Changes`` are what calls take, under Python's names.
"""

from __future__ import annotations

from ghostflow.types.account import (
    ApiKey,
    ApiKeyWithSecret,
    AuditEntry,
    Login,
    Me,
    Membership,
    Scope,
    Subscription,
    Team,
    TeamChanges,
    User,
)
from ghostflow.types.campaigns import (
    BookedCost,
    Campaign,
    CampaignChanges,
    CampaignFields,
    WeightedOffer,
)
from ghostflow.types.clicks import Click, ClickError, ClickFields, IngestedClick, Utm
from ghostflow.types.conversions import (
    Conversion,
    ConversionChanges,
    ConversionFields,
    ConversionStatus,
    Postback,
    PostbackAttempt,
    StatusChange,
)
from ghostflow.types.domains import Domain, DomainChanges, DomainFields, DomainVerification
from ghostflow.types.networks import Network, NetworkChanges, NetworkFields
from ghostflow.types.offers import Cap, Offer, OfferChanges, OfferFields
from ghostflow.types.reports import (
    Breakdown,
    BreakdownRow,
    Dashboard,
    Filters,
    Metrics,
    Only,
    Point,
    Timeseries,
    Tops,
)
from ghostflow.types.shared import Amount, CostModel, CostRule, Deletion, Lifecycle, Stored
from ghostflow.types.sources import Source, SourceChanges, SourceFields, SourceTemplate
from ghostflow.types.webhooks import (
    Delivery,
    DeliveryAttempt,
    Webhook,
    WebhookChanges,
    WebhookEventType,
    WebhookFields,
    WebhookWithSecret,
)

__all__ = [
    "Amount",
    "ApiKey",
    "ApiKeyWithSecret",
    "AuditEntry",
    "BookedCost",
    "Breakdown",
    "BreakdownRow",
    "Campaign",
    "CampaignChanges",
    "CampaignFields",
    "Cap",
    "Click",
    "ClickError",
    "ClickFields",
    "Conversion",
    "ConversionChanges",
    "ConversionFields",
    "ConversionStatus",
    "CostModel",
    "CostRule",
    "Dashboard",
    "Deletion",
    "Delivery",
    "DeliveryAttempt",
    "Domain",
    "DomainChanges",
    "DomainFields",
    "DomainVerification",
    "Filters",
    "IngestedClick",
    "Lifecycle",
    "Login",
    "Me",
    "Membership",
    "Metrics",
    "Network",
    "NetworkChanges",
    "NetworkFields",
    "Offer",
    "OfferChanges",
    "OfferFields",
    "Only",
    "Point",
    "Postback",
    "PostbackAttempt",
    "Scope",
    "Source",
    "SourceChanges",
    "SourceFields",
    "SourceTemplate",
    "StatusChange",
    "Stored",
    "Subscription",
    "Team",
    "TeamChanges",
    "Timeseries",
    "Tops",
    "User",
    "Utm",
    "Webhook",
    "WebhookChanges",
    "WebhookEventType",
    "WebhookFields",
    "WebhookWithSecret",
    "WeightedOffer",
]
