"""Named parameters: `@name` in the statement, a value or a type beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from quintet_server.engines.sql.model import SqlRefused

__all__ = ["Parameter", "is_type_open", "of_types", "of_values"]

_INT64 = 2**63


class Parameter:
    """A value on its way.

    Attributes:
        text: as PostgreSQL reads it; None is null.
        cast: the type it is given; None leaves it to where it stands, as for a literal, and is
            text where that says nothing.
        kind: what the translation knows it for.
    """

    __slots__ = ("cast", "kind", "text")

    def __init__(self, text: str | None, cast: str | None, kind: str | None) -> None:
        self.text = text
        self.cast = cast
        self.kind = kind


_OF_TYPE: Mapping[str, tuple[str | None, str | None]] = {
    # A text may stand where a time is meant, as a literal may.
    "string": (None, "text"),
    "integer": ("BIGINT", "int"),
    "float": ("DOUBLE PRECISION", "float"),
    "boolean": ("BOOLEAN", "bool"),
    "date": ("DATE", "date"),
    "timestamp": ("TIMESTAMPTZ", "timestamp"),
}

# Around an argument, without a say in its type.
_AROUND = (
    exp.Paren, exp.Tuple, exp.Distinct, exp.Order, exp.IgnoreNulls, exp.RespectNulls
)  # fmt: skip
# Functions to which any type is as good as another.
_OF_ANYTHING = frozenset(
    {"ANY_VALUE", "APPROX_COUNT_DISTINCT", "APPROX_QUANTILES", "ARRAY_AGG", "CONCAT_WS", "COUNT",
     "JSONB_AGG", "JSONB_BUILD_OBJECT", "JSONB_OBJECT_AGG", "JSON_AGG", "JSON_OBJECT",
     "JSON_OBJECT_AGG", "TO_JSON", "TO_JSONB", "TO_JSON_STRING"}
)  # fmt: skip
# The same for their first argument; a further one is of its type.
_WINDOWS = frozenset({"FIRST_VALUE", "LAG", "LAST_VALUE", "LEAD", "NTH_VALUE"})


def of_types(types: Mapping[str, str]) -> dict[str, Parameter]:
    """Parameters of which only the types are known."""
    found = {}
    for name, type_name in types.items():
        if type_name not in _OF_TYPE:
            raise SqlRefused(
                "parameter_invalid",
                f"The parameter @{name} has the unknown type {type_name!r}.",
                {"parameter": name, "allowed": list(_OF_TYPE)},
            )
        cast, kind = _OF_TYPE[type_name]
        found[name.lower()] = Parameter(None, cast, kind)
    return found


def of_values(
    values: Mapping[str, Any], types: Mapping[str, str] | None = None
) -> dict[str, Parameter]:
    """Parameters with their values; the type is the one in `types`, or else that of the value."""
    declared = of_types(types or {})
    return {
        name.lower(): _of_value(name, value, declared.get(name.lower()))
        for name, value in values.items()
    }


def _of_value(name: str, value: Any, declared: Parameter | None) -> Parameter:
    text = _text(value)
    if text is False:
        raise SqlRefused(
            "parameter_invalid",
            f"The parameter @{name} must be a text, a number, a boolean, a date, a time or null.",
            {"parameter": name},
        )
    if declared is not None:
        return Parameter(text, declared.cast, declared.kind)
    type_name = _type_of(value)
    cast, kind = ("NUMERIC", "numeric") if type_name == "numeric" else _OF_TYPE[type_name]
    return Parameter(text, cast, kind)


def is_type_open(node: exp.Parameter) -> bool:
    """Whether the parameter stands where a value of any type may: PostgreSQL asks for one there.

    `@name IS NULL`, COUNT(@name); beside a column or in a function of texts it needs none.
    """
    inner: exp.Expr = node
    while isinstance(inner.parent, _AROUND):
        inner = inner.parent
    place = inner.parent
    if isinstance(place, (exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ)):
        other = place.expression if place.this is inner else place.this
        return isinstance(other, exp.Null)
    if not isinstance(place, exp.Anonymous):
        return False
    name = str(place.name).upper()
    return name in _OF_ANYTHING or (name in _WINDOWS and place.expressions[0] is inner)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_INT64 <= value < _INT64 else "numeric"
    if isinstance(value, float):
        return "float"
    if isinstance(value, Decimal):
        return "numeric"
    if isinstance(value, datetime):
        return "timestamp"
    return "date" if isinstance(value, date) else "string"


def _text(value: Any) -> Any:
    """The value as text, None for null, False for what cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return False if "\0" in value or (not value.isprintable() and _is_broken(value)) else value
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.isoformat()
    if value is None or isinstance(value, (int, float, Decimal)):
        return None if value is None else str(value)
    return value.isoformat() if isinstance(value, date) else False


def _is_broken(value: str) -> bool:
    """Half a pair of surrogates, which no encoding takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
