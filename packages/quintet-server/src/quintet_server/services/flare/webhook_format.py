"""What a Flare webhook looks like: envelope, signature, and which answers call for another try.

The signature is HMAC-SHA256 with the subscription's secret over `<t>.<body>`, where `t` is the Unix
second of this very attempt. It is sent under both names that the vendor's pages give the header,
with one `v1` for each secret that is valid while a rotation lasts. Deliveries about a job that has
a trace context carry it as the header `traceparent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from quintet_server.engines.hooks.formats import DeliveryPolicy, HookFormat, Subscription
from quintet_server.engines.hooks.signing import new_secret, sign_with_time
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.services.flare.wire import job_from_event
from quintet_server.store.event_log import Event, event_ulid

EVENT_TYPES = (
    "job.created",
    "job.started",
    "job.succeeded",
    "job.failed",
    "job.dead_letter",
    "job.cancelled",
    "job.retry",
)
TEST_TYPE = "webhook.test"
_HEADERS = ("X-Zeridion-Signature", "zeridion-signature")


def hook_format(settings: FlareSettings) -> HookFormat:
    """Flare's webhooks, for the engine that sends them."""
    delays = settings.webhook_retry_delays_seconds
    return HookFormat(
        types=frozenset(EVENT_TYPES),
        build=build,
        new_secret=new_secret,
        policy=DeliveryPolicy(
            max_attempts=len(delays) + 1,
            delays_ms=tuple(round(delay * 1000) for delay in delays),
            jitter_ms=round(settings.webhook_retry_jitter_seconds * 1000),
        ),
    )


def build(
    event: Event, subscription: Subscription, now: datetime
) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of one attempt; the event's id is the same in each."""
    data = event.data if event.type == TEST_TYPE else job_from_event(event.data)
    body = orjson.dumps(
        {
            "id": event_id(event.created_at, event.seq),
            "type": event.type,
            "created_at": render_timestamp(event.created_at),
            "data": data,
        }
    )
    signature = sign_with_time(body, subscription.secrets, int(now.timestamp()))
    headers = dict.fromkeys(_HEADERS, signature)
    traceparent = event.data.get("traceparent")
    if traceparent is not None:
        headers["traceparent"] = traceparent
    return body, headers


def event_id(created_at: datetime, seq: int) -> str:
    """The id a receiver tells repeats by."""
    return f"wh_evt_{event_ulid(created_at, seq)}"
