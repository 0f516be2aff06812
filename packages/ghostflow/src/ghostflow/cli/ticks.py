"""Where an axis has its marks, and what stands at them: the same on terminals and in pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English whatever the locale, like every other word here."""

_LEAST = 1e-9
"""Below what amounts are counted in; less than that between two values is nothing."""

Tick = tuple[int, str]
"""The index of a point, and its label."""


def time_ticks(moments: Sequence[datetime], interval: str, most: int) -> list[Tick]:
    """Return at most so many marks of a time axis, at moments that people think in.

    Full hours of 2, 3, 6 or 12, days, Mondays, firsts of months and of quarters: the finest of
    them that is not too fine.

    Args:
        moments: The beginning of each point, in the zone of the report.
        interval: ``hour``, ``day``, ``week`` or ``month``.
        most: As many as there is room for; at least 2.
    """
    for indices, label in _candidates(moments, interval):
        if 2 <= len(indices) <= most or len(indices) == len(moments) <= most:
            return [(n, label(moments[n])) for n in indices]
    ends = sorted({0, len(moments) - 1})
    return [(n, full_date(moments[n])) for n in ends] if moments else []


def _candidates(
    moments: Sequence[datetime], interval: str
) -> Iterator[tuple[list[int], Callable[[datetime], str]]]:
    if interval == "hour":
        for step in (1, 2, 3, 6, 12):
            yield [n for n, at in enumerate(moments) if at.hour % step == 0], _hour
        midnights = [n for n, at in enumerate(moments) if at.hour == 0]
        for step in (1, 2):
            yield midnights[::step], day
    elif interval in {"day", "week"}:
        for step in (1, 2, 3) if interval == "day" else (1, 2, 4):
            yield list(range(0, len(moments), step)), day
    if interval in {"hour", "day"}:
        mondays = [n for n, at in enumerate(moments) if at.weekday() == 0 and at.hour == 0]
        for step in (1, 2):
            yield mondays[::step], day
    firsts = _firsts_of_months(moments)
    for months in (1, 3, 6, 12):
        chosen = [n for n in firsts if (moments[n].month - 1) % months == 0]
        yield chosen, _month
    yield firsts[:: max(1, len(firsts) // 4)], _month


def _firsts_of_months(moments: Sequence[datetime]) -> list[int]:
    """The first point of each month; of the first month only if it is there from the beginning."""
    return [
        n
        for n, at in enumerate(moments)
        if (at.month != moments[n - 1].month if n else at.day == 1)
    ]


def day(at: date) -> str:
    """Return ``3 Nov``."""
    return f"{at.day} {MONTHS[at.month - 1]}"


def full_date(at: date) -> str:
    """Return ``3 Nov 2026``."""
    return f"{day(at)} {at.year}"


def _hour(at: datetime) -> str:
    return day(at) if at.hour == 0 else f"{at:%H:%M}"


def _month(at: datetime) -> str:
    return f"{MONTHS[at.month - 1]} {at.year}" if at.month == 1 else MONTHS[at.month - 1]


def value_ticks(low: float, high: float, most: int, *, is_whole: bool = False) -> list[float]:
    """Return round numbers from at or below ``low`` to at or above ``high``, zero among them.

    Args:
        is_whole: No fractions, as for what is counted.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _LEAST:
        high = low + 1.0
    step = _round_step((high - low) / max(1, most - 1))
    if is_whole:
        step = max(1.0, step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that is not below ``least``."""
    size: float = 10.0 ** math.floor(math.log10(least))
    return size * next(n for n in (1, 2, 5, 10) if n * size >= least * (1 - 1e-9))


def value_labels(ticks: Sequence[float]) -> list[str]:
    """Return the numbers of an axis, all with the decimals that their distance needs."""
    step = ticks[1] - ticks[0]
    places = 0 if step >= 1 else -math.floor(math.log10(step) + 1e-9)
    return [f"{tick:,.{places}f}" for tick in ticks]
