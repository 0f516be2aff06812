"""The webhooks of a project: their names here, their subscriptions in the engine."""

from __future__ import annotations

from dataclasses import dataclass

from quintet_server.engines.hooks.deliveries import Deliveries
from quintet_server.engines.hooks.formats import Subscription
from quintet_server.engines.hooks.subscriptions import (
    InvalidSubscription,
    Owner,
    Subscriptions,
)
from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.services.flowmaestro.context import SERVICE
from quintet_server.services.flowmaestro.webhooks.checking import Refused, Wanted
from quintet_server.store.database import Connection

_INSERT = """
INSERT INTO flowmaestro_webhooks (id, project_id, name, defined_as) VALUES (%s, %s, %s, %s)
"""
_NAME = """
SELECT name FROM flowmaestro_webhooks WHERE project_id = %s AND id = %s AND deleted_at IS NULL
"""
_DEFINED = """
SELECT id FROM flowmaestro_webhooks
WHERE project_id = %s AND defined_as = %s AND deleted_at IS NULL
"""
_COUNT = """
SELECT count(*) FROM flowmaestro_webhooks WHERE project_id = %s AND deleted_at IS NULL
"""
_PAGE = """
SELECT id, name FROM flowmaestro_webhooks WHERE project_id = %s AND deleted_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT %s OFFSET %s
"""
_RENAME = "UPDATE flowmaestro_webhooks SET name = %s WHERE id = %s"
_DELETE = "UPDATE flowmaestro_webhooks SET deleted_at = quintet_now() WHERE id = %s"
_DELETED = "The webhook was deleted"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook."""

    name: str
    subscription: Subscription


def owner_of(project_id: str) -> Owner:
    """The project as the webhook engine knows it."""
    return Owner(SERVICE, project_id)


async def create(
    conn: Connection,
    subscriptions: Subscriptions,
    project_id: str,
    wanted: Wanted,
    *,
    secret: str | None = None,
    defined_as: str | None = None,
) -> Webhook:
    """Create one; `subscription.secrets[0]` is to be shown this once. Raises Refused."""
    try:
        made = await subscriptions.create(
            conn,
            owner_of(project_id),
            url=wanted.url or "",
            events=wanted.events or (),
            enabled=wanted.is_active is not False,
            headers=wanted.headers,
            secret=secret,
        )
    except (InvalidSubscription, TargetRefused) as error:
        raise _refused(error) from error
    name = wanted.name or ""
    await conn.execute(_INSERT, (made.id, project_id, name, defined_as))
    return Webhook(name, made)


async def find(
    conn: Connection, subscriptions: Subscriptions, project_id: str, webhook_id: str
) -> Webhook | None:
    """One webhook of a project, unless it was deleted."""
    row = await (await conn.execute(_NAME, (project_id, webhook_id))).fetchone()
    if row is None:
        return None
    found = await subscriptions.find(conn, owner_of(project_id), [webhook_id])
    return Webhook(row[0], found[webhook_id]) if webhook_id in found else None


async def find_defined(conn: Connection, project_id: str, defined_as: str) -> str | None:
    """The id of the webhook that a definition made, unless it was deleted."""
    row = await (await conn.execute(_DEFINED, (project_id, defined_as))).fetchone()
    return None if row is None else str(row[0])


async def page(
    conn: Connection, subscriptions: Subscriptions, project_id: str, offset: int, limit: int
) -> tuple[list[Webhook], int]:
    """Some webhooks of a project, newest first, and how many there are in all."""
    row = await (await conn.execute(_COUNT, (project_id,))).fetchone()
    named = await (await conn.execute(_PAGE, (project_id, limit, offset))).fetchall()
    found = await subscriptions.find(conn, owner_of(project_id), [id for id, _ in named])
    webhooks = [Webhook(name, found[id]) for id, name in named if id in found]
    return webhooks, 0 if row is None else int(row[0])


async def change(
    conn: Connection,
    subscriptions: Subscriptions,
    webhook: Webhook,
    wanted: Wanted,
    *,
    secret: str | None = None,
) -> Webhook:
    """Change what is given. Raises Refused."""
    before = webhook.subscription
    try:
        changed = await subscriptions.update(
            conn,
            owner_of(before.project_id),
            before.id,
            url=wanted.url,
            events=wanted.events,
            enabled=wanted.is_active,
            headers=wanted.headers,
            secret=secret,
        )
    except (InvalidSubscription, TargetRefused) as error:
        raise _refused(error) from error
    if wanted.name is not None:
        await conn.execute(_RENAME, (wanted.name, before.id))
    return Webhook(wanted.name or webhook.name, changed)


async def delete(
    conn: Connection, subscriptions: Subscriptions, deliveries: Deliveries, webhook: Webhook
) -> None:
    """Switch it off for good; what waits for delivery has failed."""
    before = webhook.subscription
    await subscriptions.update(conn, owner_of(before.project_id), before.id, enabled=False)
    await deliveries.abandon(conn, before.id, _DELETED)
    await conn.execute(_DELETE, (before.id,))


def _refused(error: InvalidSubscription | TargetRefused) -> Refused:
    if isinstance(error, TargetRefused):
        return Refused("url", f"URL cannot be called: {error}")
    return Refused(error.field, str(error))
