"""`/conversions`: what clicks have led to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.conversions.access import Direct
from quintet_server.services.ghostflow.conversions.changing import Change
from quintet_server.services.ghostflow.conversions.listing import (
    QUERY,
    Wanted,
    find_conversion,
    page,
)
from quintet_server.services.ghostflow.conversions.model import DEFAULT_EVENT, wire
from quintet_server.services.ghostflow.conversions.recording import (
    BadInstant,
    Outcome,
    Report,
    UnknownClick,
    change_conversion,
    lock_conversion,
    record,
)
from quintet_server.services.ghostflow.conversions.shapes import (
    ChangeConversion,
    ConversionList,
    ConversionObject,
    CreateConversion,
)
from quintet_server.services.ghostflow.conversions.statuses import DEFAULT
from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.errors import (
    click_not_found,
    conflict,
    invalid,
    invalid_fields,
    not_found,
)
from quintet_server.services.ghostflow.listing import list_response
from quintet_server.services.ghostflow.postbacks.reading import read_click_id
from quintet_server.services.ghostflow.wire import ok, ok_reply, parse_instant
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS"]

_READ, _WRITE = "read:stats", "write:campaigns"
_NOUN = "conversion"
_DUPLICATE = (("X-Duplicate", "true"),)


async def list_conversions(call: Call) -> Response:
    """`GET /conversions`, newest first."""
    wanted = Wanted(call)
    async with call.parts.db.connection() as conn:
        found, total = await page(conn, wanted)
    keys = [(getattr(one, wanted.args.column), one.id) for one in found]
    return list_response(call, [wire(one) for one in found], keys, total, wanted.args)


async def get_conversion(call: Call) -> Response:
    """`GET /conversions/{id}`."""
    id = call.path_id(_NOUN)
    async with call.parts.db.connection() as conn:
        found = await find_conversion(conn, call.team.id, id)
    if found is None:
        raise not_found(_NOUN, id)
    return ok(wire(found), version=found.version)


async def create_conversion(call: Call, body: CreateConversion) -> Response:
    """`POST /conversions`: 201 for a new one, 200 for one that was known or has changed.

    Raises ApiError: 404 `CLICK_NOT_FOUND`, 409 if the status may not follow the one it has, 400.
    """
    report = _report(body)

    async def action(conn: Connection) -> Reply:
        try:
            outcome = await record(call.parts, Direct(conn), call.team, report)
        except UnknownClick as unknown:
            raise click_not_found(unknown) from None
        except BadInstant as bad:
            raise invalid_fields([("at", str(bad))]) from None
        return _reply(outcome)

    return await write(call, action)


async def change_one(call: Call, body: ChangeConversion) -> Response:
    """`PATCH /conversions/{id}`: its status, its payout, or both.

    Raises ApiError: 404, 409 if the status may not follow the one it has, 412.
    """
    id = call.path_id(_NOUN)
    if nulls := sorted(name for name in body.model_fields_set if getattr(body, name) is None):
        raise invalid_fields([(name, "must not be null") for name in nulls])

    async def action(conn: Connection) -> Reply:
        old = await lock_conversion(conn, call.team, id)
        if old is None:
            raise not_found(_NOUN, id)
        call.check_match(old.version)
        change = Change(body.status, payout=body.payout)
        outcome = await change_conversion(call.parts, conn, call.team, old, change)
        if outcome.kind == "duplicate":  # nothing was to change: that is no duplicate here
            outcome = Outcome("updated", outcome.conversion)
        return _reply(outcome)

    return await write(call, action)


def _report(body: CreateConversion) -> Report:
    click_id = read_click_id(body.click_id)
    if click_id is None:
        raise click_not_found(body.click_id)
    return Report(
        click_id=click_id,
        status=body.status or DEFAULT,
        event=body.event or DEFAULT_EVENT,
        tx_id=(body.tx_id or "").strip(),
        payout=body.payout,
        currency=body.currency,
        at=_instant(body.at),
    )


def _instant(given: str | None) -> datetime | None:
    try:
        return None if given is None else parse_instant(given)
    except ValueError:
        raise invalid("at: must be an instant such as 2026-04-14T18:22:11Z", "at") from None


def _reply(outcome: Outcome) -> Reply:
    if outcome.reason is not None:
        raise conflict(outcome.reason, [("status", outcome.reason)])
    conversion = outcome.conversion
    options: dict[str, Any] = {"version": conversion.version}
    if outcome.kind == "duplicate":
        options["headers"] = _DUPLICATE
    return ok_reply(wire(conversion), 201 if outcome.kind == "created" else 200, **options)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/conversions",
        handler=list_conversions,
        operation_id="conversions.list",
        summary="List conversions",
        description="Newest first. Filters: campaignId, offerId, sourceId, networkId and event, "
        "repeated or with commas for any of them, `!` in front to leave some out; status, "
        "clickId, txId; from and to, of when it was received: two days, both inclusive, in "
        "timezone (the team's unless given), or two instants, the second exclusive; either may "
        "be missing.",
        scope=_READ,
        response=ConversionList,
        query=QUERY,
    ),
    Endpoint(
        path="/conversions",
        handler=create_conversion,
        operation_id="conversions.create",
        summary="Report a conversion",
        description="Unique by click, event and transaction. The same again is answered 200 with "
        "the header X-Duplicate; a status or payout that is new changes what there is.",
        scope=_WRITE,
        method="POST",
        request=CreateConversion,
        response=ConversionObject,
        status=201,
    ),
    Endpoint(
        path="/conversions/{id}",
        handler=get_conversion,
        operation_id="conversions.get",
        summary="Get a conversion",
        scope=_READ,
        response=ConversionObject,
    ),
    Endpoint(
        path="/conversions/{id}",
        handler=change_one,
        operation_id="conversions.update",
        summary="Change the status or the payout of a conversion",
        description="pending → approved or rejected; approved → rejected or reversed. With "
        "`If-Match`, only if it still has that version.",
        scope=_WRITE,
        method="PATCH",
        request=ChangeConversion,
        response=ConversionObject,
    ),
    Endpoint(
        path="/conversions/{id}",
        handler=change_one,
        operation_id="conversions.put",
        summary="The same as PATCH, for clients that have no PATCH",
        scope=_WRITE,
        method="PUT",
        request=ChangeConversion,
        response=ConversionObject,
    ),
)
