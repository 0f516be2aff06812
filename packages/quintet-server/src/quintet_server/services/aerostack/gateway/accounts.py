"""The caller's own wallet and usage, and units that were used outside the gateway."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, field_validator
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Call, parts_of, write
from quintet_server.services.aerostack.endpoints import Body
from quintet_server.services.aerostack.errors import invalid_field
from quintet_server.services.aerostack.gateway.apis import find_api
from quintet_server.services.aerostack.gateway.consumers import find_consumer
from quintet_server.services.aerostack.gateway.serving import called, paid_by, queried_slug
from quintet_server.services.aerostack.gateway.usage import DAYS_MAX, read_usage
from quintet_server.services.aerostack.gateway.wallets import (
    Spent,
    bill_units,
    read_wallet,
    wallet_of,
)
from quintet_server.services.aerostack.wire import ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["BillingLog", "BillingLogged", "billing_log", "my_usage", "my_wallet"]

_DAYS = 30
_UNITS_MAX = 2**53


async def my_wallet(request: Request) -> Response:
    """What is in the caller's wallet, and its limits."""
    caller, slug = await called(request), queried_slug(request)
    async with parts_of(request).db.connection() as conn:
        paid = await paid_by(conn, caller, slug)
        return ok({"wallet": await read_wallet(conn, paid.wallet)})


async def my_usage(request: Request) -> Response:
    """What the caller used of an API in the last days, today included."""
    caller, slug = await called(request), queried_slug(request)
    days = _days(request.query_params.get("days"))
    async with parts_of(request).db.connection() as conn:
        paid = await paid_by(conn, caller, slug)
        return ok(await read_usage(conn, paid.wallet, paid.api.slug, days))


def _days(given: str | None) -> int:
    if not given:
        return _DAYS
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= DAYS_MAX):
        raise invalid_field("days", f"must be a whole number from 1 to {DAYS_MAX}")
    return int(given)


class BillingLog(Body):
    """Units that a consumer has used somewhere else."""

    consumer_id: str = Field(min_length=1)
    """A consumer's id or name."""
    api_id: str = Field(min_length=1)
    """The slug of an API."""
    units: int = Field(ge=0, le=_UNITS_MAX)
    metric: str = Field(default="units", max_length=200)

    @field_validator("consumer_id", "api_id", "metric")
    @classmethod
    def _can_be_stored(cls, text: str) -> str:
        if "\x00" in text:
            raise ValueError("must not contain NUL")
        return text


class BillingLogged(BaseModel):
    """What was charged."""

    success: bool
    loggedUnits: int  # noqa: N815 - the wire's


async def billing_log(call: Call, body: BillingLog) -> Response:
    """Charge the consumer's wallet, below 0 too: it has been used already."""

    async def log(conn: Connection) -> Reply:
        consumer = await find_consumer(conn, call.project_id, body.consumer_id)
        if consumer is None:
            raise invalid_field("consumerId", f"there is no consumer {body.consumer_id!r}")
        slug = await _known_slug(conn, call.project_id, body.api_id)
        wallet = await wallet_of(conn, consumer.owner(), consumer.spec.limits)
        note: dict[str, Any] = {"metric": body.metric, "key_id": call.principal.key_id}
        await bill_units(conn, wallet, Spent(body.units, slug, note))
        return ok_reply({"success": True, "loggedUnits": body.units})

    return await write(call, log)


async def _known_slug(conn: Connection, project_id: str, slug: str) -> str:
    try:
        return (await find_api(conn, project_id, slug)).slug
    except ApiError as error:
        # The vendor documents 400 and 401 for this path, and no 404.
        raise invalid_field("apiId", error.message) from None
