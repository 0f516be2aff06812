"""Which clicks a request asks for, and a page of them."""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.services.ghostflow.clicks.record import wire
from quintet_server.services.ghostflow.clicks.store import count_clicks, list_clicks
from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.filters import CLICK_COLUMNS, filter_params, read_filters
from quintet_server.services.ghostflow.listing import list_args, list_response, paging
from quintet_server.services.ghostflow.parameters import choice_of
from quintet_server.services.ghostflow.reports.facts import filter_columns
from quintet_server.services.ghostflow.reports.periods import (
    PERIOD,
    Period,
    asked_zone,
    read_period,
)

__all__ = ["QUERY", "get_clicks"]

_BOTS = {"exclude": "NOT is_bot", "include": "true", "only": "is_bot"}
_BOTS_DEFAULT = "include"
_SORTS = {"at": "at"}
_NEWEST_FIRST = "-at"
QUERY = (
    *PERIOD,
    choice_of("bots", tuple(_BOTS), _BOTS_DEFAULT),
    *filter_params(tuple(CLICK_COLUMNS)),
    *paging(_SORTS, _NEWEST_FIRST),
)
"""What a query for clicks may say."""


async def get_clicks(call: Call) -> Response:
    """A page, the newest first.

    Unlike reports, which count people, it shows robots unless asked not to: what is recorded can be
    looked at.
    """
    filters = read_filters(call, tuple(CLICK_COLUMNS))
    bots = call.query("bots") or _BOTS_DEFAULT
    if bots not in _BOTS:
        raise invalid(f"bots: must be one of {', '.join(_BOTS)}", "bots")
    period = _period(call)
    args = list_args(
        call,
        sorts=_SORTS,
        default_sort=_NEWEST_FIRST,
        filters=filters.fingerprint(),
        bots=bots,
        period=None if period is None else [period.start, period.end],
    )
    condition, params = filters.sql(filter_columns(""))
    where = f"team_id = %(team)s AND {_BOTS[bots]} AND {condition}"
    params["team"] = call.team.id
    if period is not None:
        where += " AND at >= %(start)s AND at < %(end)s"
        params |= {"start": period.start, "end": period.end}
    async with call.parts.db.connection() as conn:
        clicks = await list_clicks(conn, where, params, args)
        total = await count_clicks(conn, where, params)
    keys = [(click.at, click.id) for click in clicks]
    return list_response(call, [wire(click) for click in clicks], keys, total, args)


def _period(call: Call) -> Period | None:
    """The time asked for, as reports read it; None for all of it."""
    start, end = call.query("from"), call.query("to")
    if start is None and end is None:
        return None
    return read_period(start, end, asked_zone(call), call.parts.clock.now())
