"""Webhooks and their deliveries as callers see them."""

from __future__ import annotations

from typing import Any

from quintet_server.engines.hooks.deliveries import Attempt, Delivery
from quintet_server.engines.hooks.formats import Subscription
from quintet_server.services.amdahl.webhooks.format import delivery_id, event_id
from quintet_server.services.amdahl.wire import instant

STATES = ("pending", "delivered", "failed")


def webhook_object(webhook: Subscription, *, secret: bool = False) -> dict[str, Any]:
    """A webhook; its secret only where it is made."""
    shown = {
        "id": webhook.id,
        "business_id": webhook.project_id,
        "user_id": webhook.created_by,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "active": webhook.enabled,
        # What one of the vendor's pages calls it.
        "enabled": webhook.enabled,
        "failure_count": webhook.failure_count,
        "disabled_reason": webhook.disabled_reason,
        "created_at": instant(webhook.created_at),
        "updated_at": instant(webhook.updated_at),
    }
    return {**shown, "secret": webhook.secrets[0]} if secret else shown


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """A delivery with its attempts; what was answered is that of the last."""
    last = delivery.attempts[-1] if delivery.attempts else None
    known = delivery.event_created_at
    return {
        "id": delivery_id(delivery.id),
        "webhook_id": delivery.subscription_id,
        "event": delivery.event_type,
        "event_id": None if known is None else event_id(known, delivery.event_seq),
        "status": delivery.state,
        "attempts": len(delivery.attempts),
        "response_status": last.status if last else None,
        "error": delivery.trouble,
        "created_at": instant(delivery.created_at),
        "last_attempt_at": instant(last.at) if last else None,
        "next_attempt_at": instant(delivery.next_attempt_at),
        "completed_at": instant(delivery.completed_at),
        "attempt_log": [attempt_object(attempt) for attempt in delivery.attempts],
    }


def attempt_object(attempt: Attempt) -> dict[str, Any]:
    """One try, with the beginning of what the receiver answered."""
    return {
        "number": attempt.number,
        "at": instant(attempt.at),
        "response_status": attempt.status,
        "response_body": attempt.response,
        "error": attempt.error,
        "duration_ms": attempt.duration_ms,
    }
