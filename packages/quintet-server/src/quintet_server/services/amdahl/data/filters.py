"""Rows by filters instead of SQL: a question in JSON is checked and compiled to one SELECT.

The statement names what it compares with by parameters (`@p1`), so no value is ever part of it; it
runs as every statement of a tenant does. Everything that is wrong with a question is a
:class:`BadFilter` that names the field and what may stand there.

A comparison with a value that is not there is not true: `neq` and `not_in` do not find rows whose
column is null, as in SQL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quintet_server.services.amdahl.data.tables import ColumnInfo, Table

__all__ = [
    "OPERATORS",
    "BadFilter",
    "Compiled",
    "Filter",
    "Metric",
    "Order",
    "Question",
    "compiled",
]

FILTERS_MAX_COUNT = 32
IN_MAX_COUNT = 200
GROUPS_MAX_COUNT = 8
METRICS_MAX_COUNT = 8
_VALUE_MAX_CHARS = 2_000

_COMPARING = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_EQUAL = ("eq", "neq", "in", "not_in")
_ORDERED = ("gt", "gte", "lt", "lte", "between")
_NULL = ("is_null", "not_null")
_ALL = (*_EQUAL, *_ORDERED, "contains", *_NULL)
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "STRING": (*_EQUAL, "contains", *_NULL),
    "FLOAT": (*_EQUAL, *_ORDERED, *_NULL),
    "TIMESTAMP": (*_EQUAL, *_ORDERED, *_NULL),
    "BOOLEAN": ("eq", "neq", *_NULL),
    "JSON": _NULL,
}
"""What a column can be asked, by its type."""
_FUNCTIONS = ("count", "count_distinct", "sum", "avg", "min", "max")


class BadFilter(ValueError):
    """What is wrong with a question."""

    def __init__(self, message: str, at: str, allowed: Sequence[str] | None = None):
        super().__init__(f"{at}: {message}")
        self.at = at
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column."""

    column: str
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure over the rows of a group."""

    function: str
    column: str | None = None
    alias: str | None = None

    @property
    def name(self) -> str:
        """Its column in the result: `count`, `avg_amount`, or the alias given."""
        return self.alias or (f"{self.function}_{self.column}" if self.column else self.function)


@dataclass(frozen=True, slots=True)
class Order:
    """By which column of the result, and whether from the greatest."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows of a table, or which figures over them.

    Attributes:
        words: Each must be in one of the row's texts, whatever its case; for each the forms that
            count as it.
        ids: Only rows with these keys; None for any.
    """

    table: Table
    filters: Sequence[Filter] = ()
    group_by: Sequence[str] = ()
    metrics: Sequence[Metric] = ()
    order_by: Sequence[Order] = ()
    limit: int = 100
    words: Sequence[Sequence[str]] = ()
    ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, the values of its parameters, and the filters as they were understood."""

    sql: str
    params: Mapping[str, Any]
    filters: list[dict[str, Any]]


def compiled(question: Question) -> Compiled:
    """The statement of a question. Raises BadFilter."""
    return _Compiler(question).compile()


@dataclass(slots=True)
class _Compiler:
    question: Question
    params: dict[str, Any] = field(default_factory=dict)

    def compile(self) -> Compiled:
        question = self.question
        shown = self._shown()
        conditions = self._conditions()
        order = self._order()
        sql = f"SELECT {', '.join(shown)} FROM `{question.table.name}`"
        if conditions:
            sql += f" WHERE {' AND '.join(conditions)}"
        if question.group_by:
            sql += f" GROUP BY {', '.join(f'`{name}`' for name in question.group_by)}"
        if order:
            sql += f" ORDER BY {', '.join(order)}"
        sql += f" LIMIT {question.limit}"
        return Compiled(sql, self.params, [_echo(each) for each in question.filters])

    def _shown(self) -> list[str]:
        """What stands between SELECT and FROM."""
        question = self.question
        _at_most(question.group_by, GROUPS_MAX_COUNT, "group_by")
        _at_most(question.metrics, METRICS_MAX_COUNT, "metrics")
        for number, name in enumerate(question.group_by):
            if self._column(name, f"group_by[{number}]").type == "JSON":
                raise BadFilter(f"{name} cannot be grouped by", f"group_by[{number}]")
        if not question.metrics:
            if question.group_by:
                raise BadFilter("group_by needs at least one metric", "metrics")
            return [f"`{column.name}`" for column in question.table.columns]
        figures = [self._figure(each, number) for number, each in enumerate(question.metrics)]
        names = [*question.group_by, *(each.name for each in question.metrics)]
        for name in names:
            if names.count(name) > 1:
                raise BadFilter(f"{name!r} would be in the result twice", "metrics")
        return [*(f"`{name}`" for name in question.group_by), *figures]

    def _figure(self, metric: Metric, number: int) -> str:
        at = f"metrics[{number}]"
        if metric.function not in _FUNCTIONS:
            message = f"{metric.function!r} is not one of {', '.join(_FUNCTIONS)}"
            raise BadFilter(message, f"{at}.fn", _FUNCTIONS)
        if metric.column is None:
            if metric.function != "count":
                raise BadFilter(f"{metric.function} needs a field", f"{at}.field")
            return f"COUNT(*) AS `{metric.name}`"
        column = self._column(metric.column, f"{at}.field")
        if metric.function in ("sum", "avg") and column.type != "FLOAT":
            numeric = [each.name for each in self.question.table.columns if each.type == "FLOAT"]
            message = f"{metric.function} needs a numeric field, and {column.name} is {column.type}"
            raise BadFilter(f"{message} (numeric: {', '.join(numeric)})", f"{at}.field", numeric)
        if column.type == "JSON" and metric.function != "count":
            raise BadFilter(f"{metric.function} cannot be taken of JSON", f"{at}.field")
        if column.type == "BOOLEAN" and metric.function in ("min", "max"):
            raise BadFilter(f"{metric.function} cannot be taken of BOOLEAN", f"{at}.field")
        inner = f"`{column.name}`"
        if metric.function == "count_distinct":
            return f"COUNT(DISTINCT {inner}) AS `{metric.name}`"
        return f"{metric.function.upper()}({inner}) AS `{metric.name}`"

    def _conditions(self) -> list[str]:
        _at_most(self.question.filters, FILTERS_MAX_COUNT, "filters")
        conditions = [
            self._condition(each, f"filters[{number}]")
            for number, each in enumerate(self.question.filters)
        ]
        texts = [each.name for each in self.question.table.columns if _is_free_text(each)]
        for forms in self.question.words:
            names = [self._param(form.lower()) for form in forms]
            tried = (f"STRPOS(LOWER(`{text}`), {name}) > 0" for name in names for text in texts)
            conditions.append(f"({' OR '.join(tried)})")
        if self.question.ids is not None:
            names = [self._param(id) for id in self.question.ids]
            key = self.question.table.key
            conditions.append(f"`{key}` IN ({', '.join(names)})" if names else "FALSE")
        return conditions

    def _condition(self, given: Filter, at: str) -> str:
        column = self._column(given.column, f"{at}.field")
        allowed = OPERATORS[column.type]
        if given.operator not in allowed:
            known = f"is not one of {', '.join(_ALL)}"
            if given.operator in _ALL:
                known = f"does not go with {column.name} ({column.type}): {', '.join(allowed)}"
            raise BadFilter(f"{given.operator!r} {known}", f"{at}.op", allowed)
        name, value, at = f"`{column.name}`", given.value, f"{at}.value"
        if given.operator == "is_null":
            return f"{name} IS NULL"
        if given.operator == "not_null":
            return f"{name} IS NOT NULL"
        if given.operator in ("in", "not_in"):
            values = _several(value, 1, IN_MAX_COUNT, at)
            listed = ", ".join(self._value(column, each, at) for each in values)
            return f"{name} {'NOT ' if given.operator == 'not_in' else ''}IN ({listed})"
        if given.operator == "between":
            low, high = _several(value, 2, 2, at)
            return (
                f"{name} BETWEEN {self._value(column, low, at)} AND {self._value(column, high, at)}"
            )
        if given.operator == "contains":
            text = _checked(column, value, at)
            return f"STRPOS(LOWER({name}), {self._param(text.lower())}) > 0"
        return f"{name} {_COMPARING[given.operator]} {self._value(column, value, at)}"

    def _order(self) -> list[str]:
        question = self.question
        known = [column.name for column in question.table.columns if column.type != "JSON"]
        if question.metrics:
            known = [*question.group_by, *(each.name for each in question.metrics)]
        order = []
        for number, each in enumerate(question.order_by):
            if each.column not in known:
                message = f"{each.column!r} is not in the result ({', '.join(known)})"
                raise BadFilter(message, f"order_by[{number}].field", known)
            order.append(f"`{each.column}`{' DESC' if each.is_descending else ''}")
        return order

    def _column(self, name: str, at: str) -> ColumnInfo:
        column = self.question.table.column(name)
        if column is None:
            known = [each.name for each in self.question.table.columns]
            message = f"{name!r} is no field of {self.question.table.name}"
            raise BadFilter(f"{message} ({', '.join(known)})", at, known)
        return column

    def _value(self, column: ColumnInfo, value: Any, at: str) -> str:
        name = self._param(_checked(column, value, at))
        return f"CAST({name} AS TIMESTAMP)" if column.type == "TIMESTAMP" else name

    def _param(self, value: Any) -> str:
        name = f"p{len(self.params) + 1}"
        self.params[name] = value
        return f"@{name}"


def _checked(column: ColumnInfo, value: Any, at: str) -> Any:
    """A value that can be compared with the column."""
    if column.type == "FLOAT":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadFilter(f"must be a number, as {column.name} is", at)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise BadFilter("must be within the range of a double", at)
        return number
    if column.type == "BOOLEAN":
        if not isinstance(value, bool):
            raise BadFilter(f"must be true or false, as {column.name} is", at)
        return value
    if not isinstance(value, str):
        raise BadFilter(f"must be a string, as {column.name} is {column.type}", at)
    if len(value) > _VALUE_MAX_CHARS or "\x00" in value:
        raise BadFilter(f"must have at most {_VALUE_MAX_CHARS} characters and no NUL", at)
    return _instant(value, at) if column.type == "TIMESTAMP" else value


def _instant(value: str, at: str) -> str:
    try:
        when = datetime.fromisoformat(value.strip())
    except ValueError:
        message = "must be an instant such as 2026-04-14T18:22:11Z, or a date"
        raise BadFilter(message, at) from None
    text = when.isoformat(sep=" ")
    return text if when.tzinfo is not None else f"{text}+00:00"


def _several(value: Any, least: int, most: int, at: str) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        count = f"{most}" if least == most else f"{least} to {most}"
        raise BadFilter(f"must be a list of {count} values", at)
    return value


def _at_most(given: Sequence[Any], most: int, at: str) -> None:
    if len(given) > most:
        raise BadFilter(f"must have at most {most} entries, it has {len(given)}", at)


def _is_free_text(column: ColumnInfo) -> bool:
    return column.type == "STRING" and not column.choices


def _echo(given: Filter) -> dict[str, Any]:
    shown = {"field": given.column, "op": given.operator}
    if given.operator in _NULL:
        return shown
    value = given.value
    understood = [_understood(each) for each in value] if isinstance(value, list) else None
    return {**shown, "value": _understood(value) if understood is None else understood}


def _understood(value: Any) -> Any:
    """The value; a whole number beyond 64 bits, which answers cannot hold, as a double."""
    return value if not isinstance(value, int) or value.bit_length() < 64 else float(value)
