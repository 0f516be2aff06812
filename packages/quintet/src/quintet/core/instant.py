"""Instants on the wire: RFC 3339 out, the three HTTP date forms in."""

from __future__ import annotations

from datetime import datetime, timezone

from quintet.errors import MisuseError

__all__ = ["format_instant", "parse_http_date", "parse_rfc3339"]

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MAX_LENGTH = 64


def format_instant(value: datetime) -> str:
    """Return an aware datetime as RFC 3339 in UTC, such as ``2026-03-01T09:30:00Z``.

    Raises:
        MisuseError: The datetime is naive.  Guessing its zone would silently shift a time filter
            by hours for every caller who does not live in UTC.
    """
    if value.tzinfo is None or value.utcoffset() is None:
        raise MisuseError(
            "a datetime without time zone is ambiguous; use datetime.now(timezone.utc) "
            "or value.astimezone()"
        )
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def parse_rfc3339(text: str) -> float | None:
    """Return the epoch seconds of an RFC 3339 timestamp, or None if it is none."""
    text = text.strip()
    if not 19 <= len(text) <= _MAX_LENGTH:
        return None
    if text[-1] in "zZ":
        text = text[:-1] + "+00:00"
    try:
        value = datetime.fromisoformat(text)
        return value.timestamp() if value.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def parse_http_date(text: str, *, now: float) -> float | None:
    """Return the epoch seconds of an HTTP date, or None if it is none.

    All three forms of RFC 9110 §5.6.7: ``Sun, 06 Nov 1994 08:49:37 GMT``,
    ``Sunday, 06-Nov-94 08:49:37 GMT`` and ``Sun Nov  6 08:49:37 1994``.  The weekday is not
    checked.  A two-digit year is read as the one nearest to ``now`` that is not more than 50
    years ahead, as the RFC asks.
    """
    if len(text) > _MAX_LENGTH:
        return None
    words = text.replace("-", " ").split()
    if "," in text:
        # weekday, day, month, year, time, zone
        if len(words) != 6 or words[5] not in {"GMT", "UTC"}:
            return None
        day, month, year, clock = words[1:5]
    else:
        # weekday, month, day, time, year
        if len(words) != 5:
            return None
        month, day, clock, year = words[1:5]
    return _epoch(year, month, day, clock, now)


def _epoch(year: str, month: str, day: str, clock: str, now: float) -> float | None:
    parts = (year, day, *clock.split(":"))
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    number = _MONTHS.get(month.lower())
    if number is None or any(len(part) > 4 for part in parts):
        return None
    full_year, dd, hh, mm, ss = (int(part) for part in parts)
    try:
        if len(year) == 2:
            full_year = _four_digits(full_year, now)
        # A leap second has no epoch of its own; the second before it is near enough for a wait.
        moment = datetime(full_year, number, dd, hh, mm, min(ss, 59), tzinfo=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.timestamp() if ss <= 60 else None


def _four_digits(year: int, now: float) -> int:
    this_year = datetime.fromtimestamp(now, timezone.utc).year
    year += this_year // 100 * 100
    if year > this_year + 50:
        return year - 100
    if year <= this_year - 50:
        return year + 100
    return year
