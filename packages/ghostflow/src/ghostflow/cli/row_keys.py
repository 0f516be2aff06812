"""What a row of a report is about: a campaign, a country, an hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ghostflow.cli.measures import NOTHING

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def key_text(keys: Mapping[str, Any], group: str) -> str:
    """Return what a row of a breakdown is about; ``unknown`` where it is not known."""
    value = keys.get(group)
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        name = str(value.get("name") or value.get("host") or value.get("id") or "unknown")
        return f"{name} (deleted)" if value.get("deleted") else name
    if group == "weekday" and isinstance(value, int) and 1 <= value <= len(_WEEKDAYS):
        return _WEEKDAYS[value - 1]
    return bucket_text(value) if group in {"day", "hour"} else str(value)


def key_title(group: str) -> str:
    """Return the heading of a column of keys."""
    return "".join(f" {char}" if char.isupper() else char for char in group).upper()


def bucket_text(value: Any) -> str:
    """Return when a point begins: a date, or a time with its offset, as the clock is there."""
    text = NOTHING if value is None else str(value)
    return f"{text[:10]} {text[11:16]} {text[19:]}".rstrip() if text[10:11] == "T" else text
