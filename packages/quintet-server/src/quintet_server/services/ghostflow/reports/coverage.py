"""Which part of a report's time is read from which table.

The middle of a period is covered by buckets of days, what is left on both sides by hours, then by
quarters of hours, and what no bucket fits by the rows themselves. If points in time tell groups
apart, only buckets that none of them divides will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from quintet_server.services.ghostflow.reports.rollups import GRAINS, SUBJECTS, Subject

__all__ = ["Coverage", "Span", "cover"]

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
    """Cover a period for a report that needs these columns.

    Args:
        columns: What it groups and filters by.
        start: The period's beginning.
        end: The period's end, not in it.
        edges: Where groups meet in time, the period's beginning and end aside.
    """
    for subject in SUBJECTS:
        grains = _usable(subject, columns, edges)
        spans = _spans(subject, grains, start, end)
        if any(span.table is not None for span in spans):
            return Coverage(tuple(spans))
    return Coverage((Span(None, start, end),))


def _usable(subject: Subject, columns: frozenset[str], edges: Sequence[datetime]) -> list[str]:
    """The subject's grains that serve, coarsest first."""
    if not columns <= set(subject.columns):
        return []
    return [
        grain
        for grain in reversed(subject.grains)
        if all(_floor(edge, GRAINS[grain]) == edge for edge in edges)
    ]


def _spans(subject: Subject, grains: list[str], start: datetime, end: datetime) -> list[Span]:
    """Take the coarsest buckets that fit in, and cover what is left on both sides by the others."""
    if start >= end:
        return []
    for index, grain in enumerate(grains):
        low, high = _ceil(start, GRAINS[grain]), _floor(end, GRAINS[grain])
        if low < high:
            finer = grains[index + 1 :]
            middle = Span(subject.table(grain), low, high)
            return [
                *_spans(subject, finer, start, low),
                middle,
                *_spans(subject, finer, high, end),
            ]
    return [Span(None, start, end)]


def _floor(at: datetime, seconds: int) -> datetime:
    return at - (at - _EPOCH) % timedelta(seconds=seconds)


def _ceil(at: datetime, seconds: int) -> datetime:
    return at + (_EPOCH - at) % timedelta(seconds=seconds)
