"""Query strings: from what Python callers have to what servers read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from quintet.core.instant import format_instant
from quintet.core.url import percent_encode
from quintet.errors import MisuseError

__all__ = ["encode_query"]


def encode_query(params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> str:
    """Return the encoded query without its question mark, ``""`` if nothing is left.

    ``None`` is dropped; ``True`` becomes ``true``; an aware datetime RFC 3339 in UTC; a date ISO
    8601; an enum its value; lists, tuples and sets repeat the name (sets sorted, so that equal
    calls give equal URLs).  All but RFC 3986's unreserved characters are percent-encoded.

    Raises:
        MisuseError: A name is no string, or a value has no obvious text: a naive datetime, NaN,
            bytes, a mapping, or another type.
    """
    if not params:
        return ""
    pairs = params.items() if isinstance(params, Mapping) else params
    parts: list[str] = []
    for name, value in pairs:
        if value is None:
            continue
        if not isinstance(name, str):
            raise MisuseError(f"a query name must be a str, not {type(name).__name__}")
        key = name if name.isidentifier() and name.isascii() else percent_encode(name)
        if isinstance(value, (list, tuple, set, frozenset)):
            texts = [_text(name, item) for item in value if item is not None]
            if isinstance(value, (set, frozenset)):
                texts.sort()
            parts += [f"{key}={percent_encode(text)}" for text in texts]
        else:
            parts.append(f"{key}={percent_encode(_text(name, value))}")
    return "&".join(parts)


def _text(name: str, value: Any) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise MisuseError(f"{name} must be a finite number")
        return repr(value)
    return _rarer_text(name, value)


def _rarer_text(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    raise MisuseError(f"{name} cannot be sent in a query as {type(value).__name__}")
