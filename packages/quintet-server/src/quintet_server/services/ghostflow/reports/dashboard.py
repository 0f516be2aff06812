"""The dashboard: totals, the period before, a series, and what brought most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.reports.adding import Answer, Order, Row, add_up
from quintet_server.services.ghostflow.reports.breakdown import shown_rows
from quintet_server.services.ghostflow.reports.counting import Rows, count_all, count_visitors
from quintet_server.services.ghostflow.reports.grouping import Grouping, by_bucket, by_dimensions
from quintet_server.services.ghostflow.reports.metrics import numbers, wire
from quintet_server.services.ghostflow.reports.periods import Period
from quintet_server.services.ghostflow.reports.questions import (
    Question,
    choice,
    heading,
    read_question,
)
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.series import points
from quintet_server.services.ghostflow.reports.visitors import Visitors
from quintet_server.services.ghostflow.wire import instant, ok
from quintet_server.store.database import Connection

__all__ = ["COMPARISONS", "get_dashboard"]

_TOPS = {
    "campaigns": "campaign",
    "offers": "offer",
    "sources": "source",
    "countries": "country",
}
_TOP_ROWS = 5
_BY_REVENUE = Order((("revenue", True), ("clicks", True)), _TOP_ROWS)
_HOURLY_DAYS = 2
COMPARISONS = ("none", "previous")


async def get_dashboard(call: Call) -> Response:
    """Everything in one snapshot."""
    question = read_question(call)
    compares = choice(call, "compare", COMPARISONS) == "previous"
    interval = "hour" if _is_short(question.period) else "day"
    grouping = by_bucket(interval, question.period)
    currencies = call.parts.currencies
    async with call.parts.room(Reader).snapshot() as conn:
        answer = await add_up(conn, question, grouping, currencies)
        tops = [await _top(call, conn, question, dimension) for dimension in _TOPS.values()]
        visitors, of_tops = await count_all(conn, question, grouping, [t.marked for t in tops])
        previous = await _totals(call, conn, question.before()) if compares else None
        shown = [
            await shown_rows(conn, question, top.grouping, top.rows, counted)
            for top, counted in zip(tops, of_tops, strict=True)
        ]
        now = await _now(conn)
    return ok(
        {
            **heading(question),
            "generatedAt": instant(now),
            "totals": wire(numbers(answer.totals, visitors.total)),
            "previous": previous,
            "series": await asyncio.to_thread(_series, answer, grouping, visitors),
            "top": {
                name: [{"keys": keys, **wire(metrics)} for keys, metrics in rows]
                for name, rows in zip(_TOPS, shown, strict=True)
            },
            "unconverted": answer.unconverted,
        }
    )


def _series(answer: Answer, grouping: Grouping, visitors: Visitors) -> list[dict[str, Any]]:
    return [wire(point) for point in points(answer, grouping, visitors)]


def _is_short(period: Period) -> bool:
    if period.dates is not None:
        return (period.dates[1] - period.dates[0]).days < _HOURLY_DAYS
    return period.end - period.start <= timedelta(days=_HOURLY_DAYS)


async def _totals(call: Call, conn: Connection, question: Question) -> Mapping[str, Any]:
    answer = await add_up(conn, question, Grouping(), call.parts.currencies)
    visitors = await count_visitors(conn, question, Grouping())
    return wire(numbers(answer.totals, visitors.total))


@dataclass(frozen=True, slots=True)
class _Top:
    """The first rows by one dimension."""

    grouping: Grouping
    rows: Sequence[Row]

    @property
    def marked(self) -> Rows:
        """By which column and value their visitors are told apart."""
        [column] = self.grouping.columns
        return self.grouping, [(row.key, (column, row.keys[0])) for row in self.rows]


async def _top(call: Call, conn: Connection, question: Question, dimension: str) -> _Top:
    grouping = by_dimensions((dimension,), question.period)
    answer = await add_up(conn, question, grouping, call.parts.currencies, _BY_REVENUE)
    return _Top(grouping, answer.rows)


async def _now(conn: Connection) -> datetime:
    row = await (await conn.execute("SELECT quintet_now()")).fetchone()
    assert row is not None
    now: datetime = row[0]
    return now
