"""Values of a rendering for the parameters that a page's queries declare.

They come from JSON or from a query string, so a number may also be spelled as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from quintet_server.services.amdahl.errors import invalid_argument

if TYPE_CHECKING:
    from quintet_server.services.amdahl.pages.model import DeclaredQuery, Param

Values = Mapping[str, Any]

TEXT_MAX_CHARS = 10_000
_INT64 = 1 << 63
_WORDS = {"true": True, "false": False}


def check_names(queries: Iterable[DeclaredQuery], given: Values, *, field: str = "params") -> None:
    """Raise 400 for a value that no query asks for: most likely a misspelt name.

    `field` is where the values stand in the request, for the message.
    """
    declared = sorted({name for query in queries for name in query.params})
    for name in given:
        if name not in declared:
            told = ", ".join(declared) or "none"
            at = f"{field}.{name[:64]}"
            message = f"{at}: no query of this page has it; declared: {told}."
            raise invalid_argument(message, at, allowed=declared)


def values_of(query: DeclaredQuery, given: Values, *, field: str = "params") -> dict[str, Any]:
    """The values of a query's parameters: given, default or null. Raises 400 that names the one."""
    return {
        name: _value(f"{field}.{name}", param, given.get(name))
        for name, param in query.params.items()
    }


def _value(at: str, param: Param, given: Any) -> Any:
    if given is None:
        given = param.default
    if given is None:
        if param.required:
            raise invalid_argument(f"{at}: is required.", at)
        return None
    try:
        return _COERCIONS[param.type](given)
    except (TypeError, ValueError, OverflowError):
        raise invalid_argument(f"{at}: must be {_WANTED[param.type]}.", at) from None


def _string(value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX_CHARS or "\0" in value:
        raise ValueError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    number = int(_short(value))
    if number != (value if not isinstance(value, str) else number) or not (
        -_INT64 <= number < _INT64
    ):
        raise ValueError
    return number


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    number = float(_short(value))
    if not math.isfinite(number):
        raise ValueError
    return number


def _short(value: str | float) -> str | float:
    """Refuses texts that no number is as long as."""
    if isinstance(value, str) and len(value) > 64:
        raise ValueError
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        value = _WORDS.get(value.lower())
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Any) -> date:
    return date.fromisoformat(_string(value))


def _timestamp(value: Any) -> datetime:
    when = datetime.fromisoformat(_string(value))
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


_COERCIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
_WANTED: Mapping[str, str] = {
    "string": f"a string of at most {TEXT_MAX_CHARS} characters",
    "integer": "a whole number of 64 bits",
    "float": "a number",
    "boolean": "true or false",
    "date": "a date, YYYY-MM-DD",
    "timestamp": "an instant, YYYY-MM-DDTHH:MM:SSZ",
}
