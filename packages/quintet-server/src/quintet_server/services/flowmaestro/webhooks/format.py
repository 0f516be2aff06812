"""What a FlowMaestro webhook looks like: body, signature, headers, and what an answer means.

The signature is HMAC-SHA256, keyed with the whole secret as text, over the body as it is sent; it
holds no time, so receivers tell repeats by the body's `id`, which is the same in every attempt.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from quintet_server.engines.hooks.formats import (
    DeliveryPolicy,
    HookFormat,
    Subscription,
    Verdict,
)
from quintet_server.engines.hooks.signing import new_secret
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.services.flowmaestro.wire import instant
from quintet_server.store.event_log import Event, event_ulid

TEST = "test"
DELIVERY_PREFIX = "delivery_"
HEADER_PREFIX = "x-flowmaestro-"

_EXECUTION = (
    *("execution_id", "workflow_id", "workflow_name", "status", "started_at"),
    *("completed_at", "outputs", "error"),
)
_MESSAGE = (
    *("thread_id", "message_id", "agent_id", "agent_name", "role", "content"),
    *("status", "error"),
)
_AGENT = (
    *("thread_id", "agent_id", "agent_name", "status", "started_at"),
    *("completed_at", "error"),
)
# Event type → the fields of its data that receivers get, in this order, as far as there are any.
FIELDS: Mapping[str, tuple[str, ...]] = {
    **{f"execution.{name}": _EXECUTION for name in ("started", "completed", "failed", "cancelled")},
    **{f"thread.message.{name}": _MESSAGE for name in ("created", "completed", "failed")},
    **{f"agent.execution.{name}": _AGENT for name in ("started", "completed", "failed")},
}
EVENT_TYPES = tuple(FIELDS)

_WORTH_ANOTHER = frozenset({408, 425, 429, 500, 502, 503, 504})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hook_format(settings: FlowMaestroSettings) -> HookFormat:
    """FlowMaestro's webhooks, for the engine that sends them."""
    delays = settings.webhook_retry_delays_seconds
    return HookFormat(
        types=frozenset(EVENT_TYPES),
        build=build,
        new_secret=new_secret,
        policy=DeliveryPolicy(
            max_attempts=len(delays) + 1,
            delays_ms=tuple(round(delay * 1000) for delay in delays),
            jitter_ms=0,
            judge=judge,
        ),
        user_agent="FlowMaestro-Webhook/1.0",
        delivery_headers=lambda number, _: {"x-flowmaestro-delivery-id": delivery_id(number)},
    )


def judge(status: int) -> Verdict:
    """2xx is success; what may pass by itself is tried again; all else is final."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.RETRY if status in _WORTH_ANOTHER else Verdict.FAILED


def build(
    event: Event, subscription: Subscription, _now: datetime
) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of an attempt; the same in each unless the secret was changed."""
    body = orjson.dumps(
        {
            "id": event_id(event),
            "event": event.type,
            "created_at": instant(event.created_at),
            "data": data_of(event),
        }
    )
    return body, {
        "X-FlowMaestro-Signature": sign(body, subscription.secrets[0]),
        "X-FlowMaestro-Event": event.type,
    }


def data_of(event: Event) -> dict[str, Any]:
    """What receivers are told; the log may know more."""
    names = FIELDS.get(event.type)
    if names is None:
        return event.data
    return {name: event.data[name] for name in names if name in event.data}


def event_id(event: Event) -> str:
    """The id a receiver tells repeats by."""
    if event.type == TEST:
        milliseconds = (event.created_at - _EPOCH).total_seconds() * 1000
        return f"test_{int(milliseconds)}"
    return f"evt_{event_ulid(event.created_at, event.seq)}"


def sign(body: bytes, secret: str) -> str:
    """`v1=<hex>`."""
    return f"v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def delivery_id(number: int) -> str:
    """A delivery as receivers and callers name it."""
    return f"{DELIVERY_PREFIX}{number}"
