"""Building requests: nothing that is unset is sent, and what cannot be meant is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowmaestro.errors import MisuseError

_NO_USER_IDS = frozenset({"search", "stats"})


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def mapping(name: str, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a JSON object to send, ``None`` for none.

    Raises:
        MisuseError: Not a mapping.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise MisuseError(f"{name} must be a mapping, not {type(value).__name__}")
    return dict(value)


def names(name: str, values: Iterable[str] | None) -> list[str] | None:
    """Return a list of words to send; one word alone is a list of one."""
    if isinstance(values, str):
        return [values]
    if values is not None and not isinstance(values, Iterable):
        raise MisuseError(f"{name} must be a list of strings, not {type(values).__name__}")
    return None if values is None else list(values)


def user_id(value: str) -> str:
    """Return the id of a user whose memory is meant.

    Raises:
        MisuseError: Under this name the service has something else.
    """
    if value in _NO_USER_IDS:
        raise MisuseError(f"user_id must not be {value!r}: the service has another endpoint there")
    return value


def milliseconds(name: str, value: float | None) -> int | None:
    """Return seconds as the whole milliseconds of the wire.

    Raises:
        MisuseError: Not a positive number.
    """
    if value is None:
        return None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value < 1e9:
        raise MisuseError(f"{name} must be a positive number of seconds")
    return max(1, round(value * 1000))
