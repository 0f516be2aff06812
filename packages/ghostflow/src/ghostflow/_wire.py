"""The wire table: every endpoint of the service, once.

Creating POSTs are KEYED: one idempotency key per logical call, sent with each attempt. The
self-hosted server honours it; whether the hosted service does is not known, so towards that one a
client is cautious unless it is told otherwise (see ``_service.py``). A PATCH is a merge, so twice
is once. A deletion whose repeat finds nothing has succeeded: 404 is one of its answers. What is
NEVER here is sent a single time, whatever happens: a second regeneration would void the first
secret.
"""

from __future__ import annotations

import re

from quintet.core.operation import Operation
from quintet.core.retry import RetryClass

_SAFE = RetryClass.SAFE
_KEYED = RetryClass.KEYED
_IDEMPOTENT = RetryClass.IDEMPOTENT
_NEVER = RetryClass.NEVER
_GONE = frozenset({*range(200, 300), 404})


def _delete(name: str, path: str) -> Operation:
    return Operation(name, "DELETE", path, _IDEMPOTENT, _GONE)


LOGIN = Operation("login", "POST", "/auth/login", _IDEMPOTENT)
ME = Operation("me", "GET", "/auth/me", _SAFE)

LIST_API_KEYS = Operation("api_keys.list", "GET", "/auth/api-keys", _SAFE)
CREATE_API_KEY = Operation("api_keys.create", "POST", "/auth/api-keys", _KEYED)
DELETE_API_KEY = _delete("api_keys.delete", "/auth/api-keys/{key_id}")
REVOKE_API_KEY = Operation("api_keys.revoke", "PUT", "/auth/api-keys/{key_id}/revoke", _IDEMPOTENT)
REGENERATE_API_KEY = Operation(
    "api_keys.regenerate", "POST", "/auth/api-keys/{key_id}/regenerate", _NEVER
)
API_KEY_AUDIT_LOG = Operation(
    "api_keys.audit_log", "GET", "/auth/api-keys/{key_id}/audit-log", _SAFE
)

LIST_CAMPAIGNS = Operation("campaigns.list", "GET", "/campaigns", _SAFE)
CREATE_CAMPAIGN = Operation("campaigns.create", "POST", "/campaigns", _KEYED)
GET_CAMPAIGN = Operation("campaigns.get", "GET", "/campaigns/{campaign_id}", _SAFE)
UPDATE_CAMPAIGN = Operation("campaigns.update", "PATCH", "/campaigns/{campaign_id}", _IDEMPOTENT)
DELETE_CAMPAIGN = _delete("campaigns.delete", "/campaigns/{campaign_id}")
CLONE_CAMPAIGN = Operation("campaigns.clone", "POST", "/campaigns/{campaign_id}/clone", _KEYED)
ADD_COST = Operation("campaigns.add_cost", "POST", "/campaigns/{campaign_id}/costs", _KEYED)

LIST_OFFERS = Operation("offers.list", "GET", "/offers", _SAFE)
CREATE_OFFER = Operation("offers.create", "POST", "/offers", _KEYED)
GET_OFFER = Operation("offers.get", "GET", "/offers/{offer_id}", _SAFE)
UPDATE_OFFER = Operation("offers.update", "PATCH", "/offers/{offer_id}", _IDEMPOTENT)
DELETE_OFFER = _delete("offers.delete", "/offers/{offer_id}")

LIST_SOURCES = Operation("sources.list", "GET", "/sources", _SAFE)
SOURCE_TEMPLATES = Operation("sources.templates", "GET", "/sources/templates", _SAFE)
CREATE_SOURCE = Operation("sources.create", "POST", "/sources", _KEYED)
GET_SOURCE = Operation("sources.get", "GET", "/sources/{source_id}", _SAFE)
UPDATE_SOURCE = Operation("sources.update", "PATCH", "/sources/{source_id}", _IDEMPOTENT)
DELETE_SOURCE = _delete("sources.delete", "/sources/{source_id}")

LIST_NETWORKS = Operation("networks.list", "GET", "/networks", _SAFE)
CREATE_NETWORK = Operation("networks.create", "POST", "/networks", _KEYED)
GET_NETWORK = Operation("networks.get", "GET", "/networks/{network_id}", _SAFE)
UPDATE_NETWORK = Operation("networks.update", "PATCH", "/networks/{network_id}", _IDEMPOTENT)
DELETE_NETWORK = _delete("networks.delete", "/networks/{network_id}")
ROTATE_NETWORK_KEY = Operation(
    "networks.rotate_key", "POST", "/networks/{network_id}/rotate-key", _KEYED
)

LIST_DOMAINS = Operation("domains.list", "GET", "/domains", _SAFE)
CREATE_DOMAIN = Operation("domains.create", "POST", "/domains", _KEYED)
GET_DOMAIN = Operation("domains.get", "GET", "/domains/{domain_id}", _SAFE)
UPDATE_DOMAIN = Operation("domains.update", "PATCH", "/domains/{domain_id}", _IDEMPOTENT)
DELETE_DOMAIN = _delete("domains.delete", "/domains/{domain_id}")
VERIFY_DOMAIN = Operation("domains.verify", "POST", "/domains/{domain_id}/verify", _KEYED)

LIST_CLICKS = Operation("clicks.list", "GET", "/clicks", _SAFE)
GET_CLICK = Operation("clicks.get", "GET", "/clicks/{click_id}", _SAFE)
CREATE_CLICKS = Operation("clicks.create", "POST", "/clicks", _KEYED)

LIST_CONVERSIONS = Operation("conversions.list", "GET", "/conversions", _SAFE)
GET_CONVERSION = Operation("conversions.get", "GET", "/conversions/{conversion_id}", _SAFE)
CREATE_CONVERSION = Operation("conversions.create", "POST", "/conversions", _KEYED)
UPDATE_CONVERSION = Operation(
    "conversions.update", "PATCH", "/conversions/{conversion_id}", _IDEMPOTENT
)

LIST_POSTBACKS = Operation("postbacks.list", "GET", "/postbacks", _SAFE)

DASHBOARD = Operation("reports.dashboard", "GET", "/reports/dashboard", _SAFE)
BREAKDOWN = Operation("reports.breakdown", "GET", "/reports/breakdown", _SAFE)
TIMESERIES = Operation("reports.timeseries", "GET", "/reports/timeseries", _SAFE)

LIST_TEAMS = Operation("teams.list", "GET", "/teams", _SAFE)
GET_TEAM = Operation("teams.get", "GET", "/teams/{team_id}", _SAFE)
UPDATE_TEAM = Operation("teams.update", "PATCH", "/teams/{team_id}", _IDEMPOTENT)
SUBSCRIPTION = Operation("billing.subscription", "GET", "/billing/subscription", _SAFE)

LIST_WEBHOOKS = Operation("webhooks.list", "GET", "/webhooks", _SAFE)
CREATE_WEBHOOK = Operation("webhooks.create", "POST", "/webhooks", _KEYED)
GET_WEBHOOK = Operation("webhooks.get", "GET", "/webhooks/{webhook_id}", _SAFE)
UPDATE_WEBHOOK = Operation("webhooks.update", "PATCH", "/webhooks/{webhook_id}", _IDEMPOTENT)
DELETE_WEBHOOK = _delete("webhooks.delete", "/webhooks/{webhook_id}")
ROTATE_WEBHOOK_SECRET = Operation(
    "webhooks.rotate_secret", "POST", "/webhooks/{webhook_id}/rotate-secret", _KEYED
)
TEST_WEBHOOK = Operation("webhooks.test", "POST", "/webhooks/{webhook_id}/test", _KEYED)
LIST_DELIVERIES = Operation(
    "webhooks.deliveries", "GET", "/webhooks/{webhook_id}/deliveries", _SAFE
)
REDELIVER = Operation(
    "webhooks.redeliver",
    "POST",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    _KEYED,
)

SELF_HOSTED = frozenset(
    operation.name
    for operation in (
        *(LOGIN, ME, CLONE_CAMPAIGN, ADD_COST, ROTATE_NETWORK_KEY, VERIFY_DOMAIN),
        *(LIST_CLICKS, GET_CLICK, CREATE_CLICKS),
        *(LIST_CONVERSIONS, GET_CONVERSION, CREATE_CONVERSION, UPDATE_CONVERSION),
        *(LIST_POSTBACKS, BREAKDOWN, TIMESERIES),
        *(LIST_TEAMS, GET_TEAM, UPDATE_TEAM, SUBSCRIPTION),
        *(LIST_WEBHOOKS, CREATE_WEBHOOK, GET_WEBHOOK, UPDATE_WEBHOOK, DELETE_WEBHOOK),
        *(ROTATE_WEBHOOK_SECRET, TEST_WEBHOOK, LIST_DELIVERIES, REDELIVER),
    )
)
"""Names of the calls whose endpoints no page of the vendor's shows or implies."""

_BY_METHOD = {
    **dict.fromkeys(("GET", "HEAD", "OPTIONS"), _SAFE),
    **dict.fromkeys(("PUT", "PATCH", "DELETE"), _IDEMPOTENT),
}
# Below a base URL that ends before /api/v1, that part is in the path.
_REGENERATE = r"(?:/.*)?/auth/api-keys/[^/]+/regenerate/?"


def for_path(method: str, path: str) -> Operation:
    """Return the operation of a request that a caller wrote out as method and path.

    Braces in the path are text: what came from elsewhere must not be taken for a template.
    """
    path = path.replace("{", "%7B").replace("}", "%7D")
    if method == "POST":
        once = re.fullmatch(_REGENERATE, path) is not None
        kind = _NEVER if once else _IDEMPOTENT if path == LOGIN.path else _KEYED
    else:
        kind = _BY_METHOD.get(method, _NEVER)
    success = _GONE if method == "DELETE" else None
    return Operation(f"{method} {path}", method, path, kind, success)


def once_only(operation: Operation) -> Operation:
    """Return the operation as it is towards a service that may not know its key again."""
    return operation.with_retry(_NEVER) if operation.retry is _KEYED else operation
