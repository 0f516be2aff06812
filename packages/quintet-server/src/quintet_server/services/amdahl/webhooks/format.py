"""What an Amdahl webhook looks like: flat body, signatures, headers, and what an answer means.

The vendor's pages name two headers for one signature, HMAC-SHA256 over the raw body; both are sent,
and both hold one digest, as verifiers compare the whole value. While a rotation lasts they are made
with the newest secret. The third header is our own: it signs the time of the attempt as well, so
that a recorded delivery cannot be played again, and has one `v1` for each secret that is valid.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from quintet_server.engines.hooks.formats import (
    DeliveryPolicy,
    HookFormat,
    Subscription,
    until_gone,
)
from quintet_server.engines.hooks.signing import new_secret, sign_with_time
from quintet_server.services.amdahl.authenticating import VERSION
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.services.amdahl.wire import instant
from quintet_server.store.event_log import Event, event_ulid

TEST = "webhook.test"
ANNOUNCED = (
    *("artifact.created", "artifact.updated", "artifact.status_changed"),
    *("session.completed", "session.failed", "session.canceled", "session.awaiting_input"),
    *("page.created", "page.updated", "page.archived"),
    "audit_log.entry_created",
)
EVENT_TYPES = (*ANNOUNCED, TEST)
"""All names a webhook may ask for. The test comes when it is asked for by hand, and only then."""
DELIVERY_PREFIX = "whd_"

# The place of an event in a session's stream: of use to readers of that alone.
_UNTOLD = frozenset({"seq"})
_JITTER = 0.2


def hook_format(settings: AmdahlSettings) -> HookFormat:
    """Amdahl's webhooks, for the engine that sends them."""
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
        user_agent="Amdahl-Webhooks/1",
        delivery_headers=delivery_headers,
    )


def build(
    event: Event, subscription: Subscription, now: datetime
) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of an attempt; the body is the same in each."""
    body = orjson.dumps(payload(event))
    digest = _digest(subscription.secrets[0], body)
    seconds = int(now.timestamp())
    return body, {
        "X-Webhook-Event": event.type,
        "X-Webhook-Id": event_id(event.created_at, event.seq),
        "X-Webhook-Timestamp": str(seconds),
        "X-Webhook-Signature": digest,
        "X-Amdahl-Signature": f"sha256={digest}",
        "X-Webhook-Signature-V2": sign_with_time(body, subscription.secrets, seconds),
    }


def payload(event: Event) -> dict[str, Any]:
    """What receivers are told: what every event has, and its own fields beside that."""
    own = {name: value for name, value in event.data.items() if name not in _UNTOLD}
    return {
        **own,
        "id": event_id(event.created_at, event.seq),
        "event": event.type,
        "api_version": VERSION,
        "business_id": event.project_id,
        "timestamp": instant(event.created_at),
    }


def event_id(created_at: datetime, seq: int) -> str:
    """The id a receiver tells repeats by."""
    return f"evt_{event_ulid(created_at, seq)}"


def _digest(key: str, signed: bytes) -> str:
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def delivery_headers(number: int, attempt: int) -> Mapping[str, str]:
    """What a request says of its delivery, which is one over all attempts, and of the attempt."""
    return {"X-Webhook-Delivery": delivery_id(number), "X-Webhook-Attempt": str(attempt)}


def delivery_id(number: int) -> str:
    """A delivery as receivers and callers name it."""
    return f"{DELIVERY_PREFIX}{number}"
