"""Building requests: nothing that is unset is sent, and what cannot be meant is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from amdahl.errors import MisuseError
from quintet.options import UNSET


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def stated(**fields: Any) -> dict[str, Any]:
    """Return the fields that the caller stated, ``None`` among them: it takes a value away."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def mapping(name: str, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a JSON object to send, ``None`` for none.

    Raises:
        MisuseError: Not a mapping.
    """
    return None if value is None else required(name, value)


def names(name: str, values: Iterable[str] | None) -> list[str] | None:
    """Return a list of words to send; one word alone is a list of one.

    Raises:
        MisuseError: Nothing to iterate over.
    """
    if isinstance(values, str):
        return [values]
    if values is not None and not isinstance(values, Iterable):
        raise MisuseError(message=f"{name} must be a list of str, not {type(values).__name__}")
    return None if values is None else list(values)


def version_segment(version: int) -> str:
    """Return a version's number as a segment of a path.

    Raises:
        MisuseError: No whole number from 1.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise MisuseError(message="version must be a whole number, 1 or more")
    return str(version)


def milliseconds(name: str, value: int | None) -> int | None:
    """Return a time to wait, ``None`` for none.

    Raises:
        MisuseError: No whole number from 0.
    """
    if value is not None and (type(value) is not int or value < 0):
        raise MisuseError(message=f"{name} must be whole milliseconds, 0 or more")
    return value


def text(name: str, value: str) -> str:
    """Return a text to send.

    Raises:
        MisuseError: Not a str.
    """
    if not isinstance(value, str):
        raise MisuseError(message=f"{name} must be a str, not {type(value).__name__}")
    return value


def required(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object to send.

    Raises:
        MisuseError: Not a mapping.
    """
    if not isinstance(value, Mapping):
        raise MisuseError(message=f"{name} must be a mapping, not {type(value).__name__}")
    return dict(value)


def objects(name: str, values: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a list of JSON objects to send.

    Raises:
        MisuseError: Not a list, or one of it is not a mapping; the message says which.
    """
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise MisuseError(message=f"{name} must be a list of mappings, not {type(values).__name__}")
    return [required(f"{name}[{at}]", value) for at, value in enumerate(values)]
