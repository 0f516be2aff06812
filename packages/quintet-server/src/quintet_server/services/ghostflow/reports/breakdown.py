"""Reports by dimensions: a row for each combination that occurs, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.listing import read_limit
from quintet_server.services.ghostflow.parameters import Param
from quintet_server.services.ghostflow.reports.adding import Order, Row, add_up
from quintet_server.services.ghostflow.reports.counting import count_every_row, count_visitors
from quintet_server.services.ghostflow.reports.cursors import read_cursor, write_cursor
from quintet_server.services.ghostflow.reports.dimensions import DIMENSIONS, ID_TABLES, TIMES
from quintet_server.services.ghostflow.reports.grouping import Grouping, by_dimensions
from quintet_server.services.ghostflow.reports.metrics import METRICS, numbers, wire
from quintet_server.services.ghostflow.reports.names import Names, read_names, shown_keys
from quintet_server.services.ghostflow.reports.questions import (
    Question,
    choice,
    heading,
    read_question,
)
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.tables import FORMATS, csv_response
from quintet_server.services.ghostflow.reports.visitors import Visitors
from quintet_server.services.ghostflow.wire import ok
from quintet_server.store.database import Connection

__all__ = ["DEFAULT_SORT", "GROUP_BY", "SORTS", "get_breakdown", "shown_rows"]

_MOST_DIMENSIONS = 3
DEFAULT_SORT = "-revenue"
SORTS = (*METRICS, *TIMES)
"""What rows can be sorted by; a time only where they are grouped by it."""
GROUP_BY = Param(
    "groupBy",
    {
        "type": "array",
        "items": {"type": "string", "enum": [*DIMENSIONS, *TIMES]},
        "minItems": 1,
        "maxItems": _MOST_DIMENSIONS,
        "uniqueItems": True,
    },
    is_required=True,
)

Shown = tuple[dict[str, Any], dict[str, Any]]
"""A row's keys and its metrics."""


async def get_breakdown(call: Call) -> Response:
    """A page of rows; the totals are over all of them."""
    question = read_question(call)
    # In a thread: it goes through every hour of the period, if that is a dimension.
    grouping = await asyncio.to_thread(by_dimensions, _read_dimensions(call), question.period)
    wanted = choice(call, "format", FORMATS)
    sort, falling = _read_sort(call, grouping.names)
    limit = read_limit(call)
    bound_to = question.fingerprint(*grouping.names, sort, falling)
    after = read_cursor(call, bound_to)
    order = Order(((sort, falling),), limit + 1, after)
    async with call.parts.room(Reader).snapshot() as conn:
        by_visitors = sort == "uniqueVisitors"
        counted = await count_every_row(conn, question, grouping) if by_visitors else None
        counts = None if counted is None else counted.by_key
        answer = await add_up(conn, question, grouping, call.parts.currencies, order, counts)
        page = answer.rows[:limit]
        visitors = counted or await count_visitors(
            conn, question, grouping, [row.key for row in page]
        )
        rows = await shown_rows(conn, question, grouping, page, visitors)
    cursor = write_cursor(call, page[-1], bound_to) if len(answer.rows) > limit else None
    totals = numbers(answer.totals, visitors.total)
    # In a thread: a thousand rows would hold up everybody else.
    if wanted == "csv":
        return await asyncio.to_thread(_csv, grouping.names, rows, cursor)
    more = {"totals": wire(totals), "unconverted": answer.unconverted, "nextCursor": cursor}
    return await asyncio.to_thread(_json, {**heading(question), "rows": rows, **more})


def _read_dimensions(call: Call) -> list[str]:
    given = [name.strip() for part in call.queries("groupBy") for name in part.split(",")]
    names = [name for name in given if name]
    if not 1 <= len(names) <= _MOST_DIMENSIONS or len(set(names)) < len(names):
        raise invalid(f"groupBy: must name 1 to {_MOST_DIMENSIONS} different dimensions", "groupBy")
    for name in names:
        if name not in DIMENSIONS and name not in TIMES:
            known = ", ".join((*DIMENSIONS, *TIMES))
            raise invalid(f"groupBy: {name[:100]!r} is none of {known}", "groupBy")
    return names


def _read_sort(call: Call, names: Sequence[str]) -> tuple[str, bool]:
    given = call.query("sort") or DEFAULT_SORT
    sort = given.removeprefix("-")
    known = [name for name in SORTS if name in names or name not in TIMES]
    if sort not in known:
        raise invalid(f"sort: must be one of {', '.join(known)}, or one with a minus", "sort")
    return sort, given.startswith("-")


async def shown_rows(
    conn: Connection,
    question: Question,
    grouping: Grouping,
    rows: Sequence[Row],
    visitors: Visitors,
) -> list[Shown]:
    """Rows with names for ids and all their metrics."""
    names = await read_names(conn, question.team, grouping.names, [row.keys for row in rows])
    return await asyncio.to_thread(_shown, grouping, rows, names, visitors)


def _shown(
    grouping: Grouping, rows: Sequence[Row], names: Names, visitors: Visitors
) -> list[Shown]:
    return [
        (
            shown_keys(grouping.names, row.keys, names),
            numbers(row.sums, visitors.of(row.key)),
        )
        for row in rows
    ]


def _json(body: dict[str, Any]) -> Response:
    rows = [{"keys": keys, **wire(metrics)} for keys, metrics in body["rows"]]
    return ok(body | {"rows": rows})


def _csv(names: Sequence[str], rows: Sequence[Shown], cursor: str | None) -> Response:
    """Ids have two columns, one of them with the name."""
    header = [column for name in names for column in _columns(name)]
    table = [
        [*(cell for name in names for cell in _cells(name, keys[name])), *metrics.values()]
        for keys, metrics in rows
    ]
    headers = {"X-Next-Cursor": cursor} if cursor else None
    return csv_response([*header, *METRICS], table, headers)


def _columns(name: str) -> list[str]:
    return [f"{name}Id", name] if name in ID_TABLES else [name]


def _cells(name: str, key: Any) -> list[Any]:
    return [key["id"], key["name"]] if name in ID_TABLES else [key]
