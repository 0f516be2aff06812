"""Instants on the wire: ISO 8601 in UTC with `Z`, read tolerantly, written one way.

The vendor's stack prints up to seven fractional digits, so more than six are accepted and cut.
A value without an offset is read as UTC, and a bare date as its first instant (our decisions).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SHAPE = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d{2}:?\d{2})?)?"
)


def parse_timestamp(text: str) -> datetime:
    """The aware UTC instant that `text` names.

    Raises:
        ValueError: `text` is no ISO 8601 date or date-time, or out of range.
    """
    found = _SHAPE.fullmatch(text.strip()) if len(text) <= 64 else None
    if found is None:
        raise ValueError("not an ISO 8601 timestamp such as 2030-01-31T12:00:00Z")
    date, minutes, seconds, fraction, offset = found.groups()
    micros = (fraction or "")[:6].ljust(6, "0")
    zone = "+00:00" if offset in {None, "Z", "z"} else offset
    text = f"{date}T{minutes or '00:00'}:{seconds or '00'}.{micros}{zone}"
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such instant: {error}") from error


def render_timestamp(instant: datetime | str | None) -> str | None:
    """`2030-01-31T12:00:00.000000Z`; None stays None.

    A string is an instant as PostgreSQL writes it into JSON (rows kept in the event log).
    """
    if instant is None:
        return None
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    if instant.utcoffset() != timedelta(0):
        instant = instant.astimezone(UTC)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if instant.year >= 1000 else _early(instant)


def _early(instant: datetime) -> str:
    """`strftime` does not pad years before 1000 everywhere."""
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
