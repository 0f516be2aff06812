"""What the rows of a report are: the keys they are told apart by, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quintet_server.services.ghostflow.reports.calendars import Buckets, buckets_of
from quintet_server.services.ghostflow.reports.dimensions import DIMENSIONS, TIMES
from quintet_server.services.ghostflow.reports.periods import Period

__all__ = ["Grouping", "by_bucket", "by_dimensions"]

BUCKET = "bucket"
"""The key of a series: the number of the bucket, from 1 on."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Keys of rows; none: everything is one."""

    names: tuple[str, ...] = ()
    buckets: Buckets | None = None
    """Pieces of time, if a key depends on time."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it looks at, besides time."""
        return frozenset(DIMENSIONS[name].column for name in self.names if name in DIMENSIONS)

    @property
    def edges(self) -> Sequence[datetime]:
        """The instants inside the period where keys may change."""
        return () if self.buckets is None else self.buckets.starts[1:]

    @property
    def keys(self) -> list[str]:
        """Expressions over the columns and `at`, in the order of the names."""
        return [self._key(name) for name in self.names]

    def _key(self, name: str) -> str:
        if name in DIMENSIONS:
            return DIMENSIONS[name].column
        number = "width_bucket(at, %(bucket_starts)s::timestamptz[])"
        if name == BUCKET:
            return number
        kind = "text" if name == "day" else "int"
        return f"(%(bucket_{name}s)s::{kind}[])[{number}]"

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the keys."""
        if self.buckets is None:
            return {}
        found: dict[str, Any] = {"bucket_starts": list(self.buckets.starts)}
        for name in self.names:
            if name in TIMES:
                found[f"bucket_{name}s"] = getattr(self.buckets, f"{name}s")()
        return found


def by_bucket(interval: str, period: Period) -> Grouping:
    """One row for each bucket of time that has something in it."""
    return Grouping((BUCKET,), buckets_of(interval, period.start, period.end, period.zone))


def by_dimensions(names: Sequence[str], period: Period) -> Grouping:
    """One row for each combination that occurs."""
    times = [name for name in names if name in TIMES]
    if not times:
        return Grouping(tuple(names))
    interval = "hour" if "hour" in times else "day"
    buckets = buckets_of(interval, period.start, period.end, period.zone)
    return Grouping(tuple(names), buckets)
