"""What SQLite's complaints are called here, and which sentence helps.

Messages of SQLite about the statement are passed on: they name the table, the column, the
constraint. Those about the machine are not: they name files.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

import apsw
import structlog

from quintet_server.engines.sqlite.model import ErrorKind, SqlBusy, SqlError

__all__ = ["Names", "error_of", "wrong_count"]

_log = structlog.get_logger(__name__)

Names = Callable[[str | None], Iterable[str]]
"""The columns of a table, of all tables for ``"*"``, or for None the tables."""

_BINDINGS = re.compile(r"uses (\d+)\D+?(\d+) supplied", re.DOTALL)
_NO_TABLE = re.compile(r"no such table: (?:main\.)?(.+)")
_NO_COLUMN = re.compile(r"no such column: (?:\"([^\"]+)\"|(\S+))")
_NO_COLUMN_IN = re.compile(r"table (\S+) has no column named (.+)")
_NO_FUNCTION = re.compile(r"no such function: (.+)")
_TOO_MUCH = re.compile(
    r"too many|too large|too complex|too deep|too big|too long|stack overflow|out of memory"
    r"|recursion limit|exceeds limit",
    re.IGNORECASE,
)

_BY_CLASS: tuple[tuple[type[Exception], ErrorKind, str | None], ...] = (
    (apsw.ConstraintError, "constraint", None),
    (apsw.MismatchError, "constraint", None),
    (apsw.TooBigError, "too_big", "A text, a BLOB or a row became longer than is allowed."),
    (apsw.NoMemError, "too_big", "The statement needed more memory than there is for all."),
    (MemoryError, "too_big", "The statement needed more memory than there is for all."),
    (apsw.FullError, "full", "The database has reached its size: delete something first."),
    (apsw.RangeError, "parameters", None),
)


def error_of(error: Exception, names: Names) -> SqlError | SqlBusy:
    """Return what a failure amounts to. `names` is asked only to find out what was meant."""
    if isinstance(error, (SqlError, SqlBusy)):
        return error
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return SqlBusy("The database is being written to by somebody else; try again shortly.")
    if isinstance(error, apsw.BindingsError):
        return _bindings_error(str(error))
    if isinstance(error, UnicodeDecodeError):
        message = (
            "A text in the result is not valid UTF-8. Select hex(column), or "
            "CAST(column AS BLOB) to get base64."
        )
        return SqlError("syntax", message)
    for kind_of, kind, sentence in _BY_CLASS:
        if isinstance(error, kind_of):
            return SqlError(kind, sentence or _sentence(str(error)))
    if isinstance(error, (apsw.SQLError, apsw.ReadOnlyError, apsw.AuthError)):
        return _sql_error(str(error), names)
    _log.error("sqlite_failed", error=repr(error))
    return SqlError("engine", "The database could not be used; the server's log says why.")


def _sentence(message: str) -> str:
    # apsw puts the name of the code before what SQLite says.
    return message.removeprefix("SQLError: ").strip() or "The statement failed."


def _bindings_error(message: str) -> SqlError:
    if found := _BINDINGS.search(message):
        return wrong_count(int(found[1]), int(found[2]))
    return SqlError("parameters", "The number of params does not match the placeholders.")


def wrong_count(wanted: int, given: int) -> SqlError:
    """Return the error for values that do not match the placeholders in number."""
    placeholders = f"{wanted} placeholder" + ("" if wanted == 1 else "s")
    message = f"The statement has {placeholders}, params has {given}."
    return SqlError("parameters", message)


def _sql_error(message: str, names: Names) -> SqlError:
    if found := _NO_TABLE.fullmatch(message):
        return _no_table(message, found[1], names)
    if found := _NO_COLUMN_IN.fullmatch(message):
        return _no_column(message, found[2], found[1], names)
    if found := _NO_COLUMN.match(message):
        table, _, column = (found[1] or found[2]).rpartition(".")
        return _no_column(message, column, table or None, names)
    if found := _NO_FUNCTION.fullmatch(message):
        return SqlError("syntax", message, suggestion=_about_function(found[1]))
    if _TOO_MUCH.search(message):
        return SqlError("too_big", message)
    return SqlError("syntax", message)


def _no_table(message: str, table: str, names: Names) -> SqlError:
    close = difflib.get_close_matches(table, list(names(None)), n=1)
    suggestion = (
        f"Did you mean {close[0]}?" if close else f"Make it first: CREATE TABLE {table} (...)."
    )
    return SqlError("no_table", message, table=table, suggestion=suggestion)


def _no_column(message: str, column: str, table: str | None, names: Names) -> SqlError:
    columns = list(names(table)) if table is not None else []
    if not columns:  # the table is not named, or goes by another name in this statement
        table, columns = None, list(names("*"))
    close = difflib.get_close_matches(column, columns, n=1)
    if close:
        suggestion = f"Did you mean {close[0]}?"
    elif "string literal" in message:
        suggestion = f"Put texts in single quotes: '{column}'."
    else:
        suggestion = f"Add it first: ALTER TABLE {table or '<table>'} ADD COLUMN {column}."
    return SqlError("no_column", message, table=table, column=column, suggestion=suggestion)


def _about_function(name: str) -> str:
    if name.lower() == "regexp":
        return "There is no REGEXP; LIKE and GLOB match patterns, fts5 tables match words."
    return "This is SQLite: see the list of its functions in pragma_function_list()."
