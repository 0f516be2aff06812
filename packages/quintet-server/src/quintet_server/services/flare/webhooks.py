"""`/webhooks`: who is told of which job events, and what became of each delivery.

The secret is shown when a subscription is made and when it is rotated, and never again. After a
rotation the old secret signs too, for a day, so that a receiver can change over without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.hooks.deliveries import Delivery
from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.subscriptions import (
    InvalidSubscription,
    Owner,
    SubscriptionNotFound,
)
from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.http.responses import json_response
from quintet_server.services.flare import query
from quintet_server.services.flare.context import Call, call_of, write
from quintet_server.services.flare.cursors import (
    decode_position,
    decode_sequence,
    encode_position,
    encode_sequence,
)
from quintet_server.services.flare.errors import invalid_field, webhook_not_found
from quintet_server.services.flare.models import Body, validate
from quintet_server.services.flare.timestamps import render_timestamp
from quintet_server.services.flare.webhook_format import TEST_TYPE, event_id
from quintet_server.services.flare.wire import reply
from quintet_server.store.database import Connection
from quintet_server.store.event_log import append
from quintet_server.store.idempotency import Reply

Events = Annotated[list[str], Field(min_length=1, max_length=50)] | Literal["*"]


class CreateWebhook(Body):
    """`POST /webhooks`."""

    url: str
    events: Events
    enabled: bool | None = None


class UpdateWebhook(Body):
    """`PUT /webhooks/{id}`: absent fields keep their value."""

    url: str | None = None
    events: Events | None = None
    enabled: bool | None = None


def owner_of(project_id: str) -> Owner:
    """The project as the webhook engine knows it."""
    return Owner("flare", project_id)


async def create_webhook(request: Request) -> Response:
    """`POST /webhooks`: 201 with the subscription and its secret."""

    async def action(conn: Connection, call: Call) -> Reply:
        body = validate(CreateWebhook, call.body, call.flare.settings)
        with refusing_webhooks():
            made = await call.flare.hooks.subscriptions.create(
                conn,
                owner_of(call.project_id),
                url=body.url,
                events=names(body.events),
                enabled=body.enabled is not False,
            )
        await log_webhook(conn, "webhook.created", made)
        return reply(webhook_object(made, secret=True), 201)

    return await write(request, action)


async def list_webhooks(request: Request) -> Response:
    """`GET /webhooks`: the oldest first."""
    call = call_of(request)
    limit = query.clamped_limit(request, call.flare.settings)
    cursor = query.text(request, "cursor")
    after = decode_position(cursor) if cursor else None
    found = await call.flare.hooks.subscriptions.list(owner_of(call.project_id), limit + 1, after)
    page, has_more = found[:limit], len(found) > limit
    return json_response(
        {
            "webhooks": [webhook_object(one) for one in page],
            "has_more": has_more,
            "next_cursor": encode_position(page[-1].created_at, page[-1].id) if has_more else None,
        }
    )


async def get_webhook(request: Request) -> Response:
    """`GET /webhooks/{id}`."""
    call = call_of(request)
    return json_response(webhook_object(await _find(call)))


async def update_webhook(request: Request) -> Response:
    """`PUT /webhooks/{id}`."""

    async def action(conn: Connection, call: Call) -> Reply:
        body = validate(UpdateWebhook, call.body, call.flare.settings)
        if not body.model_dump(exclude_none=True):
            raise invalid_field("body", "names nothing to change")
        with refusing_webhooks():
            changed = await call.flare.hooks.subscriptions.update(
                conn,
                owner_of(call.project_id),
                call.path_id(),
                url=body.url,
                events=None if body.events is None else names(body.events),
                enabled=body.enabled,
            )
        await log_webhook(conn, "webhook.updated", changed)
        return reply(webhook_object(changed))

    return await write(request, action)


async def delete_webhook(request: Request) -> Response:
    """`DELETE /webhooks/{id}`: 204; what waits for delivery is not sent."""

    async def action(conn: Connection, call: Call) -> Reply:
        webhook_id = call.path_id()
        with refusing_webhooks():
            await call.flare.hooks.subscriptions.delete(conn, owner_of(call.project_id), webhook_id)
        data = {"id": webhook_id}
        await append(conn, call.project_id, _stream(webhook_id), "webhook.deleted", data)
        return reply(None, 204)

    return await write(request, action, has_body=False)


async def rotate_secret(request: Request) -> Response:
    """`POST /webhooks/{id}/rotate-secret`: the subscription with its new secret."""

    async def action(conn: Connection, call: Call) -> Reply:
        with refusing_webhooks():
            rotated = await call.flare.hooks.subscriptions.rotate_secret(
                conn,
                owner_of(call.project_id),
                call.path_id(),
                keep_hours=call.flare.settings.webhook_rotation_hours,
            )
        await log_webhook(conn, "webhook.secret_rotated", rotated)
        return reply(webhook_object(rotated, secret=True))

    return await write(request, action, has_body=False)


async def test_webhook(request: Request) -> Response:
    """`POST /webhooks/{id}/test`: a `webhook.test` event to this subscription alone."""

    async def action(conn: Connection, call: Call) -> Reply:
        webhook_id = call.path_id()
        data = {"id": webhook_id, "message": "This is a test."}
        deliveries, owner = call.flare.hooks.deliveries, owner_of(call.project_id)
        delivery_id = await deliveries.send_test(conn, owner, webhook_id, type=TEST_TYPE, data=data)
        if delivery_id is None:
            raise webhook_not_found(webhook_id)
        row = await (await conn.execute("SELECT quintet_now()")).fetchone()
        assert row is not None  # a SELECT without FROM
        return reply(
            {
                "id": _delivery_name(delivery_id),
                "event_type": TEST_TYPE,
                "state": "pending",
                "attempts": 0,
                "created_at": render_timestamp(row[0]),
            }
        )

    return await write(request, action, has_body=False)


async def list_deliveries(request: Request) -> Response:
    """`GET /webhooks/{id}/deliveries`: the newest first, with every attempt."""
    call = call_of(request)
    limit = query.clamped_limit(request, call.flare.settings)
    cursor = query.text(request, "cursor")
    before = decode_sequence(cursor) if cursor else None
    webhook = await _find(call)
    found = await call.flare.hooks.deliveries.list(
        owner_of(call.project_id), webhook.id, limit + 1, before
    )
    page, has_more = found[:limit], len(found) > limit
    return json_response(
        {
            "deliveries": [delivery_object(one) for one in page],
            "has_more": has_more,
            "next_cursor": encode_sequence(page[-1].id) if has_more else None,
        }
    )


async def _find(call: Call) -> Subscription:
    with refusing_webhooks():
        return await call.flare.hooks.subscriptions.get(owner_of(call.project_id), call.path_id())


def names(events: list[str] | str) -> list[str]:
    """The event names as a list; `"*"` alone may be sent as text."""
    return [events] if isinstance(events, str) else events


def webhook_object(subscription: Subscription, *, secret: bool = False) -> dict[str, Any]:
    """A subscription as callers see it."""
    shown: dict[str, Any] = {
        "id": subscription.id,
        "url": subscription.url,
        "events": list(subscription.events),
        "enabled": subscription.enabled,
        "created_at": render_timestamp(subscription.created_at),
        "updated_at": render_timestamp(subscription.updated_at),
    }
    if secret:
        shown["secret"] = subscription.secrets[0]
    return shown


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """A delivery as callers see it; status and error are those of its last attempt."""
    last = delivery.attempts[-1] if delivery.attempts else None
    known = delivery.event_created_at
    return {
        "id": _delivery_name(delivery.id),
        "event_id": None if known is None else event_id(known, delivery.event_seq),
        "event_type": delivery.event_type,
        "state": delivery.state,
        "attempts": len(delivery.attempts),
        "status_code": last.status if last else None,
        "error": delivery.error or (last.error if last else None),
        "created_at": render_timestamp(delivery.created_at),
        "completed_at": render_timestamp(delivery.completed_at),
        "next_attempt_at": render_timestamp(delivery.next_attempt_at),
        "attempt_log": [
            {
                "number": attempt.number,
                "at": render_timestamp(attempt.at),
                "status_code": attempt.status,
                "error": attempt.error,
                "duration_ms": attempt.duration_ms,
                "response": attempt.response,
            }
            for attempt in delivery.attempts
        ],
    }


async def log_webhook(conn: Connection, type: str, subscription: Subscription) -> None:
    """Tell the event log that a subscription was changed. Never its secret."""
    data = {
        "id": subscription.id,
        "url": subscription.url,
        "events": list(subscription.events),
        "enabled": subscription.enabled,
    }
    await append(conn, subscription.project_id, _stream(subscription.id), type, data)


@contextmanager
def refusing_webhooks() -> Iterator[None]:
    """Turn what the engine refuses into Flare's errors."""
    try:
        yield
    except SubscriptionNotFound as error:
        raise webhook_not_found(error.subscription_id) from error
    except InvalidSubscription as error:
        raise invalid_field(error.field, str(error)) from error
    except TargetRefused as error:
        raise invalid_field("url", str(error)) from error


def _delivery_name(number: int) -> str:
    return f"dlv_{number}"


def _stream(webhook_id: str) -> str:
    return f"webhook:{webhook_id}"
