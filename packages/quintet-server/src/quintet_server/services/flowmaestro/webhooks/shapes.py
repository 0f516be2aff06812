"""Webhooks and their deliveries as callers see them."""

from __future__ import annotations

from typing import Any

from quintet_server.engines.hooks.deliveries import Attempt, Delivery
from quintet_server.services.flowmaestro.webhooks.format import delivery_id
from quintet_server.services.flowmaestro.webhooks.store import Webhook
from quintet_server.services.flowmaestro.wire import instant

_ERROR_MAX_CHARS = 1_000
_STATUSES = {"delivered": "success", "failed": "failed"}


def webhook_item(webhook: Webhook) -> dict[str, Any]:
    """A webhook in a list."""
    subscription = webhook.subscription
    return {
        "id": subscription.id,
        "name": webhook.name,
        "url": subscription.url,
        "events": list(subscription.events),
        "is_active": subscription.enabled,
        "created_at": instant(subscription.created_at),
        "updated_at": instant(subscription.updated_at),
    }


def webhook_object(webhook: Webhook) -> dict[str, Any]:
    """A webhook alone. Never its secret."""
    return {**webhook_item(webhook), "headers": dict(webhook.subscription.headers) or None}


def created_object(webhook: Webhook) -> dict[str, Any]:
    """A new webhook with its secret, which is not shown again."""
    return {**webhook_object(webhook), "secret": webhook.subscription.secrets[0]}


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """A delivery; what was answered is that of its last attempt."""
    last = delivery.attempts[-1] if delivery.attempts else None
    waiting = "retrying" if last else "pending"
    return {
        "id": delivery_id(delivery.id),
        "webhook_id": delivery.subscription_id,
        "event_type": delivery.event_type,
        "status": _STATUSES.get(delivery.state, waiting),
        "attempts": len(delivery.attempts),
        "response_status": last.status if last else None,
        "response_time_ms": last.duration_ms if last else None,
        "error_message": _error(delivery, last),
        "created_at": instant(delivery.created_at),
        "last_attempt_at": instant(last.at) if last else None,
        "next_retry_at": instant(delivery.next_attempt_at) if last else None,
    }


def tested_object(delivery: Delivery) -> dict[str, Any]:
    """What came of a test call."""
    shown = delivery_object(delivery)
    is_well = delivery.state == "delivered"
    error = None if is_well else shown["error_message"]
    return {
        "webhook_id": delivery.subscription_id,
        "delivery_id": shown["id"],
        "success": is_well,
        "status_code": shown["response_status"],
        "response_time_ms": shown["response_time_ms"],
        "message": "Test webhook delivered successfully" if is_well else f"Test failed: {error}",
        "error_message": error,
        "error": error,
    }


def _error(delivery: Delivery, last: Attempt | None) -> str | None:
    if delivery.state == "delivered":
        return None
    said = delivery.error or (last.error if last else None)
    if said is None and last is not None and last.status is not None:
        said = f"HTTP {last.status}"
    return None if said is None else said[:_ERROR_MAX_CHARS]
