"""`GET /postbacks`: the log."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.conversions.listing import (
    id_filter,
    one_of,
)
from quintet_server.services.ghostflow.conversions.statuses import STATUSES
from quintet_server.services.ghostflow.filters import filter_params, read_filters
from quintet_server.services.ghostflow.listing import keyset, list_args, list_response, paging
from quintet_server.services.ghostflow.parameters import id_of, some_of, text
from quintet_server.services.ghostflow.postbacks.log import (
    COLUMNS,
    DIRECTIONS,
    OUTCOMES,
    read_row,
    wire,
)
from quintet_server.services.ghostflow.reports.periods import PERIOD, read_bounds

__all__ = ["QUERY", "list_postbacks"]

_DIMENSIONS = ("campaignId", "offerId", "sourceId", "networkId", "event")
_SORTS = {"createdAt": "at", "at": "at"}
QUERY = (
    *PERIOD,
    some_of("direction", DIRECTIONS),
    some_of("outcome", OUTCOMES),
    some_of("status", STATUSES),
    *(text("clickId"), text("txId"), id_of("conversionId")),
    *filter_params(_DIMENSIONS),
    *paging(_SORTS),
)
"""What a query for postbacks may say."""
_FILTERED = {
    "campaignId": "campaign_id",
    "offerId": "offer_id",
    "sourceId": "source_id",
    "networkId": "network_id",
    "event": "event",
}
_MATCHES = """
FROM ghostflow_postbacks WHERE team_id = %(team_id)s
  AND (%(direction)s::text[] IS NULL OR direction = ANY(%(direction)s))
  AND (%(outcome)s::text[] IS NULL OR outcome = ANY(%(outcome)s))
  AND (%(status)s::text[] IS NULL OR status = ANY(%(status)s))
  AND (%(click_id)s::text IS NULL OR click_id = %(click_id)s)
  AND (%(tx_id)s::text IS NULL OR tx_id = %(tx_id)s)
  AND (%(conversion_id)s::uuid IS NULL OR conversion_id = %(conversion_id)s)
  AND (%(from)s::timestamptz IS NULL OR at >= %(from)s)
  AND (%(to)s::timestamptz IS NULL OR at < %(to)s)
"""


async def list_postbacks(call: Call) -> Response:
    """Newest first, both directions unless one is asked for."""
    dimensions = read_filters(call, _DIMENSIONS)
    start, end = read_bounds(call)
    filters: dict[str, Any] = {
        "direction": one_of(call, "direction", DIRECTIONS),
        "outcome": one_of(call, "outcome", OUTCOMES),
        "status": one_of(call, "status", STATUSES),
        "click_id": call.query("clickId"),
        "tx_id": call.query("txId"),
        "conversion_id": id_filter(call, "conversionId"),
        "from": start,
        "to": end,
    }
    args = list_args(call, sorts=_SORTS, dimensions=dimensions.fingerprint(), **filters)
    condition, params = dimensions.sql(_FILTERED)
    where = f"{_MATCHES} AND {condition}"
    ending, place = keyset(args)
    values: dict[str, Any] = {"team_id": call.team.id, **filters, **params}
    async with call.parts.db.connection() as conn:
        total = await (await conn.execute(f"SELECT count(*) {where}".encode(), values)).fetchone()
        statement = f"SELECT {COLUMNS} {where} {ending}".encode()
        rows = await (await conn.execute(statement, {**values, **place})).fetchall()
    found = [read_row(row) for row in rows]
    keys = [(row.at, row.id) for row in found]
    return list_response(call, [wire(row) for row in found], keys, total[0] if total else 0, args)
