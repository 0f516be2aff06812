"""Different visitors by the sets that are kept of them, and by the rows of what is not sealed.

The sets of a period are united as they come: who is in several of them is counted once. Whoever
clicked in hours that have no set, and never before, has no number yet and gets one below zero
meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, cast

from quintet_server.services.ghostflow.reports.coverage import Coverage, Span, cover_visitors
from quintet_server.services.ghostflow.reports.dimensions import expression
from quintet_server.services.ghostflow.reports.facts import filter_columns
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.reports.rollups import SEALED
from quintet_server.services.ghostflow.reports.uniting import Uniting
from quintet_server.services.ghostflow.reports.visitors import BOTS, row_key
from quintet_server.store.database import Connection

__all__ = ["Open", "count_seen", "find_open", "is_large", "seen_coverage"]

Open = Mapping[str, Sequence[datetime]]
"""By grain the buckets whose sets do not hold, in the order of time."""

_MOST_OF_ROWS = 4
"""Sets are worth it if rows are read for no more than one part in so many of the period."""
_LARGE = 100_000
"""Sets from which on rows are not sorted by visitors with the help of sets."""
_PIECE = 1 << 22
"""Bytes of sets that are united at once."""

# Deltas in a bucket: clicks came, or went, that its sets do not know of yet.
_OPEN = """
SELECT grain, at FROM ghostflow_seals
WHERE team_id = %(team)s AND at > %(start)s::timestamptz - interval '1 day' AND at < %(end)s
    AND NOT is_sealed
UNION
SELECT grain, date_trunc(grain, at, 'UTC')
FROM ghostflow_deltas CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
WHERE team_id = %(team)s AND at > %(start)s::timestamptz - interval '1 day' AND at < %(end)s
    AND kind = 0 AND clicks <> 0
ORDER BY 2
"""


async def find_open(conn: Connection, question: Question) -> Open:
    """Which buckets of the question's period, and around it, have to be read from the rows."""
    period = question.period
    params = {"team": question.team, "start": period.start, "end": period.end}
    found: dict[str, list[datetime]] = {grain: [] for grain in SEALED}
    for grain, at in await (await conn.execute(_OPEN, params)).fetchall():
        found[grain].append(at)
    return found


def seen_coverage(question: Question, grouping: Grouping, open_: Open) -> Coverage | None:
    """Where the visitors are read from; None if they had better be counted by the rows."""
    period = question.period
    columns = grouping.columns | question.columns
    coverage = cover_visitors(columns, period.start, period.end, grouping.edges, open_)
    if coverage is None or not coverage.spans:
        return None
    of_rows = sum(
        (span.end - span.start for span in coverage.spans if span.table is None), timedelta()
    )
    return coverage if of_rows * _MOST_OF_ROWS <= period.end - period.start else None


class Sets:
    """Builds the statement that reads the sets: `sql` and `params`; `count` says how many they are.

    Its rows are a row's key (None for rows that are not asked for) and a set of numbers; a key may
    have several, one after the other. None is much larger than a `_PIECE`, but where a single set
    is: neither the database nor we ever have more than some of them in memory, however many there
    are.
    """

    def __init__(
        self,
        question: Question,
        grouping: Grouping,
        coverage: Coverage,
        keys: Sequence[str] | None,
        *,
        only_keys: bool,
    ) -> None:
        self._question = question
        self._columns = sorted(grouping.columns)
        names = [f"key{number}" for number in range(len(grouping.keys))]
        key = row_key(names) if names else "'[]'"
        self.params: dict[str, Any] = {"team": question.team, "row_keys": list(keys or ())}
        self.params |= grouping.params
        of_keys = "".join(f", {k} AS {n}" for k, n in zip(grouping.keys, names, strict=True))
        by = "".join(f", {name}" for name in names)
        sets = self._sets(coverage)
        parts = [f"SELECT at, visitors{of_keys} FROM ({each}) AS sets" for each in sets]
        self.count = f"""
            SELECT count(*) FROM (
                SELECT FROM ({" UNION ALL ".join(sets) or "SELECT WHERE false"}) AS sets
                LIMIT {_LARGE + 1}
            ) AS counted
        """
        rows = self._rows(coverage)
        if rows:
            # A number for each visitor that has none; the same in all rows.
            self._with = f"""WITH clicks AS MATERIALIZED (
                SELECT visitor_id{of_keys}, min(at) AS at FROM ({rows}) AS rows
                GROUP BY visitor_id{by}
            ), numbered AS (
                SELECT clicks.*, coalesce(known.number,
                    -(dense_rank() OVER (ORDER BY clicks.visitor_id))::int) AS number
                FROM clicks LEFT JOIN ghostflow_visitors known
                    ON known.team_id = %(team)s AND known.visitor_id = clicks.visitor_id
            )"""
            parts.append(f"""
                SELECT min(at) AS at, string_agg(int4send(number), '') AS visitors{by}
                FROM numbered GROUP BY date_trunc('day', at, 'UTC'){by}
            """)
        else:
            self._with = ""
        asked = f"CASE WHEN {key} = ANY (%(row_keys)s) THEN {key} END" if keys is not None else key
        where = f"WHERE {key} = ANY (%(row_keys)s)" if only_keys else ""
        # An aggregate in an order is made of one group at a time, not of all of them side by side.
        self.sql = f"""
            {self._with}
            SELECT key, string_agg(visitors, '' ORDER BY at) FROM (
                SELECT key, at, visitors, sum(length(visitors)) OVER (
                    PARTITION BY key ORDER BY at ROWS UNBOUNDED PRECEDING
                ) / {_PIECE} AS piece
                FROM (
                    SELECT {asked} AS key, at, visitors FROM ({" UNION ALL ".join(parts)}) AS parts
                    {where}
                ) AS keyed
            ) AS pieces GROUP BY key, piece ORDER BY key
        """

    def _sets(self, coverage: Coverage) -> list[str]:
        tables = sorted({span.table for span in coverage.spans if span.table is not None})
        columns = "".join(f", s.{column}" for column in self._columns)
        return [
            self._of_spans(f"s.at, s.visitors{columns}", f"{table} s", "s.", table, coverage)
            for table in tables
        ]

    def _rows(self, coverage: Coverage) -> str:
        if all(span.table is not None for span in coverage.spans):
            return ""
        columns = "".join(f", {expression(name, 'c.')} AS {name}" for name in self._columns)
        columns = f"c.at, c.visitor_id{columns}"
        return self._of_spans(columns, "ghostflow_clicks c", "c.", None, coverage)

    def _of_spans(
        self, columns: str, source: str, prefix: str, table: str | None, coverage: Coverage
    ) -> str:
        spans: list[Span] = [span for span in coverage.spans if span.table == table]
        name = f"spans{len(self.params)}"
        self.params |= {
            f"{name}_starts": [span.start for span in spans],
            f"{name}_ends": [span.end for span in spans],
        }
        filters, params = self._question.filters.sql(filter_columns(prefix))
        self.params |= params
        # OFFSET 0: each span is looked up by itself.
        return f"""
            SELECT here.* FROM unnest(
                %({name}_starts)s::timestamptz[], %({name}_ends)s::timestamptz[]
            ) AS span (low, high) CROSS JOIN LATERAL (
                SELECT {columns} FROM {source}
                WHERE {prefix}team_id = %(team)s
                    AND {prefix}at >= span.low AND {prefix}at < span.high
                    AND {BOTS[self._question.bots]}
                    AND {filters}
                OFFSET 0
            ) AS here
        """


async def is_large(
    conn: Connection, question: Question, grouping: Grouping, coverage: Coverage
) -> bool:
    """Whether there are so many sets that a report may have as many rows."""
    sets = Sets(question, grouping, coverage, None, only_keys=False)
    row = await (await conn.execute(sets.count.encode(), sets.params)).fetchone()
    return row is None or row[0] > _LARGE


async def count_seen(
    conn: Connection,
    question: Question,
    grouping: Grouping,
    coverage: Coverage,
    keys: Sequence[str] | None = None,
    *,
    only_keys: bool = False,
) -> tuple[int, dict[str, int]]:
    """Count over all and for each row.

    Args:
        conn: In the snapshot in which the coverage was found out.
        question: What is asked.
        grouping: What the rows are.
        coverage: From `seen_coverage`.
        keys: Count only these rows.
        only_keys: Nothing but these rows: the total is theirs, too.
    """
    sets = Sets(question, grouping, coverage, keys, only_keys=only_keys)
    uniting = Uniting()
    held: list[tuple[str | None, bytes]] = []
    size = 0
    async with conn.cursor(binary=True) as cursor:
        stream = cursor.stream(sets.sql.encode(), sets.params)
        # Closed whatever happens: until then nothing else can be done on the connection.
        async with aclosing(cast(AsyncGenerator[tuple[str | None, bytes], None], stream)) as rows:
            async for key, visitors in rows:
                held.append((key, visitors))
                size += len(visitors)
                if size >= _PIECE:
                    # In a thread: it takes milliseconds for each million of visitors.
                    await asyncio.to_thread(uniting.add, held)
                    held, size = [], 0
    await asyncio.to_thread(uniting.add, held)
    return await asyncio.to_thread(uniting.result)
