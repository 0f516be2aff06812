"""What a GhostFlow webhook looks like: body, signature, headers.

The signature covers the time of the attempt and the raw body; one `v1` for each secret that is
valid, while one is replaced. The body and its `id` are the same in every attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from quintet_server.engines.hooks.formats import (
    DeliveryPolicy,
    HookFormat,
    Subscription,
    until_gone,
)
from quintet_server.engines.hooks.signing import new_secret, sign_with_time
from quintet_server.services.ghostflow.settings import GhostFlowSettings
from quintet_server.services.ghostflow.wire import instant
from quintet_server.store.event_log import Event

__all__ = ["ANNOUNCED", "EVENT_TYPES", "TEAM_HEADER", "TEST", "event_id", "hook_format"]

TEST = "webhook.test"
ANNOUNCED = ("conversion.created", "conversion.updated", "campaign.updated", "domain.verified")
EVENT_TYPES = (*ANNOUNCED, TEST)
"""All names a webhook may ask for. The test comes when it is asked for by hand, and only then."""
TEAM_HEADER = "X-GhostFlow-Team"
"""Kept with every subscription: the kernel knows teams by another id."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JITTER = 0.2
_LOW_BITS = 62


def hook_format(settings: GhostFlowSettings) -> HookFormat:
    """GhostFlow's webhooks, for the engine that sends them."""
    delays = settings.webhook_retry_delays_seconds
    return HookFormat(
        types=frozenset(ANNOUNCED),
        by_hand=frozenset({TEST}),
        build=build,
        new_secret=new_secret,
        policy=DeliveryPolicy(
            max_attempts=len(delays) + 1,
            delays_ms=tuple(round(delay * 1000) for delay in delays),
            jitter_ms=0,
            spread=_JITTER,
            disable_after=settings.webhook_disable_after_count,
            judge=until_gone,
        ),
        user_agent="GhostFlow-Webhooks/1",
        delivery_headers=delivery_headers,
    )


def build(
    event: Event, subscription: Subscription, now: datetime
) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of an attempt."""
    body = orjson.dumps(payload(event, subscription))
    return body, {
        "X-GhostFlow-Event": event.type,
        "X-GhostFlow-Signature": sign_with_time(body, subscription.secrets, int(now.timestamp())),
    }


def payload(event: Event, subscription: Subscription) -> dict[str, Any]:
    """What receivers are told: `data` is the conversion, campaign or domain as it was then."""
    return {
        "id": str(event_id(event.created_at, event.seq)),
        "type": event.type,
        "createdAt": instant(event.created_at),
        "teamId": subscription.headers.get(TEAM_HEADER),
        "data": event.data,
    }


def event_id(created_at: datetime, seq: int) -> UUID:
    """The id a receiver tells repeats by: a UUID of version 7 made of the event's time and number.

    Always the same for an event, and in the order of the log.
    """
    milliseconds = (created_at - _EPOCH) // timedelta(milliseconds=1)
    high, low = seq >> _LOW_BITS, seq & ((1 << _LOW_BITS) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << _LOW_BITS | low)


def delivery_headers(number: int, attempt: int) -> Mapping[str, str]:
    """What a request says of its delivery, which is one over all attempts, and of the attempt."""
    return {"X-GhostFlow-Delivery": str(number), "X-GhostFlow-Attempt": str(attempt)}
