"""Instants as the service writes and reads them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"\s*(Z|z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)


def parse_timestamp(text: object) -> datetime | None:
    """Return an aware UTC datetime, or ``None`` for what is no timestamp.

    Takes any number of fractional digits: the service's clock writes up to seven, which
    ``datetime.fromisoformat`` of Python 3.10 refuses. A time without a zone is read as UTC.

    >>> parse_timestamp("2026-01-02T03:04:05.1234567Z")
    datetime.datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=datetime.timezone.utc)
    """
    found = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    microsecond = int(((fraction or "") + "000000")[:6])
    try:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            microsecond,
            tzinfo=timezone.utc,
        )
        return local - _offset(zone)
    except (ValueError, OverflowError):
        return None


def format_timestamp(value: datetime | str) -> str:
    """Return the instant in UTC with a ``Z``; a naive datetime is taken as UTC.

    A string is passed on as it is: the service is the judge of it.
    """
    if isinstance(value, str):
        return value
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
