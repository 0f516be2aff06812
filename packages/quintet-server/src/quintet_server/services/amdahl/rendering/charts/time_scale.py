"""Time along an axis: ticks at round moments, and labels that say no more than they must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from quintet_server.services.amdahl.rendering.charts.scales import round_step
from quintet_server.services.amdahl.rendering.values import MONTHS

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (
    *(1, 5, 15, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY),
)
_MONTH_STEPS = (1, 3, 6)
_MONTH_SECONDS, _YEAR_SECONDS = 30.4 * _DAY, 365.25 * _DAY

Tick = tuple[float, str]


def ticks(low: float, high: float, count: int) -> list[Tick]:
    """About `count` moments from `low` to `high` (seconds since the epoch) with their labels."""
    rough = (high - low) / max(1, count)
    for step in _STEPS:
        if rough <= step:
            return _labelled([*_even(low, high, step)], _clock if step < _DAY else _day)
    for months in _MONTH_STEPS:
        if rough <= months * _MONTH_SECONDS:
            return _labelled([*_months(low, high, months)], _month)
    years = max(1, round(round_step(max(1.0, rough / _YEAR_SECONDS))))
    return _labelled([*_months(low, high, 12 * years)], _year)


def _even(low: float, high: float, step: int) -> Iterator[float]:
    # Weeks begin on Mondays; the epoch was a Thursday.
    shift = 4 * _DAY if step % (7 * _DAY) == 0 else 0
    value = -(-(low - shift) // step) * step + shift
    while value <= high:
        yield value
        value += step


def _months(low: float, high: float, step: int) -> Iterator[float]:
    begin = _moment(low)
    month = -(-(begin.year * 12 + begin.month - 1) // step) * step
    while month // 12 <= 9999:
        if month >= 12:
            value = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
            if value > high:
                return
            if value >= low:
                yield value
        month += step


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _labelled(values: list[float], form: Callable[[datetime, datetime | None], str]) -> list[Tick]:
    moments = [_moment(value) for value in values]
    before = [None, *moments][: len(moments)]
    return [
        (value, form(when, last)) for value, when, last in zip(values, moments, before, strict=True)
    ]


def _clock(when: datetime, last: datetime | None) -> str:
    if last is None or last.date() != when.date():
        return f"{when.day} {MONTHS[when.month - 1]} {when:%H:%M}"
    return f"{when:%H:%M:%S}" if when.second or last.second else f"{when:%H:%M}"


def _day(when: datetime, last: datetime | None) -> str:
    text = f"{when.day} {MONTHS[when.month - 1]}"
    return f"{text} {when.year}" if last is not None and last.year != when.year else text


def _month(when: datetime, last: datetime | None) -> str:
    text = MONTHS[when.month - 1]
    return f"{text} {when.year}" if last is None or last.year != when.year else text


def _year(when: datetime, _last: datetime | None) -> str:
    return str(when.year)


def names(moments: Sequence[datetime]) -> list[str]:
    """Labels of moments that stand for categories: as coarse as all of them allow."""
    if any((when.hour, when.minute, when.second) != (0, 0, 0) for when in moments):
        return [f"{_day(when, None)} {when:%H:%M}" for when in moments]
    one_year = len({when.year for when in moments}) == 1
    if any(when.day != 1 for when in moments) or len(moments) == 1 or _daily(moments):
        return [_day(when, None) + ("" if one_year else f" {when.year}") for when in moments]
    if not one_year and all(when.month == 1 for when in moments):
        return [str(when.year) for when in moments]
    return [f"{MONTHS[when.month - 1]} {when.year}" for when in moments]


def _daily(moments: Sequence[datetime]) -> bool:
    return any(abs(b - a) < timedelta(days=27) and a != b for a, b in pairwise(moments))
