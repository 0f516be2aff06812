"""Values of a result, from what JSON can say to what Python has for them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import date, datetime, time, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

# Python 3.10 reads neither a Z nor a fraction of other than three or six digits.
_FRACTION = re.compile(r"\.(\d+)")


def decoder(kind: str) -> Callable[[Any], Any] | None:
    """Return what decodes values of a type; ``None`` if they are themselves already."""
    return _DECODERS.get(kind)


def _gently(read: Callable[[Any], Any], *accepted: type) -> Callable[[Any], Any]:
    """Leave a value as it is that is not what its type says."""

    def decode(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, accepted):
            return value
        try:
            return read(value)
        except (ValueError, InvalidOperation, OverflowError):
            return value

    return decode


def _six_digits(text: str) -> str:
    text = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text)
    return text[:-1] + "+00:00" if text[-1:] in {"Z", "z"} else text


def _timestamp(text: str) -> datetime:
    found = datetime.fromisoformat(_six_digits(text))
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _time(text: str) -> time:
    return time.fromisoformat(_six_digits(text))


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "DATE": _gently(date.fromisoformat, str),
    "TIME": _gently(_time, str),
    "TIMESTAMP": _gently(_timestamp, str),
    "NUMERIC": _gently(lambda value: Decimal(str(value)), str, int, float),
    "BYTES": _gently(_bytes, str),
    "INTEGER": _gently(int, str, int),
    "FLOAT": _gently(float, int, float),
}
