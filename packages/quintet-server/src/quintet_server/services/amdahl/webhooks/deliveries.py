"""`/webhooks/{id}/test` and `/webhooks/{id}/deliveries`: try it out, see what came of it, again."""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.engines.hooks.deliveries import DeliveryFilter, DeliveryNotFound
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.errors import invalid_argument, invalid_state, not_found
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.webhooks.checking import NOUN
from quintet_server.services.amdahl.webhooks.format import EVENT_TYPES, TEST
from quintet_server.services.amdahl.webhooks.shapes import STATES, delivery_object
from quintet_server.services.amdahl.webhooks.store import (
    find_delivery,
    find_webhook,
    owner_of,
    webhook_id,
)
from quintet_server.services.amdahl.wire import ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply


async def test(call: Call) -> Response:
    """`POST /webhooks/{id}/test`: 202 with the delivery of a test event, to this webhook alone.

    Also to one that is switched off. It is sent and tried again as any other.
    """

    async def action(conn: Connection) -> Reply:
        id, owner = webhook_id(call), owner_of(call)
        data = {"webhook_id": id, "message": "This is a test of your webhook."}
        deliveries = call.parts.hooks.deliveries
        number = await deliveries.send_test(conn, owner, id, type=TEST, data=data)
        if number is None:
            raise not_found(NOUN, id)
        return ok_reply(delivery_object(await deliveries.get_on(conn, owner, number)), 202)

    return await write(call, action)


async def list_(call: Call) -> Response:
    """`GET /webhooks/{id}/deliveries`: newest first, tests included."""
    filters = common_filters(call, statuses=STATES)
    event = _event(call)
    args = list_args(call, **filters.as_mapping(), event=event)
    wanted = DeliveryFilter(
        event_type=event,
        state=filters.status,
        created_from=filters.created_at_gte,
        created_to=filters.created_at_lte,
    )
    async with call.parts.db.connection() as conn:
        webhook = await find_webhook(call, conn)
        found, total = await call.parts.hooks.deliveries.search(
            conn,
            owner_of(call),
            webhook.id,
            wanted,
            limit=args.limit + 1,
            before=None if args.after is None else int(args.after[1]),
            offset=args.offset,
        )
    items = [delivery_object(one) for one in found]
    return ok(envelope(items, total, args, [(one.created_at, str(one.id)) for one in found]))


def _event(call: Call) -> str | None:
    event = call.query("event")
    if event is not None and event not in EVENT_TYPES:
        message = f"event: {event[:100]!r} is not one of {', '.join(EVENT_TYPES)}"
        raise invalid_argument(message, "event", allowed=EVENT_TYPES)
    return event


async def redeliver(call: Call) -> Response:
    """`POST /webhooks/{id}/deliveries/{did}/redeliver`: 202 with a new delivery of the same event.

    Also to a webhook that is switched off. Raises 409 when the event is no longer kept.
    """

    async def action(conn: Connection) -> Reply:
        old, owner = await find_delivery(call, conn), owner_of(call)
        deliveries = call.parts.hooks.deliveries
        try:
            number = await deliveries.redeliver(conn, owner, old.id)
        except DeliveryNotFound as error:
            raise invalid_state(f"It cannot be sent again: {error}.") from error
        return ok_reply(delivery_object(await deliveries.get_on(conn, owner, number)), 202)

    return await write(call, action)
