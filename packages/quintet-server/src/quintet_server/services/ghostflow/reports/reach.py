"""Different visitors of a dashboard: over all, for each bucket and each top row, in one pass.

Each visitor becomes a few integers with one bit for every bucket and every row it was seen in.
There are far fewer different ones of those than visitors. Grouping the clicks anew for every list
would take a pass over all of them each time: for a million clicks, seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quintet_server.services.ghostflow.reports.facts import filter_columns
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.reports.visitors import BOTS
from quintet_server.store.database import Connection

__all__ = ["Mark", "Reach", "count_reach"]

_BITS = 60  # of the 63 that a bigint has room for

Mark = tuple[str, Any]
"""A column of clicks, and the value it has in a row."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many different visitors there are."""

    total: int
    by_bucket: Sequence[int]
    by_mark: Sequence[int]


async def count_reach(
    conn: Connection, question: Question, grouping: Grouping, marks: Sequence[Mark]
) -> Reach:
    """Count exactly, for every bucket of the grouping and for every mark."""
    assert grouping.buckets is not None
    buckets = len(grouping.buckets.starts)
    if not buckets:  # a period without length
        return Reach(0, (), [0] * len(marks))
    filters, params = question.filters.sql(filter_columns("c."))
    params |= grouping.params | {
        "team": question.team,
        "start": question.period.start,
        "end": question.period.end,
    }
    places = buckets + len(marks)
    params |= {f"mark{number}": value for number, (_, value) in enumerate(marks)}
    words = range(-(-places // _BITS))
    masks = ", ".join(f"bit_or({_word(buckets, marks, word)}) AS word{word}" for word in words)
    names = "".join(f", word{word}" for word in words)
    counts = "".join(
        f", coalesce(sum(count) FILTER (WHERE word{n // _BITS} & {1 << n % _BITS} <> 0), 0)"
        for n in range(places)
    )
    columns = "".join(f", c.{column}" for column in sorted({column for column, _ in marks}))
    statement = f"""
        WITH clicks AS (
            SELECT visitor_id, {grouping.keys[0]} AS bucket{columns} FROM ghostflow_clicks c
            WHERE team_id = %(team)s AND at >= %(start)s AND at < %(end)s
                AND {BOTS[question.bots]} AND {filters}
        ), visitors AS (
            SELECT visitor_id, {masks} FROM clicks GROUP BY visitor_id
        ), alike AS MATERIALIZED (
            SELECT count(*) AS count{names} FROM visitors GROUP BY {names[2:]}
        )
        SELECT coalesce(sum(count), 0){counts} FROM alike
    """
    row = await (await conn.execute(statement.encode(), params)).fetchone()
    assert row is not None
    found = [int(value) for value in row]
    return Reach(found[0], found[1 : buckets + 1], found[buckets + 1 :])


def _word(buckets: int, marks: Sequence[Mark], word: int) -> str:
    """The bits of a click in one of the integers: those of the buckets, then those of the marks.

    Buckets exclude each other, so their bit is shifted to its place. So do the marks of a column:
    it is compared until one fits, which is most of what a click costs here.
    """
    first = word * _BITS
    terms = []
    if first < buckets:
        last = min(first + _BITS, buckets)
        bit = f"1::bigint << (bucket - {first + 1})"
        is_here = f"bucket BETWEEN {first + 1} AND {last}"
        # Named once where that will do: it is worked out as often as it is named.
        terms.append(
            bit if buckets == last - first else f"CASE WHEN {is_here} THEN {bit} ELSE 0 END"
        )
    cases: dict[str, list[str]] = {}
    for n in range(max(first, buckets), min(first + _BITS, buckets + len(marks))):
        column, value = marks[n - buckets]
        kind = "uuid" if column.endswith("_id") else "text"
        is_it = f"= %(mark{n - buckets})s::{kind}" if value is not None else "IS NULL"
        whens = cases.setdefault(column, [])
        whens.append(f"WHEN {column} {is_it} THEN {1 << n - first}::bigint")
    terms += [f"CASE {' '.join(whens)} ELSE 0 END" for whens in cases.values()]
    return " | ".join(f"({term})" for term in terms)
