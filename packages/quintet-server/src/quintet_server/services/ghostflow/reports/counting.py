"""How different visitors are counted: by the sets that are kept, where there are; else by the rows.

Both are exact. Sets take milliseconds for what takes seconds by the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from quintet_server.services.ghostflow.reports.coverage import Coverage
from quintet_server.services.ghostflow.reports.facts import EVENT
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.reports.reach import Mark, Reach, count_reach
from quintet_server.services.ghostflow.reports.seen import (
    Open,
    count_seen,
    find_open,
    is_large,
    seen_coverage,
)
from quintet_server.services.ghostflow.reports.visitors import (
    NOBODY,
    Visitors,
    bucket_key,
    count_by_rows,
)
from quintet_server.store.database import Connection

__all__ = ["Rows", "count_all", "count_every_row", "count_visitors"]

Rows = tuple[Grouping, Sequence[tuple[str, Mark]]]
"""Rows by one dimension, and the key and the mark of each."""


async def count_visitors(
    conn: Connection, question: Question, grouping: Grouping, keys: Sequence[str] | None = None
) -> Visitors:
    """Count over all, and for each row (only for those with these keys, if given)."""
    if EVENT in grouping.columns | question.columns:
        return NOBODY
    [coverage] = await _coverages(question, [grouping], await find_open(conn, question))
    if coverage is None:
        return await count_by_rows(conn, question, grouping, keys)
    return Visitors(*await count_seen(conn, question, grouping, coverage, keys))


async def count_every_row(
    conn: Connection, question: Question, grouping: Grouping
) -> Visitors | None:
    """Count over all, and for each row that there is, to sort by that.

    None if there are no sets that say it, or too many rows to have them all at hand here: the
    database may count by the rows and sort where it is.
    """
    if EVENT in grouping.columns | question.columns:
        return None
    [coverage] = await _coverages(question, [grouping], await find_open(conn, question))
    if coverage is None or await is_large(conn, question, grouping, coverage):
        return None
    return Visitors(*await count_seen(conn, question, grouping, coverage))


async def count_all(
    conn: Connection, question: Question, grouping: Grouping, lists: Sequence[Rows]
) -> tuple[Visitors, list[Visitors]]:
    """Count those of every bucket, and over all; and those of the rows of several lists."""
    if EVENT in question.columns:
        return NOBODY, [NOBODY for _ in lists]
    found = await _by_sets(conn, question, grouping, lists, await find_open(conn, question))
    if found is not None:
        return found
    marks = [mark for _, rows in lists for _, mark in rows]
    return _shared_out(await count_reach(conn, question, grouping, marks), lists)


async def _by_sets(
    conn: Connection, question: Question, grouping: Grouping, lists: Sequence[Rows], open_: Open
) -> tuple[Visitors, list[Visitors]] | None:
    groupings = [grouping, *(by for by, _ in lists)]
    of_buckets, *of_lists = await _coverages(question, groupings, open_)
    if of_buckets is None or None in of_lists:
        return None
    total = Visitors(*await count_seen(conn, question, grouping, of_buckets))
    counted = []
    for (by, rows), coverage in zip(lists, of_lists, strict=True):
        assert coverage is not None
        keys = [key for key, _ in rows]
        _, counts = await count_seen(conn, question, by, coverage, keys, only_keys=True)
        counted.append(Visitors(None, counts))
    return total, counted


async def _coverages(
    question: Question, groupings: Sequence[Grouping], open_: Open
) -> list[Coverage | None]:
    """For each, in a thread: thousands of hours would hold up everybody else."""

    def work_out() -> list[Coverage | None]:
        return [seen_coverage(question, each, open_) for each in groupings]

    return await asyncio.to_thread(work_out)


def _shared_out(reach: Reach, lists: Sequence[Rows]) -> tuple[Visitors, list[Visitors]]:
    by_bucket = {bucket_key(n): count for n, count in enumerate(reach.by_bucket, start=1)}
    counts = iter(reach.by_mark)
    return (
        Visitors(reach.total, by_bucket),
        [Visitors(None, {key: next(counts) for key, _ in rows}) for _, rows in lists],
    )
