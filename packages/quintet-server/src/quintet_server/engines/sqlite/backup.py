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
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent} to write {target.name} into")
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
    :class:`BackupError` when `source` is no intact SQLite database, larger than one may be, or
    nothing that the server could work with.
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
            with _made_ours(copy, source, target, settings) as ours:
                _put(ours, target, settings)
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
def _made_ours(
    copy: apsw.Connection, source: Path, target: Path, settings: SqliteSettings
) -> Iterator[apsw.Connection]:
    """Give a copy, in a file of its own, that the server has opened as one of its databases.

    What cannot be made so fails here, before anything is replaced. A database that is in use could
    not change the size of its pages, and nothing changes the encoding of one that has tables.
    """
    if copy.pragma("encoding") != "UTF-8":
        raise BackupError(
            f"{source} keeps texts in {copy.pragma('encoding')}, and databases here are in UTF-8: "
            "write it out as SQL (.dump of the sqlite3 shell) and read that into a new file"
        )
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.touch(mode=0o600)
    try:
        with _opened(part) as ours:
            _copy(copy, ours)
            ours.pragma("journal_mode", "DELETE")
            if ours.pragma("page_size") != _PAGE_BYTES:
                ours.pragma("page_size", _PAGE_BYTES)
                ours.execute("VACUUM")
            _drop_hidden(ours)
        Connection(part, settings, writes=True).close()
        with _opened(part) as ours:
            yield ours
    finally:
        for suffix in ("", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _drop_hidden(database: apsw.Connection) -> None:
    """Drop what goes by the name of our table, whatever somebody has made of it."""
    find = "SELECT upper(type) FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')"
    for (kind,) in database.execute(find, (HIDDEN_TABLE,)).fetchall():
        database.execute(f"DROP {kind} {HIDDEN_TABLE}")


def _put(ours: apsw.Connection, target: Path, settings: SqliteSettings) -> None:
    if not target.exists():
        Connection(target, settings, writes=True).close()
    # Not opened as the server does: what is there now may be what has to be replaced.
    with _opened(target) as database:
        try:
            _copy(ours, database)
        except apsw.NotADBError:
            raise BackupError(
                f"{target} is no database any more: stop the server, move that file out of the "
                "way, and restore again"
            ) from None
    # A copy may come from a database in another mode; opening it anew sets what was lost.
    Connection(target, settings, writes=True).close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
