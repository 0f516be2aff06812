"""The webhooks of a team, in the engine's keeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from quintet_server.engines.hooks.deliveries import Delivery, DeliveryNotFound
from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.subscriptions import (
    InvalidSubscription,
    Owner,
    SubscriptionNotFound,
    TooManySubscriptions,
)
from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.services.ghostflow.context import SERVICE, Call
from quintet_server.services.ghostflow.errors import conflict, invalid, not_found
from quintet_server.store.database import Connection

__all__ = ["find_delivery", "find_webhook", "owner_of", "refusing", "webhook_id"]

NOUN = "Webhook"
_NUMBER_MAX_DIGITS = 18


def owner_of(call: Call) -> Owner:
    """The team as the webhook engine knows it."""
    return Owner(SERVICE, call.team.project_id)


def webhook_id(call: Call) -> str:
    """The id in the path. Raises 404 for what cannot be one."""
    return str(call.path_id(NOUN))


async def find_webhook(call: Call, conn: Connection, *, locked: bool = False) -> Subscription:
    """The webhook in the path; locked, it stays as it is until the transaction ends. Raises 404."""
    id = webhook_id(call)
    found = await call.parts.hooks.subscriptions.find(conn, owner_of(call), [id], locked=locked)
    if id not in found:
        raise not_found(NOUN, id)
    return found[id]


async def find_delivery(call: Call, conn: Connection) -> Delivery:
    """The delivery in the path, if it is one of the webhook in the path. Raises 404."""
    given, webhook = call.path("deliveryId"), webhook_id(call)
    if given.isascii() and given.isdigit() and len(given) <= _NUMBER_MAX_DIGITS:
        try:
            found = await call.parts.hooks.deliveries.get_on(conn, owner_of(call), int(given))
        except DeliveryNotFound:
            pass
        else:
            if found.subscription_id == webhook:
                return found
    raise not_found("Delivery", given)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the engine refuses into GhostFlow's errors."""
    try:
        yield
    except SubscriptionNotFound as error:
        raise not_found(NOUN, error.subscription_id) from error
    except TargetRefused as error:
        raise invalid(f"url: {error}", "url") from error
    except InvalidSubscription as error:
        raise invalid(f"{error.field}: {error}", error.field) from error
    except TooManySubscriptions as error:
        raise conflict(f"Another webhook cannot be made: {error}.") from error
