"""The time a request is about: whole days of a zone, or from one instant to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.parameters import Param, text
from quintet_server.services.ghostflow.reports.calendars import begin_of_day, zone_of
from quintet_server.services.ghostflow.wire import instant, parse_instant

if TYPE_CHECKING:
    from quintet_server.services.ghostflow.context import Call

__all__ = ["PERIOD", "Period", "asked_zone", "read_bounds", "read_period"]

MOST_DAYS = 400
DEFAULT_DAYS = 30

_MOMENT = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}
PERIOD = (
    Param("from", _MOMENT, "The first day, or the instant from which on."),
    Param("to", _MOMENT, "The last day, which belongs to it, or the instant before which."),
    text("timezone", "IANA name of the zone whose days are meant; the team's unless given."),
)
"""What is read by `read_period`, `read_bounds` and `asked_zone`."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Room on both sides for zones and for the period before.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (inclusive) to `end` (exclusive), both in UTC."""

    zone: ZoneInfo
    start: datetime
    end: datetime
    dates: tuple[date, date] | None
    """First and last day, if it was asked for in days."""

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Period:
        """Whole days, both inclusive."""
        end = begin_of_day(last + timedelta(days=1), zone)
        return cls(zone, begin_of_day(first, zone), end, (first, last))

    def before(self) -> Period:
        """The equally long period right before: as many days, or as much time."""
        if self.dates is not None:
            first, last = self.dates
            count = (last - first).days + 1
            return Period.of_days(
                first - timedelta(days=count), first - timedelta(days=1), self.zone
            )
        return Period(self.zone, self.start - (self.end - self.start), self.start, None)

    @property
    def from_text(self) -> str | None:
        """Its beginning, the way it was asked for."""
        return self.dates[0].isoformat() if self.dates else instant(self.start)

    @property
    def to_text(self) -> str | None:
        """Its end, the way it was asked for."""
        return self.dates[1].isoformat() if self.dates else instant(self.end)


def read_period(from_: str | None, to: str | None, zone: ZoneInfo, now: float) -> Period:
    """The period between two texts; without both, the last 30 days including today.

    Raises 400: one without the other, a date with an instant, the end first, more than 400 days.
    """
    if from_ is None and to is None:
        today = datetime.fromtimestamp(now, zone).date()
        return Period.of_days(today - timedelta(days=DEFAULT_DAYS - 1), today, zone)
    if from_ is None or to is None:
        missing = "from" if from_ is None else "to"
        raise invalid("from and to go together: one of them is missing", missing)
    are_dates = [_is_date(text) for text in (from_, to)]
    if are_dates[0] != are_dates[1]:
        raise invalid("from and to must both be dates or both be instants", "to")
    return (_days if are_dates[0] else _instants)(from_, to, zone)


def read_bounds(call: Call) -> tuple[datetime | None, datetime | None]:
    """What bounds a log in time, `from` and `to` of a request: the first and the first no more.

    Each is a date, which is whole and belongs to it, or an instant, of which `to` does not. Either
    may be missing, and they may lie apart as far as they like.

    Raises 400: a date with an instant, the end first.
    """
    zone = asked_zone(call)
    from_, to = call.query("from"), call.query("to")
    start = None if from_ is None else _bound(from_, "from", zone)
    end = None if to is None else _bound(to, "to", zone)
    if from_ is None or to is None or start is None or end is None:
        return start, end
    if _is_date(from_) != _is_date(to):
        raise invalid("from and to must both be dates or both be instants", "to")
    if start > end or (start == end and _is_date(to)):  # no day is empty
        raise invalid("from: is after to", "from")
    return start, end


def _bound(text: str, name: str, zone: ZoneInfo) -> datetime:
    if not _is_date(text):
        return _instant(text, name)
    after = timedelta(days=1 if name == "to" else 0)
    return begin_of_day(_date(text, name) + after, zone)


def asked_zone(call: Call) -> ZoneInfo:
    """The zone whose days a request means: `timezone`, else the team's. Raises 400."""
    try:
        return zone_of(call.query("timezone") or call.team.timezone)
    except ValueError as error:
        raise invalid(f"timezone: {error}", "timezone") from None


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None


def _days(from_: str, to: str, zone: ZoneInfo) -> Period:
    first, last = _date(from_, "from"), _date(to, "to")
    if first > last:
        raise invalid("from: is after to", "from")
    if (last - first).days >= MOST_DAYS:
        raise invalid(f"to: is more than {MOST_DAYS} days after from", "to")
    return Period.of_days(first, last, zone)


def _date(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name}: {text} is no date", name) from None
    _check_year(day.year, name)
    return day


def _instants(from_: str, to: str, zone: ZoneInfo) -> Period:
    start, end = _instant(from_, "from"), _instant(to, "to")
    if start > end:
        raise invalid("from: is after to", "from")
    if end - start > timedelta(days=MOST_DAYS):
        raise invalid(f"to: is more than {MOST_DAYS} days after from", "to")
    return Period(zone, start, end, None)


def _instant(text: str, name: str) -> datetime:
    try:
        when = parse_instant(text).astimezone(UTC)
    except ValueError:
        message = "must be a date such as 2026-04-14 or an instant such as 2026-04-14T18:22:11Z"
        raise invalid(f"{name}: {message}", name) from None
    _check_year(when.year, name)
    return when


def _check_year(year: int, name: str) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise invalid(f"{name}: must be between {_FIRST_YEAR} and {_LAST_YEAR}", name)
