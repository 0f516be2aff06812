"""`/webhooks`: make, look, change, delete, and give another secret.

A secret is shown when a webhook is made and when it gets a new one, and never again.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from quintet_server.engines.hooks.listing import SubscriptionFilter, list_subscriptions
from quintet_server.services.ghostflow.account.callers import actor_of
from quintet_server.services.ghostflow.account.shown_once import Shown, write_shown_once
from quintet_server.services.ghostflow.catalog.resource import check_read_only
from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.listing import SEARCH, list_args, list_response, paging
from quintet_server.services.ghostflow.parameters import choice_of
from quintet_server.services.ghostflow.webhooks.format import TEAM_HEADER
from quintet_server.services.ghostflow.webhooks.shapes import (
    ChangeWebhook,
    CreateWebhook,
    webhook_object,
)
from quintet_server.services.ghostflow.webhooks.store import (
    find_webhook,
    owner_of,
    refusing,
    webhook_id,
)
from quintet_server.services.ghostflow.wire import deleted_reply, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_uuid7

STATUSES = ("active", "disabled", "all")
_SORTS = {"createdAt": "created_at"}
QUERY = (choice_of("status", STATUSES, "all"), *paging(_SORTS), SEARCH)
"""What a query for webhooks may say."""


async def create(call: Call, body: CreateWebhook) -> Response:
    """`POST /webhooks`: 201 with the secret, which is shown this once."""

    async def action(conn: Connection) -> Shown:
        with refusing():
            made = await call.parts.hooks.subscriptions.create(
                conn,
                owner_of(call),
                id=str(new_uuid7()),
                url=_checked_url(call, body.url),
                events=_each_once(body.events),
                enabled=body.status == "active",
                headers={TEAM_HEADER: str(call.team.id)},
                secret=body.secret,
                description=body.description or None,
                created_by=actor_of(call.principal),
                most=call.parts.settings.webhooks_max_count,
            )
        return {**webhook_object(made), "secret": made.secrets[0]}

    return await write_shown_once(call, action, status=201)


async def list_(call: Call) -> Response:
    """`GET /webhooks`: newest first; `search` looks into URL and description."""
    status = call.query("status") or "all"
    if status not in STATUSES:
        raise invalid(f"status: must be one of {', '.join(STATUSES)}", "status")
    args = list_args(call, sorts=_SORTS, status=status)
    wanted = SubscriptionFilter(
        enabled=None if status == "all" else status == "active",
        text=None if args.search is None else args.search.replace("\0", ""),
    )
    after = None if args.after is None else (args.after[0], str(args.after[1]))
    async with call.parts.db.connection() as conn:
        found, total = await list_subscriptions(
            conn,
            owner_of(call),
            wanted,
            limit=args.limit + 1,
            after=after,
            descending=args.descending,
        )
    items = [webhook_object(one) for one in found]
    keys = [(one.created_at, UUID(one.id)) for one in found]
    return list_response(call, items, keys, total, args)


async def get(call: Call) -> Response:
    """`GET /webhooks/{id}`."""
    async with call.parts.db.connection() as conn:
        webhook = await find_webhook(call, conn)
    return ok(webhook_object(webhook), version=webhook.version)


async def change(call: Call, body: ChangeWebhook) -> Response:
    """`PATCH /webhooks/{id}`: absent fields keep their value; null takes a description away."""

    async def action(conn: Connection) -> Reply:
        webhook = await find_webhook(call, conn, locked=True)
        call.check_match(webhook.version)
        check_read_only(body, webhook_object(webhook))
        given = body.model_fields_set
        if given & {"url", "events", "status", "description"}:
            with refusing():
                webhook = await call.parts.hooks.subscriptions.update(
                    conn,
                    owner_of(call),
                    webhook.id,
                    url=_checked_url(call, body.url) if "url" in given else None,
                    events=_each_once(body.events) if "events" in given else None,
                    enabled=body.status == "active" if "status" in given else None,
                    description=(body.description or "") if "description" in given else None,
                )
        return ok_reply(webhook_object(webhook), version=webhook.version)

    return await write(call, action)


async def rotate_secret(call: Call) -> Response:
    """`POST /webhooks/{id}/rotate-secret`: a new secret; the old one signs too for a day."""

    async def action(conn: Connection) -> Shown:
        with refusing():
            webhook = await call.parts.hooks.subscriptions.rotate_secret(
                conn,
                owner_of(call),
                webhook_id(call),
                keep_hours=call.parts.settings.webhook_rotation_hours,
            )
        return {**webhook_object(webhook), "secret": webhook.secrets[0]}

    return await write_shown_once(call, action)


async def delete(call: Call) -> Response:
    """`DELETE /webhooks/{id}`: what waits for delivery is not sent."""

    async def action(conn: Connection) -> Reply:
        webhook = await find_webhook(call, conn, locked=True)
        call.check_match(webhook.version)
        await call.parts.hooks.subscriptions.delete(conn, owner_of(call), webhook.id)
        return deleted_reply(UUID(webhook.id))

    return await write(call, action)


def _checked_url(call: Call, url: str) -> str:
    """The URL, if its scheme will do; the rest is the engine's to check. Raises 400."""
    scheme = url.partition(":")[0].lower()
    if scheme != "https" and not call.parts.allow_private_targets:
        message = (
            "url: must begin with https://; `quintet serve --allow-private-targets` lets http "
            "through, for receivers on this machine"
        )
        raise invalid(message, "url")
    return url


def _each_once(events: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(events))
