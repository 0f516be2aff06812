"""Which period a report is about: ``--from``, ``--to``, ``--last``, ``--timezone``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ghostflow.cli.wording import UsageError

Moment = date | datetime
_LAST = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_HOUR = timedelta(hours=1)
_SHORT = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Last:
    """``--last 7d``: so many hours or days, the present one included."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Period:
    """Two dates, both inclusive, or two instants, the second exclusive; or nothing, the default."""

    start: Moment | None = None
    end: Moment | None = None

    @property
    def is_short(self) -> bool:
        """Whether it has 48 hours at most, so that one point for each day would show nothing."""
        start, end = self.start, self.end
        if isinstance(start, datetime) and isinstance(end, datetime):
            return end - start <= _SHORT
        if start is None or end is None:
            return False
        return end.toordinal() - start.toordinal() < 2  # the last day is in it, too


def read_last(text: str) -> Last:
    """Read ``24h``, ``7d`` or ``2w``; for argparse."""
    found = _LAST.fullmatch(text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 24h, 7d or 2w")
    count = int(found[1])
    return Last(count * 7, "d") if found[2] == "w" else Last(count, found[2])


def read_moment(text: str) -> Moment:
    """Read a date, or a time with or without an offset; for argparse."""
    text = text.strip()
    try:
        if len(text) <= len("2026-01-31"):
            return date.fromisoformat(text)
        return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a date such as 2026-01-31 nor a time such as 2026-01-31T09:00"
        ) from None


def read_zone(name: str) -> str:
    """Read a time zone's name; for argparse. Which zones there are, the service decides."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]*", name):
        raise argparse.ArgumentTypeError(f"{name!r} is not a time zone such as Europe/Berlin")
    return name


def zone_of(name: str | None) -> tzinfo:
    """Return a time zone; UTC if this computer does not know it."""
    try:
        return timezone.utc if not name or name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc


def period_of(
    options: argparse.Namespace, zone: Callable[[], tzinfo], now: datetime | None = None
) -> Period:
    """Return the period that was asked for.

    Args:
        zone: Asked only if needed: for what day it is there, and for times without an offset.
        now: The present (default: this computer's).

    Raises:
        UsageError: Two that exclude each other, an end without a beginning or before it.
    """
    start, end, last = options.start, options.end, options.last
    if last is not None:
        if start is not None or end is not None:
            raise UsageError("--last stands alone, without --from and --to")
        return _last(last, zone, now or datetime.now(timezone.utc))
    if start is None:
        if end is not None:
            raise UsageError("--to needs --from")
        return Period()
    start = _aware(start, zone)
    if end is None:
        present = (now or datetime.now(timezone.utc)).astimezone(zone())
        end = present if isinstance(start, datetime) else present.date()
    end = _aware(end, zone)
    if isinstance(start, datetime) is not isinstance(end, datetime):
        raise UsageError("--from and --to are two dates or two times")
    if end < start:  # both are of one kind
        late = "in the future" if options.end is None else "after --to"
        raise UsageError(f"--from is {late}")
    return Period(start, end)


def _last(last: Last, zone: Callable[[], tzinfo], now: datetime) -> Period:
    if last.unit == "h":
        # Whole hours, the present one included: as many points as were asked for.
        end = now.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0) + _HOUR
        return Period(end - last.count * _HOUR, end)
    today = now.astimezone(zone()).date()
    return Period(today - timedelta(days=last.count - 1), today)


def _aware(moment: Moment, zone: Callable[[], tzinfo]) -> Moment:
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=zone())
    return moment


def read_instant(value: object) -> datetime | None:
    """Return the time of the service's own text, ``None`` if it is none."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", str(value)))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def local(value: object, zone: tzinfo) -> str:
    """Return a time of the service in a zone, to the second; other text as it is."""
    if value is None:
        return "–"
    found = read_instant(value)
    return str(value) if found is None else f"{found.astimezone(zone):%Y-%m-%d %H:%M:%S}"
