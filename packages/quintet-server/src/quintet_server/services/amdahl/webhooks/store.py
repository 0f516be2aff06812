"""The webhooks of a business, in the engine's keeping."""

from __future__ import annotations

import re

from quintet_server.engines.hooks.deliveries import Delivery, DeliveryNotFound
from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.subscriptions import Owner
from quintet_server.services.amdahl.context import SERVICE, Call
from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.webhooks.checking import NOUN
from quintet_server.services.amdahl.webhooks.format import DELIVERY_PREFIX
from quintet_server.store.database import Connection

ID_PREFIX = "whk"

_ID = re.compile(rf"{ID_PREFIX}_[0-9A-Z]{{26}}")
_DELIVERY_ID = re.compile(rf"{DELIVERY_PREFIX}([0-9]{{1,18}})", re.ASCII)


def owner_of(call: Call) -> Owner:
    """The business as the webhook engine knows it."""
    return Owner(SERVICE, call.project_id)


def webhook_id(call: Call) -> str:
    """The id in the path. Raises 404 for what cannot be one."""
    given = call.path("id")
    if not _ID.fullmatch(given):
        raise not_found(NOUN, given)
    return given


async def find_webhook(call: Call, conn: Connection) -> Subscription:
    """The webhook in the path. Raises 404."""
    id = webhook_id(call)
    found = await call.parts.hooks.subscriptions.find(conn, owner_of(call), [id])
    if id not in found:
        raise not_found(NOUN, id)
    return found[id]


async def find_delivery(call: Call, conn: Connection) -> Delivery:
    """The delivery in the path, if it is one of the webhook in the path. Raises 404."""
    given = call.path("did")
    match = _DELIVERY_ID.fullmatch(given)
    webhook = webhook_id(call)
    if match is not None:
        try:
            number = int(match[1])
            found = await call.parts.hooks.deliveries.get_on(conn, owner_of(call), number)
        except DeliveryNotFound:
            pass
        else:
            if found.subscription_id == webhook:
                return found
    raise not_found("Delivery", given)
