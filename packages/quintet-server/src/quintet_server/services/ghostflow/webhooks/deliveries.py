"""`/webhooks/{id}/deliveries` and `/test`: see what came of each, send again, try it out."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from quintet_server.engines.hooks.deliveries import DeliveryFilter, DeliveryNotFound
from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.errors import conflict, invalid, not_found
from quintet_server.services.ghostflow.listing import NEWEST_FIRST, PAGE, list_args, list_response
from quintet_server.services.ghostflow.parameters import choice_of
from quintet_server.services.ghostflow.webhooks.format import EVENT_TYPES, TEST
from quintet_server.services.ghostflow.webhooks.shapes import delivery_object
from quintet_server.services.ghostflow.webhooks.store import (
    NOUN,
    find_delivery,
    find_webhook,
    owner_of,
    webhook_id,
)
from quintet_server.services.ghostflow.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

STATES = ("pending", "delivered", "failed")
QUERY = (
    choice_of("status", STATES),
    choice_of("event", EVENT_TYPES),
    *PAGE,
    choice_of("sort", (NEWEST_FIRST,), NEWEST_FIRST),
)
"""What a query for deliveries may say."""


async def list_(call: Call) -> Response:
    """`GET /webhooks/{id}/deliveries`: newest first, tests included."""
    state, event = _one_of(call, "status", STATES), _one_of(call, "event", EVENT_TYPES)
    args = list_args(call, sorts={"createdAt": "id"}, status=state, event=event)
    if not args.descending:
        raise invalid("sort: deliveries are listed newest first, -createdAt", "sort")
    async with call.parts.db.connection() as conn:
        webhook = await find_webhook(call, conn)
        found, total = await call.parts.hooks.deliveries.search(
            conn,
            owner_of(call),
            webhook.id,
            DeliveryFilter(event_type=event, state=state),
            limit=args.limit + 1,
            before=None if args.after is None else args.after[1].int,
        )
    # Their numbers are their order; a cursor holds ids of 128 bits.
    keys = [(one.created_at, UUID(int=one.id)) for one in found]
    return list_response(call, [delivery_object(one) for one in found], keys, total, args)


def _one_of(call: Call, name: str, allowed: tuple[str, ...]) -> str | None:
    given = call.query(name)
    if given is not None and given not in allowed:
        raise invalid(f"{name}: must be one of {', '.join(allowed)}", name)
    return given


async def redeliver(call: Call) -> Response:
    """`POST …/deliveries/{deliveryId}/redeliver`: 202 with a new delivery of the same event.

    Also to a webhook that is switched off. Raises 409 when the event is no longer kept.
    """

    async def action(conn: Connection) -> Reply:
        old, owner = await find_delivery(call, conn), owner_of(call)
        deliveries = call.parts.hooks.deliveries
        try:
            number = await deliveries.redeliver(conn, owner, old.id)
        except DeliveryNotFound as error:
            raise conflict(f"It cannot be sent again: {error}.") from error
        return ok_reply(delivery_object(await deliveries.get_on(conn, owner, number)), 202)

    return await write(call, action)


async def test(call: Call) -> Response:
    """`POST /webhooks/{id}/test`: 202 with the delivery of a test event, to this webhook alone.

    Also to one that is switched off. It is sent and tried again as any other.
    """

    async def action(conn: Connection) -> Reply:
        id, owner = webhook_id(call), owner_of(call)
        data = {"webhookId": id, "message": "This is a test of your webhook."}
        deliveries = call.parts.hooks.deliveries
        number = await deliveries.send_test(conn, owner, id, type=TEST, data=data)
        if number is None:
            raise not_found(NOUN, id)
        return ok_reply(delivery_object(await deliveries.get_on(conn, owner, number)), 202)

    return await write(call, action)
