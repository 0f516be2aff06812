"""What a prop of a component takes: each kind checks a value and gives what is sent.

A kind raises :class:`Unfit` with what it wants; the component adds its own name and the prop's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from amdahl.page.queries import Cell, Query, Rows

Kind = Callable[[Any], Any]
Takes = Mapping[str, Kind]
"""What each prop of a component takes."""

_COLUMN_FORMATS = ("text", "number", "currency", "percent", "date", "datetime")
_COLUMN_KEYS = frozenset({"key", "label", "format"})


class Unfit(Exception):
    """A value is not of a kind; says what would be."""


def plain(value: Any) -> Any:
    """A string, never bound to data."""
    if not isinstance(value, str):
        raise Unfit("a string")
    return value


def text(value: Any) -> Any:
    """A string, or one cell of a query."""
    if not isinstance(value, (str, Cell)):
        raise Unfit("a string, or a cell of a query")
    return value


def scalar(value: Any) -> Any:
    """A string, number or boolean, or one cell of a query."""
    if isinstance(value, (str, bool, Cell)):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value):
        return value
    raise Unfit("a string, a number, a boolean, or a cell of a query")


def number(value: Any) -> Any:
    """A number, or one cell of a query."""
    if isinstance(value, Cell):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise Unfit("a number, or a cell of a query")
    return value


def boolean(value: Any) -> Any:
    """True or False."""
    if not isinstance(value, bool):
        raise Unfit("True or False")
    return value


def choice(*words: str) -> Kind:
    """One of these words."""

    def check(value: Any) -> Any:
        if value not in words:
            raise Unfit("one of " + ", ".join(map(repr, words)))
        return value

    return check


def integer(least: int, most: int) -> Kind:
    """A whole number within bounds."""

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unfit(f"a whole number from {least} to {most}")
        return value

    return check


def rows(value: Any) -> Any:
    """The rows of a query: itself, or its name."""
    if isinstance(value, Query):
        return Rows(value.name, value)
    if isinstance(value, Rows):
        return value
    if isinstance(value, Mapping) and set(value) == {"$query"}:
        value = value["$query"]
    if not isinstance(value, str):
        raise Unfit("a query, or the name of one")
    return Rows(value)


def field(value: Any) -> Any:
    """The name of a column."""
    if not isinstance(value, str) or not value:
        raise Unfit("the name of a column")
    return value


def fields(value: Any) -> Any:
    """The name of a column, or several."""
    if isinstance(value, str):
        return field(value)
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        raise Unfit("the name of a column, or a list of them")
    found = [field(each) for each in value]
    if not found:
        raise Unfit("at least one name of a column")
    return found


def columns(value: Any) -> Any:
    """The columns of a table: names, or names with a label and a format."""
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise Unfit("a list of columns")
    found = [_column(each) for each in value]
    if not found:
        raise Unfit("at least one column")
    return found


def items(value: Any) -> Any:
    """The items of a list: strings, or a query."""
    if isinstance(value, (str, Query, Rows, Mapping)):
        return rows(value)
    if not isinstance(value, Iterable):
        raise Unfit("a list of strings, or a query")
    return [plain(each) for each in value]


def _column(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return field(value)
    if not set(value) <= _COLUMN_KEYS or not isinstance(value.get("key"), str) or not value["key"]:
        raise Unfit("columns as names, or as mappings with key, label and format")
    if not isinstance(value.get("label", ""), str):
        raise Unfit("a string as label of a column")
    if value.get("format", "text") not in _COLUMN_FORMATS:
        raise Unfit("a column's format as one of " + ", ".join(_COLUMN_FORMATS))
    return dict(value)
