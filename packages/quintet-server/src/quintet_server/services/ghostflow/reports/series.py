"""Reports over time: one point for every bucket, also for those in which nothing happened."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.reports.adding import Answer, add_up
from quintet_server.services.ghostflow.reports.calendars import INTERVALS
from quintet_server.services.ghostflow.reports.counting import count_visitors
from quintet_server.services.ghostflow.reports.grouping import Grouping, by_bucket
from quintet_server.services.ghostflow.reports.metrics import METRICS, Sums, numbers, wire
from quintet_server.services.ghostflow.reports.questions import (
    Question,
    choice,
    heading,
    read_question,
)
from quintet_server.services.ghostflow.reports.reading import Reader
from quintet_server.services.ghostflow.reports.tables import FORMATS, csv_response
from quintet_server.services.ghostflow.reports.visitors import Visitors, bucket_key
from quintet_server.services.ghostflow.wire import ok

__all__ = ["DEFAULT_INTERVAL", "get_timeseries", "points"]

DEFAULT_INTERVAL = "day"


async def get_timeseries(call: Call) -> Response:
    """Points by hour, day, week or month of the zone.

    There are never more than 10,000: 400 days have fewer hours.
    """
    question = read_question(call)
    interval = choice(call, "interval", INTERVALS, DEFAULT_INTERVAL)
    wanted = choice(call, "format", FORMATS)
    # In a thread, as the rest of what is worked out for each of thousands of hours.
    grouping = await asyncio.to_thread(by_bucket, interval, question.period)
    async with call.parts.room(Reader).snapshot() as conn:
        answer = await add_up(conn, question, grouping, call.parts.currencies)
        visitors = await count_visitors(conn, question, grouping)
    return await asyncio.to_thread(_written, question, interval, wanted, answer, grouping, visitors)


def _written(
    question: Question,
    interval: str,
    format: str,
    answer: Answer,
    grouping: Grouping,
    visitors: Visitors,
) -> Response:
    """The answer; in a thread, since thousands of points would hold up everybody else."""
    found = points(answer, grouping, visitors)
    if format == "csv":
        table = [[point["bucket"], *(point[name] for name in METRICS)] for point in found]
        return csv_response(["bucket", *METRICS], table)
    return ok(
        {
            **heading(question),
            "interval": interval,
            "points": [wire(point) for point in found],
            "totals": wire(numbers(answer.totals, visitors.total)),
            "unconverted": answer.unconverted,
        }
    )


def points(answer: Answer, grouping: Grouping, visitors: Visitors) -> list[dict[str, Any]]:
    """Every bucket with its metrics, in the order of time."""
    assert grouping.buckets is not None
    by_number = {row.keys[0]: row for row in answer.rows}
    found = []
    for number, name in enumerate(grouping.buckets.names(), start=1):
        row = by_number.get(number)
        sums = Sums() if row is None else row.sums
        found.append({"bucket": name, **numbers(sums, visitors.of(bucket_key(number)))})
    return found
