"""JSON request bodies: from Python values to compact UTF-8."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from json import JSONEncoder
from typing import Any
from uuid import UUID

from quintet.core.instant import format_instant
from quintet.errors import MisuseError

__all__ = ["encode_json"]


def encode_json(value: Any) -> bytes:
    """Return compact UTF-8 JSON.

    Beyond what ``json`` knows: an aware datetime (RFC 3339 in UTC), a date (ISO 8601), a UUID, an
    enum (its value), a dataclass (its fields), any other mapping, and objects with pydantic's
    ``model_dump``.

    Raises:
        MisuseError: NaN or an infinity (JSON has none), a naive datetime, a cycle, nesting deeper
            than the interpreter allows, or a type without an obvious form.
    """
    try:
        return _encode(value).encode()
    except MisuseError:
        raise
    except RecursionError as error:
        raise MisuseError("the body is nested too deeply for JSON") from error
    except (TypeError, ValueError) as error:
        # The original names the type or the reason, never the value.
        raise MisuseError(f"the body cannot be sent as JSON: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "a string holds half a surrogate pair"
    if "Out of range float" in str(error):
        return "NaN and infinity have no JSON form"
    return str(error)


def _plain(value: Any) -> Any:
    """Return the next simpler form of a value that ``json`` does not know."""
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encode = JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
).encode
