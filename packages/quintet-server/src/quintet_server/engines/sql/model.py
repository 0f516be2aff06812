"""What may be queried, what comes out, and the ways in which a statement fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = [
    "Catalog",
    "Column",
    "ColumnType",
    "QueryResult",
    "Reason",
    "SqlBusy",
    "SqlError",
    "SqlRefused",
    "SqlTimeout",
    "SqlUnavailable",
    "TableColumn",
]

ColumnType: TypeAlias = Literal[
    "STRING",
    "INTEGER",
    "FLOAT",
    "NUMERIC",
    "BOOLEAN",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "JSON",
    "BYTES",
]

Reason: TypeAlias = Literal[
    "empty",
    "syntax",  # details: line, column
    "not_select",
    "multiple_statements",
    "unknown_table",  # details: allowed
    "unknown_column",  # details: suggestions
    "tenant_column",
    "forbidden_function",  # details: function, suggestions
    "duplicate_column",
    "parameter_missing",  # details: parameter
    "parameter_invalid",  # a value or a type that cannot be one
    "too_large",  # the text, its nesting
    "invalid_expression",  # what only the database finds: types that do not go together, grouping
    "evaluation",  # a value that cannot be worked with: division by zero, a text that is no number
]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column that tenants see.

    Attributes:
        is_required: whether it is never null, which lets the database sort by an index.
    """

    name: str
    type: ColumnType
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """What tenants may query: the views of one schema.

    Attributes:
        schema: where the views are, and the functions that go with them.
        tables: the columns of each view, in order; all names in lower case.
        tenant_columns: names that a statement may not say, because the host says them.
    """

    schema: str
    tables: Mapping[str, tuple[TableColumn, ...]]
    tenant_columns: frozenset[str] = frozenset({"business_id", "project_id"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The rows of one statement.

    Attributes:
        rows: with values as JSON has them: integers beyond ±2⁵³−1 and NUMERIC as text, NaN and
            infinities None, times in RFC 3339, bytes in base64, JSON and arrays nested.
        rows_json: the same, encoded: a JSON array.
        truncated: whether there was at least one more row, or more than fits into a result.
    """

    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    rows_json: bytes
    truncated: bool
    duration_ms: float


class SqlError(Exception):
    """A statement that gave no result; the text is for whoever wrote it."""


@dataclass
class SqlRefused(SqlError):
    """The statement itself is at fault, or its parameters; it would be refused again."""

    reason: Reason
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


class SqlTimeout(SqlError):
    """The statement was cancelled at its deadline."""

    def __init__(self, seconds: float):
        super().__init__(f"The query was stopped after {seconds:g} s.")
        self.seconds = seconds


class SqlBusy(SqlError):
    """Too many statements are running or waiting; a later one may fare better."""

    def __init__(self, retry_after: float = 1.0):
        super().__init__("Too many queries are running; this one did not get its turn.")
        self.retry_after = retry_after


class SqlUnavailable(SqlError):
    """The database cannot run tenants' statements; the text says what the operator can do."""
