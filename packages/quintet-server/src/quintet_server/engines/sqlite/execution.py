"""One statement, or a batch of them, on one connection: transactions, rows, outcome.

A statement that writes and returns nothing is a transaction by itself. One that returns rows gets
an explicit one: SQLite makes all changes before the first row comes, and an answer that turns out
too large must leave none behind.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import orjson

from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.errors import error_of
from quintet_server.engines.sqlite.model import QueryResult, SqlBusy, SqlError
from quintet_server.engines.sqlite.requests import Outcome, forget, recall, remember
from quintet_server.engines.sqlite.settings import SqliteSettings
from quintet_server.engines.sqlite.statements import Shape

__all__ = ["Once", "Prepared", "run_batch", "run_part", "run_query", "tidy"]

_PIECE_BYTES = 256 * 1024  # of rows, turned into JSON at a time: other threads get a turn between


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement with what its words say, and values that can be bound."""

    sql: str
    params: tuple[Any, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key and the request it stands for; `now` in seconds since 1970."""

    key: str
    fingerprint: bytes
    now: float


class _Allowance:
    """How much may still be answered; shared by the statements of a batch."""

    def __init__(self, settings: SqliteSettings) -> None:
        self.settings = settings
        self.rows = settings.rows_max_count
        self.bytes = settings.response_max_bytes

    def take_row(self) -> None:
        self.rows -= 1
        if self.rows < 0:
            message = f"The result has more than {self.settings.rows_max_count} rows: use LIMIT."
            raise SqlError("too_big", message)

    def take_bytes(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            bound = self.settings.response_max_bytes
            message = f"The result is longer than {bound} bytes: use LIMIT, or fewer columns."
            raise SqlError("too_big", message)


def run_query(
    connection: Connection,
    statement: Prepared,
    deadline: float,
    *,
    allow_ddl: bool,
    once: Once | None,
) -> QueryResult:
    """Carry out one statement. Raises :class:`SqlError`, :class:`SqlBusy` or `KeyReused`."""
    with connection.watched(deadline), _translated(connection):
        if once is None and not statement.shape.returns:
            return run_part(connection, statement, allow_ddl=allow_ddl, once=None)
        with _transaction(connection):
            return run_part(connection, statement, allow_ddl=allow_ddl, once=once)


def run_part(
    connection: Connection, statement: Prepared, *, allow_ddl: bool, once: Once | None
) -> QueryResult:
    """Carry out one statement, and the record of its key, in the transaction that is open.

    Raises what comes, as it comes; the transaction is for the caller to undo.
    """
    if once is not None and (kept := _recall(connection, once)) is not None:
        [outcome] = kept
        assert isinstance(outcome, QueryResult)
        return outcome
    result = _run(connection, statement, _Allowance(connection.settings), allow_ddl)
    if once is not None:
        remember(connection, once.key, once.fingerprint, [result], now=once.now)
    return result


def run_batch(
    connection: Connection,
    statements: Sequence[Prepared | SqlError],
    deadline: float,
    *,
    atomic: bool,
    allow_ddl: bool,
    once: Once | None,
) -> list[Outcome]:
    """Carry out statements in order; in the place of one that fails stands its error.

    With `atomic` the first failure is raised, with its index, and nothing has changed. Without,
    each is a transaction of its own; with a key all of them and the record of the key are one,
    within which a failure undoes its own statement only.
    """
    allowance = _Allowance(connection.settings)
    with connection.watched(deadline), _translated(connection):
        if not atomic and once is None:
            return [_attempt(connection, item, allowance, allow_ddl) for item in statements]
        with _transaction(connection):
            if once is not None and (kept := _recall(connection, once)) is not None:
                return kept
            if atomic:
                outcomes = _all(connection, statements, allowance, allow_ddl)
            else:
                outcomes = [
                    _undoable(connection, item, allowance, allow_ddl) for item in statements
                ]
            if once is not None:
                remember(connection, once.key, once.fingerprint, outcomes, now=once.now)
        return outcomes


def tidy(connection: Connection, *, oldest: float) -> None:
    """Remove records of keys made before `oldest`."""
    with connection.watched(time.monotonic() + 1.0):
        forget(connection, oldest=oldest)


def _recall(connection: Connection, once: Once) -> list[Outcome] | None:
    oldest = once.now - connection.settings.key_ttl_seconds
    return recall(connection, once.key, once.fingerprint, oldest=oldest)


@contextlib.contextmanager
def _translated(connection: Connection) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, UnicodeError, MemoryError, SqlError) as error:
        raise _reason(connection, error) from error


def _reason(connection: Connection, error: Exception) -> SqlError | SqlBusy:
    reason = connection.reason(error)
    connection.rules.refusal = None
    return error_of(reason, connection.names)


@contextlib.contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    connection.internal("BEGIN IMMEDIATE" if connection.writes else "BEGIN")
    try:
        yield
        connection.internal("COMMIT")
    except BaseException:
        connection.roll_back()  # nothing to do if an interruption has ended it already
        raise


def _all(
    connection: Connection,
    statements: Sequence[Prepared | SqlError],
    allowance: _Allowance,
    allow_ddl: bool,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for index, statement in enumerate(statements):
        outcome = _attempt(connection, statement, allowance, allow_ddl)
        if isinstance(outcome, SqlError):
            outcome.index = index
            raise outcome
        outcomes.append(outcome)
    return outcomes


def _undoable(
    connection: Connection, statement: Prepared | SqlError, allowance: _Allowance, allow_ddl: bool
) -> Outcome:
    connection.internal("SAVEPOINT one")
    outcome = _attempt(connection, statement, allowance, allow_ddl)
    if not connection.db.in_transaction:
        # Out of time, memory or space SQLite undoes everything, the statements before as well.
        assert isinstance(outcome, SqlError)
        raise outcome
    if isinstance(outcome, SqlError):
        connection.internal("ROLLBACK TO one")
    connection.internal("RELEASE one")
    return outcome


def _attempt(
    connection: Connection, statement: Prepared | SqlError, allowance: _Allowance, allow_ddl: bool
) -> Outcome:
    if isinstance(statement, SqlError):
        return statement
    try:
        if statement.shape.returns and not connection.db.in_transaction:
            with _transaction(connection):
                return _run(connection, statement, allowance, allow_ddl)
        return _run(connection, statement, allowance, allow_ddl)
    except (apsw.Error, UnicodeError, MemoryError, SqlError) as error:
        reason = _reason(connection, error)
        return SqlError("busy", reason.message) if isinstance(reason, SqlBusy) else reason


def _run(
    connection: Connection, statement: Prepared, allowance: _Allowance, allow_ddl: bool
) -> QueryResult:
    started = time.perf_counter()
    db, shape = connection.db, statement.shape
    if shape.word == "create":
        _check_schema_size(connection)
    if shape.counts:
        db.set_last_insert_rowid(0)
    cursor = connection.tenant(statement.sql, statement.params, shape, allow_ddl=allow_ddl)
    try:
        rows, count = _rows(cursor, connection.columns, allowance)
    finally:
        cursor.close(True)
    return QueryResult(
        columns=connection.columns,
        rows_json=rows,
        row_count=count,
        is_rows=bool(connection.columns),
        changes=(db.changes() if shape.counts else 0) if shape.writes else None,
        last_row_id=(db.last_insert_rowid() or None) if shape.counts else None,
        duration_ms=(time.perf_counter() - started) * 1000,
    )


def _rows(
    cursor: apsw.Cursor, columns: tuple[str, ...], allowance: _Allowance
) -> tuple[bytes, int]:
    """Return the rows as a JSON array, never holding much more than the answer may be long."""
    pieces: list[bytes] = []
    rows: list[dict[str, Any]] = []
    size = count = 0
    for row in cursor:
        allowance.take_row()
        count += 1
        rows.append(dict(zip(columns, row, strict=True)))
        size += sum(map(sys.getsizeof, row))
        if size >= _PIECE_BYTES:
            pieces.append(_json(rows, allowance))
            rows, size = [], 0
    if rows:
        pieces.append(_json(rows, allowance))
    return b"[" + b",".join(pieces) + b"]", count


def _json(rows: list[dict[str, Any]], allowance: _Allowance) -> bytes:
    piece = orjson.dumps(rows, default=_base64)[1:-1]
    allowance.take_bytes(len(piece))
    return piece


def _base64(value: Any) -> str:
    """Return the text that stands for a BLOB, the only value that JSON has no word for."""
    return base64.b64encode(value).decode()


def _check_schema_size(connection: Connection) -> None:
    settings = connection.settings
    [(count, size)] = connection.internal(
        "SELECT count(*), coalesce(sum(length(sql)), 0) FROM sqlite_master"
    )
    if count >= settings.schema_max_count:
        message = f"The database has {settings.schema_max_count} tables and indexes, the most."
        raise SqlError("full", message)
    if size >= settings.schema_max_bytes:
        message = f"The CREATE statements have {settings.schema_max_bytes} characters, the most."
        raise SqlError("full", message)
