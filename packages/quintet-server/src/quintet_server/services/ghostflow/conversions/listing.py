"""Finding conversions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.conversions.model import (
    COLUMNS,
    Conversion,
    read_conversion,
)
from quintet_server.services.ghostflow.conversions.statuses import STATUSES
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.filters import filter_params, read_filters
from quintet_server.services.ghostflow.listing import ListArgs, keyset, list_args, paging
from quintet_server.services.ghostflow.parameters import id_of, some_of, text
from quintet_server.services.ghostflow.reports.periods import PERIOD, read_bounds
from quintet_server.store.database import Connection

__all__ = ["QUERY", "Wanted", "find_conversion", "id_filter", "one_of", "page"]

_DIMENSIONS = ("campaignId", "offerId", "sourceId", "networkId", "event")
_SORTS = {"createdAt": "received_at", "receivedAt": "received_at", "at": "at"}
QUERY = (
    *PERIOD,
    some_of("status", STATUSES),
    *(id_of("clickId"), text("txId")),
    *filter_params(_DIMENSIONS),
    *paging(_SORTS),
)
"""What a query for conversions may say."""
_FILTERED = {
    "campaignId": "campaign_id",
    "offerId": "offer_id",
    "sourceId": "source_id",
    "networkId": "network_id",
    "event": "event",
}
_FIND = f"SELECT {COLUMNS} FROM ghostflow_conversions WHERE id = %s AND team_id = %s"
_MATCHES = """
FROM ghostflow_conversions WHERE team_id = %(team_id)s
  AND (%(status)s::text[] IS NULL OR status = ANY(%(status)s))
  AND (%(click_id)s::uuid IS NULL OR click_id = %(click_id)s)
  AND (%(tx_id)s::text IS NULL OR tx_id = %(tx_id)s)
  AND (%(from)s::timestamptz IS NULL OR received_at >= %(from)s)
  AND (%(to)s::timestamptz IS NULL OR received_at < %(to)s)
"""


class Wanted:
    """Which conversions a request asks for. Raises ApiError: 400 for what is no filter."""

    def __init__(self, call: Call) -> None:
        dimensions = read_filters(call, _DIMENSIONS)
        start, end = read_bounds(call)
        filters: dict[str, Any] = {
            "status": one_of(call, "status", STATUSES),
            "click_id": id_filter(call, "clickId"),
            "tx_id": call.query("txId"),
            "from": start,
            "to": end,
        }
        self.args: ListArgs = list_args(
            call, sorts=_SORTS, dimensions=dimensions.fingerprint(), **filters
        )
        condition, params = dimensions.sql(_FILTERED)
        self.where = f"{_MATCHES} AND {condition}"
        self.params: dict[str, Any] = {"team_id": call.team.id, **filters, **params}


async def find_conversion(conn: Connection, team_id: UUID, id: UUID) -> Conversion | None:
    """A conversion of the team; None if there is none."""
    row = await (await conn.execute(_FIND, (id, team_id))).fetchone()
    return None if row is None else read_conversion(row)


async def page(conn: Connection, wanted: Wanted) -> tuple[list[Conversion], int]:
    """A page of conversions and one more, and how many there are over the filters."""
    ending, place = keyset(wanted.args)
    counted = await conn.execute(f"SELECT count(*) {wanted.where}".encode(), wanted.params)
    total = await counted.fetchone()
    statement = f"SELECT {COLUMNS} {wanted.where} {ending}"
    rows = await conn.execute(statement.encode(), {**wanted.params, **place})
    return [read_conversion(row) for row in await rows.fetchall()], total[0] if total else 0


def one_of(call: Call, name: str, known: tuple[str, ...]) -> list[str] | None:
    """Values of a filter, repeated or with commas; None where it is not there.

    Raises ApiError: 400 for one that is not known.
    """
    given = [one.strip() for part in call.queries(name) for one in part.split(",")]
    for one in given:
        if one not in known:
            raise invalid(f"{name}: must be one of {', '.join(known)}", name)
    return sorted(set(given)) or None


def id_filter(call: Call, name: str) -> UUID | None:
    """An id to filter by. Raises ApiError: 400 for what is none."""
    given = call.query(name)
    try:
        return None if given is None else UUID(given)
    except ValueError:
        raise invalid(f"{name}: is not the id of anything", name) from None
