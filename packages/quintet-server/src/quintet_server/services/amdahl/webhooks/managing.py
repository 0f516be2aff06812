"""`/webhooks`: make, look, change, delete.

A secret is shown when a webhook is made and when it is rotated, and never again.
"""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.listing import SubscriptionFilter, list_subscriptions
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.webhooks.checking import (
    checked_events,
    checked_url,
    refusing,
)
from quintet_server.services.amdahl.webhooks.models import ChangeWebhook, CreateWebhook
from quintet_server.services.amdahl.webhooks.shapes import webhook_object
from quintet_server.services.amdahl.webhooks.store import (
    ID_PREFIX,
    find_webhook,
    owner_of,
    webhook_id,
)
from quintet_server.services.amdahl.wire import no_content_reply, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

_STATUSES = ("active", "inactive")


async def create(call: Call, body: CreateWebhook) -> Response:
    """`POST /webhooks`: 201 with the secret, which is shown this once."""

    async def action(conn: Connection) -> Reply:
        url, events = checked_url(call.parts, body.url), checked_events(body.events)
        with refusing():
            made = await call.parts.hooks.subscriptions.create(
                conn,
                owner_of(call),
                url=url,
                events=events,
                secret=body.secret,
                id_prefix=ID_PREFIX,
                description=body.description or None,
                created_by=call.user_id,
                most=call.parts.settings.webhooks_max_count,
            )
        return ok_reply(webhook_object(made, secret=True), 201)

    return await write(call, action)


async def list_(call: Call) -> Response:
    """`GET /webhooks`: newest first; `q` looks into URL and description."""
    filters = common_filters(call, statuses=_STATUSES)
    args = list_args(call, **filters.as_mapping())
    wanted = SubscriptionFilter(
        enabled=None if filters.status is None else filters.status == "active",
        text=None if filters.q is None else filters.q.replace("\x00", ""),
        created_from=filters.created_at_gte,
        created_to=filters.created_at_lte,
        updated_from=filters.updated_at_gte,
        updated_to=filters.updated_at_lte,
    )
    async with call.parts.db.connection() as conn:
        found, total = await list_subscriptions(
            conn,
            owner_of(call),
            wanted,
            limit=args.limit + 1,
            after=args.after,
            offset=args.offset,
        )
    items = [webhook_object(one) for one in found]
    return ok(envelope(items, total, args, [(one.created_at, one.id) for one in found]))


async def get(call: Call) -> Response:
    """`GET /webhooks/{id}`."""
    async with call.parts.db.connection() as conn:
        return ok(webhook_object(await find_webhook(call, conn)))


async def change(call: Call, body: ChangeWebhook) -> Response:
    """`PATCH /webhooks/{id}`: absent fields keep their value; a new secret is shown this once."""

    async def action(conn: Connection) -> Reply:
        if not body.model_fields_set:
            names = tuple(ChangeWebhook.model_fields)
            message = f"The body names nothing to change: give one of {', '.join(names)}"
            raise invalid_argument(message, allowed=names)
        with refusing():
            changed = await _changed(call, conn, body)
            if body.rotate_secret:
                changed = await call.parts.hooks.subscriptions.rotate_secret(
                    conn,
                    owner_of(call),
                    changed.id,
                    keep_hours=call.parts.settings.webhook_rotation_hours,
                )
        return ok_reply(webhook_object(changed, secret=body.rotate_secret))

    return await write(call, action)


async def _changed(call: Call, conn: Connection, body: ChangeWebhook) -> Subscription:
    given = body.model_fields_set
    return await call.parts.hooks.subscriptions.update(
        conn,
        owner_of(call),
        webhook_id(call),
        url=checked_url(call.parts, body.url) if "url" in given else None,
        events=checked_events(body.events) if "events" in given else None,
        enabled=body.active if "active" in given else None,
        description=(body.description or "") if "description" in given else None,
    )


async def delete(call: Call) -> Response:
    """`DELETE /webhooks/{id}`: 204; what waits for delivery is not sent."""

    async def action(conn: Connection) -> Reply:
        with refusing():
            await call.parts.hooks.subscriptions.delete(conn, owner_of(call), webhook_id(call))
        return no_content_reply()

    return await write(call, action)
