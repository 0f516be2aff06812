"""Cron expressions: what they may say, and on which dates and times they fall.

Five fields (minute, hour, day of month, month, day of week) or six (a leading second).

| form | where |
|---|---|
| `*`, `?`, `*/n` | anywhere (`?` means `*`) |
| `a`, `a-b`, `a-b/n`, `a/n`, lists of these | anywhere; a range may wrap: `22-2`, `FRI-MON` |
| `JAN`…`DEC`, `SUN`…`SAT` | months, weekdays; any case; Sunday is 0 or 7 |
| `L`, `L-n` | day of month: the last, or n days before it |
| `nW`, `LW`, `L-nW` | day of month: the weekday nearest to that day, within the month |
| `dL`, `d#n` | day of week: the last, or the n-th, such weekday of the month |

A day must match both day fields. The vendor of the Flare service parses with a library of these
rules; anything else is refused with a message that names the field, and so is an expression that
falls on no date at all. Which instants the local times stand for is in :mod:`.cron_zones`.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_MAX_CHARS = 200
# The rarest date there is: 29 February on a given weekday, across a century without leap day.
_HORIZON_YEARS = 50

_MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}


class CronError(ValueError):
    """The expression cannot be kept; the message names the field and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    names: dict[str, int]

    def value(self, text: str) -> int:
        """One number or name."""
        if re.fullmatch(r"[0-9]{1,2}", text):
            number = int(text)
        else:
            number = self.names.get(text, -1)
        if not self.first <= number <= self.last:
            raise self.error(f"{text!r} is not a value from {self.first} to {self.last}")
        return number

    def step(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= self.last:
            raise self.error(f"{text!r} is not a step from 1 to {self.last}")
        return int(text)

    def error(self, message: str) -> CronError:
        return CronError(f"{self.name}: {message}")


_SECOND = _Field("second", 0, 59, {})
_MINUTE = _Field("minute", 0, 59, {})
_HOUR = _Field("hour", 0, 23, {})
_DAY = _Field("day of month", 1, 31, {})
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 0, 7, _WEEKDAYS)
_FIELDS = (_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)


@dataclass(frozen=True, slots=True)
class _DayRule:
    """Which day of a month: any of some, or one counted from the end; maybe moved to a weekday."""

    days: frozenset[int]
    from_last: int | None = None
    nearest_weekday: bool = False

    def matches(self, day: date, length: int) -> bool:
        if self.from_last is not None:
            wanted = length - self.from_last
        elif self.nearest_weekday:
            wanted = min(self.days)
        else:
            return day.day in self.days
        if not 1 <= wanted <= length:
            return False
        if self.nearest_weekday:
            wanted = _nearest_weekday(day.replace(day=wanted), length)
        return day.day == wanted


@dataclass(frozen=True, slots=True)
class _WeekdayRule:
    """Which weekdays (Sunday is 0): all of them, or only the n-th or the last of the month."""

    weekdays: frozenset[int]
    nth: int | None = None
    is_last: bool = False

    def matches(self, day: date, length: int) -> bool:
        if day.isoweekday() % 7 not in self.weekdays:
            return False
        if self.is_last:
            return day.day + 7 > length
        return self.nth is None or (day.day + 6) // 7 == self.nth


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A parsed expression. Use :func:`parse`.

    `is_interval`: second, minute or hour says `*`, a range or a step. Such an expression means
    "every so often" and fires in both passes of a repeated hour; the others mean a time of day.
    """

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _DayRule
    months: frozenset[int]
    weekdays: _WeekdayRule
    is_interval: bool

    def next_local(self, start: datetime, end: datetime | None = None) -> datetime | None:
        """The first matching local time at or after `start` and before `end`, both naive."""
        for day in self._dates(start.date()):
            if end is not None and day > end.date():
                return None
            moment = self._time_from(start.time() if day == start.date() else time.min)
            if moment is not None:
                found = datetime.combine(day, moment)
                return None if end is not None and found >= end else found
        return None

    def _dates(self, start: date) -> Iterator[date]:
        """The matching dates from `start` on."""
        day = start
        while day.year <= min(start.year + _HORIZON_YEARS, date.max.year - 1):
            length = calendar.monthrange(day.year, day.month)[1]
            if day.month in self.months:
                for number in range(day.day, length + 1):
                    one = day.replace(day=number)
                    if self.weekdays.matches(one, length) and self.days.matches(one, length):
                        yield one
            day = day.replace(day=length) + timedelta(days=1)

    def _time_from(self, start: time) -> time | None:
        """The first matching time of day at or after `start`."""
        hour, minute, second = start.hour, start.minute, start.second
        carry, second = _roll(self.seconds, second)
        before, (carry, minute) = minute, _roll(self.minutes, minute + carry)
        if carry or minute != before:
            second = self.seconds[0]
        before, (carry, hour) = hour, _roll(self.hours, hour + carry)
        if carry:
            return None
        if hour != before:
            minute, second = self.minutes[0], self.seconds[0]
        return time(hour, minute, second)


def parse(text: str) -> CronExpression:
    """Read an expression.

    Raises:
        CronError: it is malformed, or falls on no date (`0 0 31 2 *`).
    """
    if len(text) > _MAX_CHARS:
        raise CronError(f"an expression has at most {_MAX_CHARS} characters")
    parts = text.strip(" \t").upper()
    words = re.split(r"[ \t]+", parts) if parts else []
    if len(words) == 5:
        words.insert(0, "0")
    if len(words) != 6:
        raise CronError(
            f"expected 5 fields (minute hour day-of-month month day-of-week) or 6 with a leading "
            f"second, found {len(words)}"
        )
    seconds, minutes, hours = (_numbers(_FIELDS[n], words[n]) for n in range(3))
    expression = CronExpression(
        text=text,
        seconds=seconds,
        minutes=minutes,
        hours=hours,
        days=_day_rule(words[3]),
        months=frozenset(_numbers(_MONTH, words[4])),
        weekdays=_weekday_rule(words[5]),
        is_interval=any(re.search(r"[*?/-]", word) for word in words[:3]),
    )
    if next(expression._dates(date(2000, 1, 1)), None) is None:
        raise CronError("day of month: this combination of day, month and weekday never occurs")
    return expression


def _numbers(field: _Field, text: str) -> tuple[int, ...]:
    """The values of a field without the special letters, ascending."""
    values: set[int] = set()
    if re.match(r"[*?]", text):
        if len(text) == 1:
            values.update(range(field.first, field.last + 1))
        elif text[1] == "/":
            values.update(range(field.first, field.last + 1, field.step(text[2:])))
        else:
            raise field.error(f"only '/' and a step may follow {text[0]!r}, not {text[1:]!r}")
    else:
        for item in text.split(","):
            values.update(_item(field, item))
    if field is _WEEKDAY:
        values = {value % 7 for value in values}
    return tuple(sorted(values))


def _item(field: _Field, text: str) -> Iterator[int]:
    """`a`, `a-b`, `a/n` or `a-b/n`; a range whose end is before its start wraps around."""
    if not text:
        raise field.error("an empty value")
    span, slash, step_text = text.partition("/")
    low_text, dash, high_text = span.partition("-")
    step = field.step(step_text) if slash else 1
    low = field.value(low_text)
    high = field.value(high_text) if dash else (field.last if slash else low)
    if high >= low:
        return iter(range(low, high + 1, step))
    last = 6 if field is _WEEKDAY else field.last  # Sunday has two numbers but is one day
    low = low % 7 if field is _WEEKDAY else low
    size = last - field.first + 1
    if high < low:
        high += size
    return ((value - field.first) % size + field.first for value in range(low, high + 1, step))


def _day_rule(text: str) -> _DayRule:
    if text.startswith("L"):
        found = re.fullmatch(r"L(?:-([0-9]{1,2}))?(W?)", text)
        offset = int(found[1] or 0) if found else _DAY.last
        if found is None or offset >= _DAY.last:
            raise _DAY.error(f"{text!r} is not L, LW or L-n with n from 0 to {_DAY.last - 1}")
        return _DayRule(frozenset(), from_last=offset, nearest_weekday=bool(found[2]))
    if text.endswith("W"):
        return _DayRule(frozenset({_DAY.value(text[:-1])}), nearest_weekday=True)
    return _DayRule(frozenset(_numbers(_DAY, text)))


def _weekday_rule(text: str) -> _WeekdayRule:
    if text.endswith("L") and text != "L":
        return _WeekdayRule(frozenset({_WEEKDAY.value(text[:-1]) % 7}), is_last=True)
    weekday, hash_, nth = text.partition("#")
    if hash_:
        if not re.fullmatch(r"[1-5]", nth):
            raise _WEEKDAY.error(f"'#' must be followed by a number from 1 to 5, not {nth!r}")
        return _WeekdayRule(frozenset({_WEEKDAY.value(weekday) % 7}), nth=int(nth))
    return _WeekdayRule(frozenset(_numbers(_WEEKDAY, text)))


def _nearest_weekday(day: date, length: int) -> int:
    """The number of the Monday-to-Friday day nearest to `day`, without leaving the month."""
    if day.weekday() == 5:
        return day.day - 1 if day.day > 1 else day.day + 2
    if day.weekday() == 6:
        return day.day + 1 if day.day < length else day.day - 2
    return day.day


def _roll(values: tuple[int, ...], least: int) -> tuple[int, int]:
    """(0, the first value from `least` on), or (1, the first of all) for the next round."""
    place = bisect_left(values, least)
    return (0, values[place]) if place < len(values) else (1, values[0])
