"""One connection to one database: opened with every limit set, watched while a statement runs.

Three things end a statement that does not end by itself. SQLite calls back after every few thousand
instructions: then the clock, the memory and the bytes written are looked at. Between two calls a
single instruction may handle one large value, which the length limits keep short. And whoever waits
for the answer may interrupt from outside.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw

from quintet_server.engines.sqlite.functions import replace_slow_functions
from quintet_server.engines.sqlite.model import ErrorKind, SqlError
from quintet_server.engines.sqlite.rules import HIDDEN_TABLE, Rules
from quintet_server.engines.sqlite.settings import SqliteSettings
from quintet_server.engines.sqlite.statements import Shape, is_blank
from quintet_server.engines.sqlite.written import bytes_written

__all__ = ["Connection", "Crowd"]

Crowd = Callable[[], bool]
"""Whether other projects have anything to do right now."""

_TICK_INSTRUCTIONS = 5_000  # a fraction of a millisecond
_PAGE_BYTES = 4096
_PATCH_MAX_BYTES = 64 * 1024  # of values near json_patch, which compares each name with each
_WRITTEN_PERIOD_SECONDS = 0.02  # asking the kernel costs as much as a tick's work
_PREPARED_COUNT = 64
# Part of the key under which statements are kept prepared: ours are never taken for a tenant's.
_OURS = apsw.SQLITE_PREPARE_PERSISTENT

_HIDDEN_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS {HIDDEN_TABLE} (
    key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, made_at REAL NOT NULL, answer BLOB NOT NULL
) WITHOUT ROWID
"""
_HIDDEN_INDEX = f"CREATE INDEX IF NOT EXISTS {HIDDEN_TABLE}_made_at ON {HIDDEN_TABLE} (made_at)"


class Connection:
    """A connection that one thread at a time may use."""

    def __init__(
        self, path: Path, settings: SqliteSettings, *, writes: bool, crowd: Crowd = lambda: False
    ) -> None:
        """Open the file; one that writes makes it when it does not exist.

        Raises `apsw.Error` when the file is no database or cannot be opened.
        """
        self.settings = settings
        self.writes = writes
        self.rules = Rules(settings.function_calls_max_count)
        self.columns: tuple[str, ...] = ()
        """Of the tenant's statement that is running or ran last."""
        self._crowd = crowd
        self._ended_by: SqlError | None = None
        self._deadline = self._started = self._next_look = 0.0
        self._written_before = -1  # as of the first look: few statements live to see one
        self._sql = ""
        self._traced = self._patches = False
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if writes else 0)
        self.db = apsw.Connection(str(path), flags=flags, statementcachesize=_PREPARED_COUNT)
        try:
            self._set_up()
        except BaseException:
            self.db.close()
            raise

    def close(self) -> None:
        """Close the file; the last connection to it also empties the log beside it."""
        self.db.close()

    def interrupt(self) -> None:
        """End the statement under way, from any thread; without one this does nothing."""
        self.db.interrupt()

    @contextlib.contextmanager
    def watched(self, deadline: float) -> Iterator[None]:
        """Bound what runs in the block; `deadline` by `time.monotonic`."""
        self._started = time.monotonic()
        self._deadline = deadline
        self._next_look = self._started + _WRITTEN_PERIOD_SECONDS
        self._written_before = -1
        self._ended_by = None
        self.db.set_progress_handler(self._tick, _TICK_INSTRUCTIONS)
        try:
            yield
        finally:
            self.db.set_progress_handler(None)

    def internal(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of ours and return its rows."""
        self.rules.trusted = True
        self._keep_values_short(False)
        cursor = self.db.execute(sql, params, can_cache=False, prepare_flags=_OURS)
        return cursor.fetchall()

    def roll_back(self) -> None:
        """Undo the transaction that is open, if one is, even while others keep interrupting."""
        while self.db.in_transaction:
            with contextlib.suppress(apsw.InterruptError):
                self.internal("ROLLBACK")

    def tenant(
        self, sql: str, params: tuple[Any, ...], shape: Shape, *, allow_ddl: bool
    ) -> apsw.Cursor:
        """Start a tenant's statement and return its cursor; :attr:`columns` is set.

        Raises `apsw.Error` or :class:`SqlError`; see :meth:`reason` for which.
        """
        self.rules.begin(may_change_schema=allow_ddl, may_patch=shape.patches)
        self._keep_values_short(shape.patches)
        if shape.patches and shape.changes_schema:
            message = "json_patch() is available in queries only, not in views, triggers or tables."
            raise SqlError("forbidden", message)
        self._sql, self._traced = sql, False
        self.columns = ()
        # What was prepared under one rule for schema changes must not run under the other.
        flags = 0 if allow_ddl else apsw.SQLITE_PREPARE_DONT_LOG
        cursor = self.db.execute(sql, params, prepare_flags=flags)
        if self.columns:
            # When somebody else has changed the schema, SQLite finds out at the first row, and
            # prepares the statement anew: `*` may stand for other columns than before. What
            # `get_description` has said once it repeats, so that this asks elsewhere.
            with contextlib.suppress(apsw.ExecutionCompleteError):
                self.columns = tuple(column[0] for column in cursor.description)
        return cursor

    def reason(self, error: Exception) -> Exception:
        """Return why a statement really ended: a refusal and a bound look alike to SQLite."""
        if self.rules.refusal is not None and isinstance(error, apsw.Error):
            return self.rules.refusal
        if isinstance(error, apsw.InterruptError):
            return self._ended_by or SqlError("too_long", self._too_long())
        return error

    def names(self, table: str | None) -> list[str]:
        """Return the columns of a table, of all for ``"*"``, or for None the tables."""
        if table is None:
            rows = self.internal(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                f"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '{HIDDEN_TABLE}'"
            )
        elif table == "*":
            rows = self.internal(
                "SELECT DISTINCT c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                f"WHERE m.type IN ('table', 'view') AND m.name <> '{HIDDEN_TABLE}' LIMIT 1000"
            )
        else:
            rows = self.internal("SELECT name FROM pragma_table_info(?)", (table,))
        return [name for (name,) in rows]

    def _set_up(self) -> None:
        db, settings = self.db, self.settings
        for switch, value in _SWITCHES:
            db.config(switch, value)
        for limit, value in _limits(settings):
            db.limit(limit, value)
        # Another process may be at the same file; within this one the lanes see to it.
        db.set_busy_timeout(int(min(2.0, settings.statement_seconds) * 1000))
        replace_slow_functions(db, settings.value_max_bytes)
        db.authorizer = self.rules
        db.exec_trace = self._before
        db.pragma("cache_size", -(settings.cache_bytes // 1024))
        db.pragma("temp_store", "FILE")  # what spills is counted and is not our memory
        if not self.writes:
            db.pragma("query_only", True)
            return
        db.pragma("journal_mode", "WAL")
        db.pragma("synchronous", "FULL")  # a 2xx leaves after the log is on the disk
        db.pragma("journal_size_limit", 16 * 1024 * 1024)
        db.pragma("max_page_count", settings.database_max_bytes // _PAGE_BYTES)
        self.internal(_HIDDEN_SCHEMA)
        self.internal(_HIDDEN_INDEX)

    def _keep_values_short(self, wanted: bool) -> None:
        if wanted != self._patches:
            self._patches = wanted
            bound = _PATCH_MAX_BYTES if wanted else self.settings.value_max_bytes
            self.db.limit(apsw.SQLITE_LIMIT_LENGTH, bound)

    def _before(self, cursor: apsw.Cursor, sql: str, _params: Any) -> bool:
        """Look at a prepared statement before its first instruction."""
        if self.rules.trusted:
            return True
        rest = sql if self._traced else self._sql[len(sql) :]
        if rest and not is_blank(rest):
            message = "One statement per call. Send several as the queries of /db/batch."
            raise SqlError("syntax", message)
        if self._traced:  # a comment after the statement, to SQLite one of its own
            return True
        self._traced = True
        for number, name in enumerate(cursor.bindings_names, start=1):
            # ?3 is the third one. Of $3, :id and @id SQLite makes whichever number comes next.
            if name is not None and name != str(number):
                message = f"The placeholder named {name} is not available: write ? or ?1."
                raise SqlError("parameters", message)
        self.columns = tuple(column[0] for column in cursor.get_description())
        return True

    def _tick(self) -> bool:
        """Look at the bounds; True ends the statement."""
        now = time.monotonic()
        if now >= self._deadline:
            return self._end("too_long", self._too_long())
        if now < self._next_look:
            return False
        self._next_look = now + _WRITTEN_PERIOD_SECONDS
        settings, elapsed = self.settings, now - self._started
        written = bytes_written()
        if self._written_before < 0:
            self._written_before = written
        if written - self._written_before > settings.written_max_bytes:
            message = (
                f"The statement was ended: it wrote more than {settings.written_max_bytes} bytes. "
                "Sorting, grouping and recursing write too."
            )
            return self._end("too_big", message)
        if elapsed < settings.crowded_seconds:
            return False
        # Memory is shared by all: when it gets scarce, the statements that run for long end first.
        if apsw.memory_used() > settings.heap_max_bytes * 3 // 4:
            return self._end("too_big", "The statement was ended: memory is short.")
        if self._crowd():
            time.sleep(_WRITTEN_PERIOD_SECONDS)
            self._next_look += _WRITTEN_PERIOD_SECONDS
        return False

    def _end(self, kind: ErrorKind, message: str) -> bool:
        self._ended_by = SqlError(kind, message)
        return True

    def _too_long(self) -> str:
        return (
            f"The statement was ended: it ran for more than {self.settings.statement_seconds:g} s."
        )


_SWITCHES = (
    (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),  # no writable schema, no writes to shadow tables
    (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1),
    # "text" in double quotes is a column, never a string: a mistyped name is an error.
    (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
    (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
)


def _limits(settings: SqliteSettings) -> tuple[tuple[int, int], ...]:
    return (
        (apsw.SQLITE_LIMIT_LENGTH, settings.value_max_bytes),
        (apsw.SQLITE_LIMIT_SQL_LENGTH, settings.sql_max_bytes),
        (apsw.SQLITE_LIMIT_COLUMN, settings.columns_max_count),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, settings.expression_max_depth),
        (apsw.SQLITE_LIMIT_COMPOUND_SELECT, settings.compound_select_max_count),
        (apsw.SQLITE_LIMIT_VDBE_OP, settings.program_max_count),
        (apsw.SQLITE_LIMIT_FUNCTION_ARG, settings.function_arguments_max_count),
        (apsw.SQLITE_LIMIT_ATTACHED, 0),
        (apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, settings.like_pattern_max_bytes),
        (apsw.SQLITE_LIMIT_VARIABLE_NUMBER, settings.parameters_max_count),
        (apsw.SQLITE_LIMIT_TRIGGER_DEPTH, settings.trigger_max_depth),
        (apsw.SQLITE_LIMIT_WORKER_THREADS, 0),
    )
