"""Copies of a database while it is in use, and putting one back.

Both are SQLite's own online copy. A backup is one moment of the database: it reads a snapshot and
keeps nobody from writing. A restore is one transaction of the database that it replaces: whoever
reads meanwhile sees the old state to the end, and a restore that fails has changed nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.model import Usage
from quintet_server.engines.sqlite.rules import HIDDEN_TABLE
from quintet_server.engines.sqlite.settings import SqliteSettings

__all__ = ["BackupError", "back_up", "restore", "usage_of"]

_BUSY_MS = 10_000
_PAGE_BYTES = 4096


class BackupError(Exception):
    """A copy that could not be made, or is not worth having. Says what to do."""


def back_up(source: Path, target: Path) -> None:
    """Write a copy of a database as it is now, checked, to `target`, which is replaced whole.

    The copy is one file, without a log beside it. Raises :class:`BackupError` when there is no such
    database or the copy does not pass SQLite's check, OSError when `target` cannot be written.
    """
    if not source.exists():
        raise BackupError("there is no database yet: nothing has been stored in it")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.touch(mode=0o600)
    try:
        with _opened(source) as database, _opened(part) as copy:
            _copy(database, copy)
            copy.pragma("journal_mode", "DELETE")
            _check(copy, "the database")
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except apsw.Error as error:
        raise BackupError(f"the copy could not be made: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def restore(source: Path, target: Path, settings: SqliteSettings) -> None:
    """Make a database what a file says, the server running or not. Replaces all that is in it.

    Remembered idempotency keys are dropped: their requests may be undone by this. Raises
    :class:`BackupError` when `source` is no intact SQLite database, or larger than one may be.
    """
    if not source.is_file():
        raise BackupError(f"there is no file {source}")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with _opened(source, read_only=True) as copy:
            _check(copy, f"{source}")
            pages, page_bytes = copy.pragma("page_count"), copy.pragma("page_size")
            if pages * page_bytes > settings.database_max_bytes:
                raise BackupError(
                    f"{source} is larger than a database may be ({settings.database_max_bytes} "
                    "bytes): raise QUINTET_SQLITE_DATABASE_MAX_BYTES"
                )
            with _of_our_page_size(copy, target) as same:
                _put(same, target, settings)
    except apsw.NotADBError as error:
        raise BackupError(f"{source} is not a SQLite database") from error
    except apsw.Error as error:
        raise BackupError(f"the database could not be restored: {error}") from error


def usage_of(path: Path) -> Usage:
    """Return how large a database is; zeros when it has not been used yet."""
    if not path.exists():
        return Usage(path.stem, 0, 0, 0)
    with _opened(path) as database:
        size = database.pragma("page_count") * database.pragma("page_size")
        free = database.pragma("freelist_count") * database.pragma("page_size")
    log = path.with_name(path.name + "-wal")
    return Usage(path.stem, size, free, log.stat().st_size if log.exists() else 0)


@contextlib.contextmanager
def _opened(path: Path, *, read_only: bool = False) -> Iterator[apsw.Connection]:
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    database = apsw.Connection(str(path), flags=flags)
    try:
        database.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        database.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        database.set_busy_timeout(_BUSY_MS)
        yield database
    finally:
        database.close()


def _copy(source: apsw.Connection, target: apsw.Connection) -> None:
    """Copy everything in one step, that is, from one snapshot into one transaction."""
    with target.backup("main", source, "main") as work:
        work.step(-1)


def _check(database: apsw.Connection, what: str) -> None:
    found = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise BackupError(f"{what} is damaged: {'; '.join(map(str, found))}")


@contextlib.contextmanager
def _of_our_page_size(copy: apsw.Connection, target: Path) -> Iterator[apsw.Connection]:
    """Give the copy itself, or one in a file of its own if its pages are of another size.

    A database that is in use cannot change the size of its pages.
    """
    if copy.pragma("page_size") == _PAGE_BYTES:
        yield copy
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.touch(mode=0o600)
    try:
        with _opened(part) as same:
            _copy(copy, same)
            same.pragma("journal_mode", "DELETE")
            same.pragma("page_size", _PAGE_BYTES)
            same.execute("VACUUM")
            yield same
    finally:
        part.unlink(missing_ok=True)


def _put(copy: apsw.Connection, target: Path, settings: SqliteSettings) -> None:
    # Opened as the server does, so that a new file becomes what the server expects.
    connection = Connection(target, settings, writes=True)
    try:
        connection.db.set_busy_timeout(_BUSY_MS)
        connection.rules.trusted = True
        _copy(copy, connection.db)
        connection.internal(f"DROP TABLE IF EXISTS {HIDDEN_TABLE}")
    finally:
        connection.close()
    # A copy may come from a database in another mode; opening it anew sets what was lost.
    Connection(target, settings, writes=True).close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
