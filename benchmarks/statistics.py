"""Medians with their spread, and ratios of repetitions that ran side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """What a handful of repetitions gave: the median, the middle half, the ends."""

    median: float
    low: float
    high: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise one or more values; `low` and `high` are the quartiles."""
        if len(values) == 1:
            return cls(*[values[0]] * 5)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high, min(values), max(values))


def paired(
    ours: Sequence[float], baseline: Sequence[float], combine: Callable[[float, float], float]
) -> list[float]:
    """Combine repetition by repetition, so that a busy moment hits both sides of a pair."""
    return [combine(mine, other) for mine, other in zip(ours, baseline, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the values lie (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def interleave(
    runs: Mapping[str, Callable[[], float]],
    repetitions: int,
    progress: Callable[[str], None],
) -> dict[str, list[float]]:
    """Run every contender once per repetition, in an order that rotates, and return all values.

    Side by side, because a shared machine changes its mind about its speed within seconds.
    """
    names = list(runs)
    values: dict[str, list[float]] = {name: [] for name in names}
    for repetition in range(repetitions):
        shift = repetition % len(names)
        for name in names[shift:] + names[:shift]:
            progress(f"{repetition + 1}/{repetitions} {name}")
            values[name].append(runs[name]())
    return values
