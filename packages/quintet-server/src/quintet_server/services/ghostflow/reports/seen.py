"""Different visitors by the sets that are kept of them, and by the rows of what is not sealed.

The sets of a period are united here: who is in several of them is counted once. Whoever clicked in
hours that have no set, and never before, has no number yet and gets one below zero meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from quintet_server.services.ghostflow.reports.coverage import Coverage, Span, cover_visitors
from quintet_server.services.ghostflow.reports.dimensions import expression
from quintet_server.services.ghostflow.reports.facts import filter_columns
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.reports.rollups import SEALED
from quintet_server.services.ghostflow.reports.visitors import BOTS, row_key
from quintet_server.store.database import Connection

__all__ = ["Open", "count_seen", "find_open", "seen_coverage", "unite"]

Open = Mapping[str, Sequence[datetime]]
"""By grain the buckets whose sets do not hold, in the order of time."""

_MOST_OF_ROWS = 4
"""Sets are worth it if rows are read for no more than one part in so many of the period."""

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
    """Builds the statement that reads the sets: `sql` and `params`.

    Its rows are a row's key (None for rows that are not asked for) and a set of numbers; a key may
    have several.
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
        parts = [
            f"SELECT at, visitors{of_keys} FROM ({sets}) AS sets" for sets in self._sets(coverage)
        ]
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
            parts.append(f"SELECT at, int4send(number) AS visitors{by} FROM numbered")
        else:
            self._with = ""
        asked = f"CASE WHEN {key} = ANY (%(row_keys)s) THEN {key} END" if keys is not None else key
        where = f"WHERE {key} = ANY (%(row_keys)s)" if only_keys else ""
        # By day: no value may be larger than a gigabyte.
        self.sql = f"""
            {self._with}
            SELECT {asked}, string_agg(visitors, '')
            FROM ({" UNION ALL ".join(parts)}) AS parts {where}
            GROUP BY 1, date_trunc('day', at, 'UTC')
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
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(sets.sql.encode(), sets.params)
        found = await cursor.fetchall()
    # In a thread: it takes milliseconds for each million of visitors.
    return await asyncio.to_thread(unite, found)


def unite(found: Sequence[tuple[str | None, bytes]]) -> tuple[int, dict[str, int]]:
    """How many are in all sets together, and in those of each key."""
    by_key: dict[str | None, list[bytes]] = {}
    for key, numbers in found:
        by_key.setdefault(key, []).append(numbers)
    counts = {key: _size(sets) for key, sets in by_key.items() if key is not None}
    if len(by_key) == 1 and counts:
        return next(iter(counts.values())), counts
    return _size([numbers for _, numbers in found]), counts


def _size(sets: Sequence[bytes]) -> int:
    """How many different numbers there are in sets."""
    import numpy as np  # here: a server that makes no reports need not load it

    numbers = np.frombuffer(b"".join(sets), ">i4")
    if not numbers.size:
        return 0
    low = int(numbers.min())
    width = int(numbers.max()) - low + 1
    if width > _WIDEST * numbers.size:
        return int(np.unique(numbers).size)
    marks = np.zeros(width, np.bool_)
    # Piece by piece: as places they take several times the room that they take as numbers.
    for start in range(0, numbers.size, _PIECE):
        marks[numbers[start : start + _PIECE].astype(np.int64) - low] = True
    return int(np.count_nonzero(marks))


_WIDEST = 64
"""Marking is quicker than sorting, but for so much more room than there are numbers."""
_PIECE = 1 << 18
"""Numbers that are marked at once."""
