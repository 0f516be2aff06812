"""`/webhooks`: make, look, change, delete, try out, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.services.flowmaestro.context import Call, call_of, write
from quintet_server.services.flowmaestro.errors import invalid_field, not_found
from quintet_server.services.flowmaestro.webhooks import store
from quintet_server.services.flowmaestro.webhooks.checking import (
    Refused,
    for_change,
    for_creation,
)
from quintet_server.services.flowmaestro.webhooks.format import TEST
from quintet_server.services.flowmaestro.webhooks.shapes import (
    created_object,
    delivery_object,
    tested_object,
    webhook_item,
    webhook_object,
)
from quintet_server.services.flowmaestro.webhooks.store import Webhook, owner_of
from quintet_server.services.flowmaestro.wire import ok, ok_list, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply


async def list_webhooks(request: Request) -> Response:
    """`GET /webhooks`: newest first."""
    call = call_of(request, "webhooks:read")
    page, subscriptions = call.page, call.parts.hooks.subscriptions
    async with call.parts.db.connection() as conn:
        found, total = await store.page(
            conn, subscriptions, call.project_id, page.offset, page.per_page
        )
    return ok_list(request, [webhook_item(webhook) for webhook in found], page, total)


async def get_webhook(request: Request) -> Response:
    """`GET /webhooks/{id}`: with its headers, never with its secret."""
    call = call_of(request, "webhooks:read")
    async with call.parts.db.connection() as conn:
        return ok(request, webhook_object(await _found(call, conn)))


async def create_webhook(request: Request) -> Response:
    """`POST /webhooks`: 201 with the secret, which is shown this once."""
    call = call_of(request, "webhooks:write")
    body = await call.json_object()
    required = call.parts.settings.webhook_https_required

    async def action(conn: Connection) -> Reply:
        with _refusing():
            wanted = for_creation(body, https_required=required)
            made = await store.create(conn, call.parts.hooks.subscriptions, call.project_id, wanted)
        return ok_reply(request, created_object(made), 201)

    return await write(call, body, action)


async def update_webhook(request: Request) -> Response:
    """`PATCH /webhooks/{id}`: absent fields keep their value."""
    call = call_of(request, "webhooks:write")
    body = await call.json_object()
    required = call.parts.settings.webhook_https_required

    async def action(conn: Connection) -> Reply:
        webhook = await _found(call, conn)
        with _refusing():
            wanted = for_change(body, https_required=required)
            changed = await store.change(conn, call.parts.hooks.subscriptions, webhook, wanted)
        return ok_reply(request, webhook_object(changed))

    return await write(call, body, action)


async def delete_webhook(request: Request) -> Response:
    """`DELETE /webhooks/{id}`: what waits for delivery to it has failed."""
    call = call_of(request, "webhooks:write")
    hooks = call.parts.hooks

    async def action(conn: Connection) -> Reply:
        webhook = await _found(call, conn)
        await store.delete(conn, hooks.subscriptions, hooks.deliveries, webhook)
        return ok_reply(request, {"id": webhook.subscription.id, "deleted": True})

    return await write(call, {}, action)


async def test_webhook(request: Request) -> Response:
    """`POST /webhooks/{id}/test`: send a `test` event now, once, and tell what came of it.

    Also to a webhook that is switched off. The answer is 200 whatever the receiver does.
    """
    call = call_of(request, "webhooks:write")
    async with call.parts.db.connection() as conn:
        webhook_id = (await _found(call, conn)).subscription.id
    data = {"message": "This is a test of your webhook.", "webhook_id": webhook_id}
    delivery = await call.parts.hooks.deliveries.test(
        owner_of(call.project_id), webhook_id, type=TEST, data=data
    )
    if delivery is None:
        raise not_found("Webhook", webhook_id)
    return ok(request, tested_object(delivery))


async def list_deliveries(request: Request) -> Response:
    """`GET /webhooks/{id}/deliveries`: newest first, tests included."""
    call = call_of(request, "webhooks:read")
    page = call.page
    async with call.parts.db.connection() as conn:
        webhook_id = (await _found(call, conn)).subscription.id
    found, total = await call.parts.hooks.deliveries.page(
        owner_of(call.project_id), webhook_id, page.offset, page.per_page
    )
    return ok_list(request, [delivery_object(delivery) for delivery in found], page, total)


async def _found(call: Call, conn: Connection) -> Webhook:
    webhook_id = call.path_id()
    webhook = await store.find(conn, call.parts.hooks.subscriptions, call.project_id, webhook_id)
    if webhook is None:
        raise not_found("Webhook", webhook_id)
    return webhook


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a refused field into the service's 400."""
    try:
        yield
    except Refused as error:
        raise invalid_field(error.field, str(error)) from error


ROUTES = (
    ("GET", "/webhooks", list_webhooks),
    ("POST", "/webhooks", create_webhook),
    ("GET", "/webhooks/{id}", get_webhook),
    ("PATCH", "/webhooks/{id}", update_webhook),
    ("DELETE", "/webhooks/{id}", delete_webhook),
    ("POST", "/webhooks/{id}/test", test_webhook),
    ("GET", "/webhooks/{id}/deliveries", list_deliveries),
)
