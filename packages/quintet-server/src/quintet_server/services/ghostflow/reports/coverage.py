"""Which part of a report's time is read from which table.

The middle of a period is covered by buckets of days, what is left on both sides by hours, then by
quarters of hours, and what no bucket fits by the rows themselves. If points in time tell groups
apart, only buckets that none of them divides will do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from quintet_server.services.ghostflow.reports.rollups import GRAINS, SEALED, SUBJECTS, Subject

__all__ = ["Coverage", "Span", "cover", "cover_visitors"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end`; from `table`, or from the rows if that is None."""

    table: str | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """The spans that a period is put together from."""

    spans: tuple[Span, ...]

    @property
    def rolled(self) -> tuple[datetime, datetime] | None:
        """The part that rollups cover: it is where deltas have to be added."""
        spans = [span for span in self.spans if span.table is not None]
        if not spans:
            return None
        return min(span.start for span in spans), max(span.end for span in spans)


def cover(
    columns: frozenset[str], start: datetime, end: datetime, edges: Sequence[datetime] = ()
) -> Coverage:
    """Cover a period for the sums of a report that needs these columns.

    Args:
        columns: What it groups and filters by.
        start: The period's beginning.
        end: The period's end, not in it.
        edges: Where groups meet in time, the period's beginning and end aside.
    """
    for subject in SUBJECTS:
        tables = _usable(subject, columns, edges)
        spans = tuple(_spans(tables, {}, start, end))
        if any(span.table is not None for span in spans):
            return Coverage(spans)
    return Coverage((Span(None, start, end),))


def cover_visitors(
    columns: frozenset[str],
    start: datetime,
    end: datetime,
    edges: Sequence[datetime],
    open_: Mapping[str, Sequence[datetime]],
) -> Coverage | None:
    """Cover a period for the visitors of a report; None if nothing is kept of these columns.

    Sums only fit between edges where they are of one grain for all groups; sets are looked for
    between any two edges anew: there are no quarters of hours that would fit everywhere.

    Args:
        columns: As for sums.
        start: As for sums.
        end: As for sums.
        edges: As for sums.
        open_: The buckets of each grain, in order, whose sets do not hold now.
    """
    places = [start, *(edge for edge in edges if start < edge < end), end]
    for subject in SUBJECTS:
        if columns <= set(subject.columns):
            tables = [(g, subject.seen(g)) for g in reversed(subject.grains) if g in SEALED]
            spans: list[Span] = []
            for low, high in pairwise(places):
                for span in _spans(tables, open_, low, high):
                    _append(spans, span)
            return Coverage(tuple(spans))
    return None


def _append(spans: list[Span], span: Span) -> None:
    """Add one, or make the last one longer by it."""
    if spans and spans[-1].table == span.table and spans[-1].end == span.start:
        span = Span(span.table, spans.pop().start, span.end)
    spans.append(span)


def _usable(
    subject: Subject, columns: frozenset[str], edges: Sequence[datetime]
) -> list[tuple[str, str]]:
    """The subject's grains that serve and their tables, coarsest first."""
    if not columns <= set(subject.columns):
        return []
    return [
        (grain, subject.table(grain))
        for grain in reversed(subject.grains)
        if all(_floor(edge, GRAINS[grain]) == edge for edge in edges)
    ]


def _spans(
    tables: Sequence[tuple[str, str]],
    open_: Mapping[str, Sequence[datetime]],
    start: datetime,
    end: datetime,
) -> Iterator[Span]:
    """Take the coarsest buckets that fit in, and cover what is left of it by the others."""
    if start >= end:
        return
    if not tables:
        yield Span(None, start, end)
        return
    (grain, table), *finer = tables
    seconds = GRAINS[grain]
    at, last = _ceil(start, seconds), _floor(end, seconds)
    if at >= last:
        yield from _spans(finer, open_, start, end)
        return
    yield from _spans(finer, open_, start, at)
    buckets = open_.get(grain, ())
    for bucket in buckets[bisect_left(buckets, at) : bisect_left(buckets, last)]:
        if at < bucket:
            yield Span(table, at, bucket)
        at = bucket + timedelta(seconds=seconds)
        yield from _spans(finer, open_, bucket, at)
    if at < last:
        yield Span(table, at, last)
    yield from _spans(finer, open_, last, end)


def _floor(at: datetime, seconds: int) -> datetime:
    return at - (at - _EPOCH) % timedelta(seconds=seconds)


def _ceil(at: datetime, seconds: int) -> datetime:
    return at + (_EPOCH - at) % timedelta(seconds=seconds)
