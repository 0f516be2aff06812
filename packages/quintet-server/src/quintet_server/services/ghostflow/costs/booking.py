"""Booking what a source has billed: one amount, split over the clicks it was for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.endpoints import Body
from quintet_server.services.ghostflow.errors import conflict, not_found
from quintet_server.services.ghostflow.reports.calendars import zone_of
from quintet_server.services.ghostflow.reports.periods import Period, read_period
from quintet_server.services.ghostflow.wire import Amount, CurrencyCode, money, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["BookCost", "book_cost"]

# Bookings of one campaign come one after the other: two at once would each see half of the other.
_CAMPAIGN = """
SELECT coalesce(currency, %(currency)s) FROM ghostflow_campaigns
WHERE id = %(campaign)s AND team_id = %(team)s AND deleted_at IS NULL FOR NO KEY UPDATE
"""

# Equal shares; the millionths that are left over go to the oldest clicks. Robots cost nothing any
# more: the invoice is all there is to pay. Clicks are locked by id, as a recount of unique ones
# locks them, so that the two wait for each other in a line and never in a circle.
_SPLIT = """
WITH locked AS MATERIALIZED (
    SELECT id, at, is_bot FROM ghostflow_clicks
    WHERE team_id = %(team)s AND campaign_id = %(campaign)s AND at >= %(start)s AND at < %(end)s
    ORDER BY id FOR NO KEY UPDATE
), clicks AS (
    SELECT id, row_number() OVER (PARTITION BY is_bot ORDER BY at, id) AS number,
        count(*) FILTER (WHERE NOT is_bot) OVER () AS people
    FROM locked
), booked AS (
    UPDATE ghostflow_clicks AS click
    SET cost_currency = %(currency)s,
        cost = CASE WHEN click.is_bot THEN 0 ELSE
            %(amount)s::bigint / people + (number <= %(amount)s::bigint %% people)::int END
    FROM clicks WHERE click.id = clicks.id AND people > 0
    RETURNING click.is_bot
)
SELECT count(*) FILTER (WHERE NOT is_bot) FROM booked
"""


class BookCost(Body):
    """An invoice."""

    from_: str = Field(alias="from")
    """A date of the team's zone, or an instant, from when on; included."""
    to: str
    """The last date, included; or the instant at which it ends."""
    amount: Amount
    currency: CurrencyCode | None = None
    """The campaign's unless given."""


async def book_cost(call: Call, body: BookCost) -> Response:
    """Replace what the clicks of a campaign cost in a time by their shares of an amount.

    Raises 404 for a campaign that there is not, and 409 if it had no clicks by people then.
    """
    campaign = call.path_id("Campaign")
    zone = zone_of(call.team.timezone)
    period = read_period(body.from_, body.to, zone, call.parts.clock.now())

    async def book(conn: Connection) -> Reply:
        return await _book(conn, call, campaign, period, body)

    return await write(call, book)


async def _book(
    conn: Connection, call: Call, campaign: UUID, period: Period, body: BookCost
) -> Reply:
    params: dict[str, Any] = {
        "team": call.team.id,
        "campaign": campaign,
        "start": period.start,
        "end": period.end,
        "amount": body.amount,
        "currency": call.team.currency,
    }
    found = await (await conn.execute(_CAMPAIGN, params)).fetchone()
    if found is None:
        raise not_found("Campaign", campaign)
    currency = params["currency"] = body.currency or found[0]
    split = await (await conn.execute(_SPLIT, params)).fetchone()
    if not split or not split[0]:
        raise conflict(
            "The campaign has no clicks by people in this time to split the amount over."
        )
    return ok_reply(
        {
            "campaignId": str(campaign),
            "from": period.from_text,
            "to": period.to_text,
            "amount": money(body.amount),
            "currency": currency,
            "clicks": split[0],
        }
    )
