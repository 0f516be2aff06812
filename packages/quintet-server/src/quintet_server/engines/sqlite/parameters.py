"""JSON values as SQLite takes them: null, 64-bit integers, floats, texts; booleans are 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from quintet_server.engines.sqlite.model import SqlError
from quintet_server.engines.sqlite.settings import SqliteSettings

__all__ = ["bindable"]

_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**63 - 1


def bindable(params: Sequence[Any], settings: SqliteSettings) -> tuple[Any, ...]:
    """Return the values to bind. :class:`SqlError` for one that SQLite has no type for.

    NaN and infinities are refused, since JSON could not give them back; so are lists and objects,
    which somebody meant as JSON text or as several values.
    """
    if len(params) > settings.parameters_max_count:
        message = f"params: at most {settings.parameters_max_count} values, not {len(params)}"
        raise SqlError("parameters", message)
    return tuple(
        value if value is None else _bindable(index, value, settings)
        for index, value in enumerate(params)
    )


def _bindable(index: int, value: Any, settings: SqliteSettings) -> int | float | str | bytes:
    if isinstance(value, (str, bytes)):
        return _text(index, value, settings)
    if isinstance(value, int):
        if not _INTEGER_MIN <= value <= _INTEGER_MAX:
            raise _wrong(index, "an integer beyond 64 bits; send it as a string")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _wrong(index, "not a finite number")
        return value
    kind = "an array" if isinstance(value, list) else "an object"
    raise _wrong(index, f"{kind}; send JSON text, or one placeholder for each value")


def _text(index: int, value: str | bytes, settings: SqliteSettings) -> str | bytes:
    bound = settings.value_max_bytes
    try:
        size = len(value) if isinstance(value, bytes) or value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        raise _wrong(index, "not valid Unicode: it holds half of a surrogate pair") from None
    if size > bound:
        raise SqlError("too_big", f"params[{index}]: longer than {bound} bytes")
    return value


def _wrong(index: int, what: str) -> SqlError:
    return SqlError("parameters", f"params[{index}]: {what}")
