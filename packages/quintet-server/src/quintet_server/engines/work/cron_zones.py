"""Which instants a cron expression's local times are, when clocks change.

- In spring a local time that is skipped becomes the first instant after the gap; several skipped
  times become one.
- In autumn a local time comes twice. A time of day fires in the first pass only; an interval
  expression (`*`, range or step in second, minute or hour) fires in both.

So a daily job runs once on every day, and an hourly one every hour. These are the rules of the
library the vendor of the Flare service uses, for transitions of any size and sign.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quintet_server.engines.work.cron import CronExpression

_SECOND = timedelta(seconds=1)


class TimezoneError(ValueError):
    """No such IANA time zone."""


def zone(name: str) -> ZoneInfo:
    """Return the zone of this name.

    Raises:
        TimezoneError: there is none (also for paths and other nonsense).
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimezoneError(f"{name!r} is not an IANA time zone") from error


def next_instant(expression: CronExpression, after: datetime, place: ZoneInfo) -> datetime | None:
    """The first instant later than `after` (aware), in UTC; None when there is none in 50 years."""
    local = after.astimezone(place).replace(microsecond=0)
    start = local.replace(tzinfo=None, fold=0) + _SECOND
    now = local.replace(tzinfo=None, fold=0)
    if _is_repeated(now, place):
        begin, end = _repeated_span(now, place)
        if local.fold == 0:
            found = expression.next_local(start, end)
            if found is not None:
                return _instant(found, place, fold=0)
            start = begin
        if expression.is_interval:
            found = expression.next_local(start, end)
            if found is not None:
                return _instant(found, place, fold=1)
        start = end
    found = expression.next_local(start)
    if found is None:
        return None
    if _is_skipped(found, place):
        return _transition(found, place)
    return _instant(found, place, fold=0)


def _offset(local: datetime, place: ZoneInfo, fold: int) -> timedelta:
    offset = local.replace(tzinfo=place, fold=fold).utcoffset()
    assert offset is not None  # a ZoneInfo always has one
    return offset


def _instant(local: datetime, place: ZoneInfo, fold: int) -> datetime:
    return (local - _offset(local, place, fold)).replace(tzinfo=UTC)


def _is_repeated(local: datetime, place: ZoneInfo) -> bool:
    return _offset(local, place, 0) > _offset(local, place, 1)


def _is_skipped(local: datetime, place: ZoneInfo) -> bool:
    return _offset(local, place, 0) < _offset(local, place, 1)


def _repeated_span(local: datetime, place: ZoneInfo) -> tuple[datetime, datetime]:
    """The local times that come twice around `local`: from, and before."""
    change = _transition(local, place).replace(tzinfo=None)
    return change + _offset(local, place, 1), change + _offset(local, place, 0)


def _transition(local: datetime, place: ZoneInfo) -> datetime:
    """The instant of the change that skips or repeats `local`, found by halving."""
    one, two = _instant(local, place, 0), _instant(local, place, 1)
    low, high = min(one, two), max(one, two)
    before = low.astimezone(place).utcoffset()
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
        if middle.astimezone(place).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
