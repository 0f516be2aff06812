"""What goes into a tenant's database and what comes out, and the ways in which it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson

__all__ = [
    "ErrorKind",
    "KeyReused",
    "QueryResult",
    "SqlBusy",
    "SqlError",
    "Statement",
    "Usage",
]

ErrorKind: TypeAlias = Literal[
    "syntax",  # the parser or the planner does not understand it; every refusal of no other kind
    "no_table",
    "no_column",
    "constraint",
    "forbidden",  # the sandbox refuses it, always
    "schema_locked",  # it changes the schema, and the operator does not let it
    "parameters",  # their number, their types, how they are written
    "too_big",  # a value, the statement, the result or what it keeps in between
    "too_long",  # the time is up
    "full",  # the database has reached its size
    "busy",  # in a batch that has begun: another process holds the database
    "engine",  # our fault: disk, damaged file
]


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement and the values for its placeholders, in order."""

    sql: str
    params: Sequence[Any] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """What one statement did. Rows are JSON already: made where waiting does not hurt others."""

    columns: tuple[str, ...]
    rows_json: bytes
    """Array of objects. BLOBs are base64 text, infinities null; of equal names the last wins."""
    row_count: int
    is_rows: bool
    """Whether the statement has rows at all, be it none this time (SELECT, RETURNING)."""
    changes: int | None
    """Rows inserted, changed or deleted, those of triggers not counted; None if it only read."""
    last_row_id: int | None
    """Of the last row inserted by this statement; None if it inserted none."""
    duration_ms: float
    replayed: bool = False
    """Whether this is the stored answer of an earlier request with the same key."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as objects."""
        rows: list[dict[str, Any]] = orjson.loads(self.rows_json)
        return rows


class SqlError(Exception):
    """A statement that failed. It changed nothing."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        table: str | None = None,
        column: str | None = None,
        suggestion: str | None = None,
        index: int | None = None,
    ):
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.table = table
        self.column = column
        self.suggestion = suggestion
        """One sentence: what would probably work."""
        self.index = index
        """Which statement of an atomic batch it was, from 0."""


class SqlBusy(Exception):
    """Too many statements wait for this database, or another process holds it for too long.

    Nothing was done; ``retry_after`` is in seconds.
    """

    def __init__(self, message: str, retry_after: float = 1.0):
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class KeyReused(Exception):
    """The idempotency key was used before with another request."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How large a database is."""

    database: str
    size_bytes: int
    """Of the database itself, its unused pages included."""
    free_bytes: int
    """Of pages within that are used again before the file grows."""
    log_bytes: int
    """Of the write-ahead log beside it."""
