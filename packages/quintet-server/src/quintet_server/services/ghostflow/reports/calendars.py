"""Days, hours, weeks and months of a time zone, as instants.

A bucket of time ends where its name does not hold any more: an hour also where the clocks change.
So the day on which they do has 23 or 25 hours, and the hour that comes twice is two buckets, told
apart by their offset. What is kept here is where each bucket begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["INTERVALS", "Buckets", "begin_of_day", "buckets_of", "zone_of"]

INTERVALS = ("hour", "day", "week", "month")
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Consecutive pieces of time. The first may begin before what is asked for."""

    interval: str
    zone: ZoneInfo
    starts: tuple[datetime, ...]
    """In UTC."""

    def names(self) -> list[str]:
        """What each is called: an hour by its first moment with its offset, others by a date."""
        local = [start.astimezone(self.zone) for start in self.starts]
        if self.interval == "hour":
            return [each.isoformat(timespec="seconds") for each in local]
        return [each.date().isoformat() for each in local]

    def hours(self) -> list[int]:
        """The hour of the day of each, 0 to 23."""
        return [start.astimezone(self.zone).hour for start in self.starts]

    def days(self) -> list[str]:
        """The date of each."""
        return [start.astimezone(self.zone).date().isoformat() for start in self.starts]

    def weekdays(self) -> list[int]:
        """The day of the week of each: 1 is Monday, 7 is Sunday (ISO 8601)."""
        return [start.astimezone(self.zone).isoweekday() for start in self.starts]


def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Berlin") from None


def begin_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a date, in UTC.

    Where clocks skip midnight that is the first moment after; where midnight comes twice, the
    earlier one.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def buckets_of(interval: str, start: datetime, end: datetime, zone: ZoneInfo) -> Buckets:
    """The buckets that have something of `start` (inclusive) to `end` (exclusive) in them."""
    starts = _hours if interval == "hour" else _dates
    return Buckets(interval, zone, tuple(starts(start, end, zone, interval)))


def _hours(start: datetime, end: datetime, zone: ZoneInfo, _interval: str) -> Iterator[datetime]:
    at = _begin_of_hour(start, zone)
    while at < end:
        yield at
        at = _next_hour(at, zone)


def _next_hour(at: datetime, zone: ZoneInfo) -> datetime:
    """The next full hour on the clocks there, or where they change before."""
    following = at + _HOUR - _into_hour(at, zone)
    return _change_between(at, following, zone) or following


def _begin_of_hour(at: datetime, zone: ZoneInfo) -> datetime:
    begin = at - _into_hour(at, zone)
    return _change_between(begin, at, zone) or begin


def _into_hour(at: datetime, zone: ZoneInfo) -> timedelta:
    local = at.astimezone(zone)
    return timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant in (low, high] from which on the offset is another one than at `low`."""
    before = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == before:
        return None
    # Clocks change on whole seconds; on others the halving below would not come to an end.
    low = low.replace(microsecond=0)
    high += (low - high) % _SECOND
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _dates(start: datetime, end: datetime, zone: ZoneInfo, interval: str) -> Iterator[datetime]:
    day = _first_date(start.astimezone(zone).date(), interval)
    at = begin_of_day(day, zone)
    while at < end:
        day = _next_date(day, interval)
        following = begin_of_day(day, zone)
        # A date that a zone has skipped altogether (Samoa, 2011-12-30) is no bucket.
        if following > at and following > start:
            yield at
        at = following


def _first_date(day: date, interval: str) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def _next_date(day: date, interval: str) -> date:
    if interval == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)
