"""The databases of all projects: what services call."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw
import structlog

from quintet_server.engines.sqlite import backup
from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.errors import error_of
from quintet_server.engines.sqlite.execution import (
    Once,
    Prepared,
    run_batch,
    run_part,
    run_query,
    tidy,
)
from quintet_server.engines.sqlite.lanes import Crew, Lane, Seat, Work
from quintet_server.engines.sqlite.model import QueryResult, SqlError, Statement, Usage
from quintet_server.engines.sqlite.parameters import bindable
from quintet_server.engines.sqlite.settings import SqliteSettings
from quintet_server.engines.sqlite.statements import shape_of

__all__ = ["Databases", "path_of"]

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_TIDY_PERIOD_SECONDS = 600.0


class Databases:
    """One SQLite file per project, opened when it is first used.

    Every method raises :class:`~.model.SqlError` for a statement that failed and
    :class:`~.model.SqlBusy` when there is no room for it now. Cancelling a call ends its statement.
    """

    def __init__(
        self, settings: SqliteSettings, folder: Path, *, now: Callable[[], float] = time.time
    ) -> None:
        """`now` is what idempotency keys grow old by, in seconds since 1970."""
        self.settings = settings
        self.folder = folder
        self._now = now
        self._crew: Crew | None = None
        self._open: OrderedDict[str, _Database] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Get ready to open files; on the event loop that all calls will come from."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        apsw.hard_heap_limit(self.settings.heap_max_bytes)
        self._crew = Crew(self.settings)

    async def stop(self) -> None:
        """Interrupt what runs and close every file."""
        if self._crew is None:
            return
        crew, self._crew = self._crew, None
        await crew.stop()
        while self._open:
            self._close(self._open.popitem()[1])
        await asyncio.gather(*self._closing)

    async def query(
        self,
        database: str,
        sql: str,
        params: Sequence[Any] = (),
        *,
        key: str | None = None,
        fingerprint: bytes = b"",
        allow_ddl: bool = True,
    ) -> QueryResult:
        """Carry out one statement, its transaction committed and on disk when this returns.

        With a `key` a statement that writes is done once: a repeated call gets the first one's
        answer, and `KeyReused` if its `fingerprint` differs. Without `allow_ddl` a statement that
        changes the schema, or reads it from `sqlite_master`, is refused.
        """
        statement = self._prepared(Statement(sql, params))
        opened = self._database(database)
        writes = statement.shape.writes
        once = self._once(key, fingerprint) if writes else None

        def alone(connection: Connection, deadline: float) -> QueryResult:
            return run_query(connection, statement, deadline, allow_ddl=allow_ddl, once=once)

        def shared(connection: Connection) -> QueryResult:
            return run_part(connection, statement, allow_ddl=allow_ddl, once=once)

        # Only plain changes of rows: the schema, and what speaks of the transaction or the
        # connection, are not for neighbours to see.
        may_share = statement.shape.counts
        work = Work(self._opener(opened, once), alone, shared if may_share else None)
        return await self._run(opened, work, writes=writes)

    async def batch(
        self,
        database: str,
        statements: Sequence[Statement],
        *,
        atomic: bool,
        key: str | None = None,
        fingerprint: bytes = b"",
        allow_ddl: bool = True,
    ) -> list[QueryResult | SqlError]:
        """Carry out several statements in order, within the time and the answer of one.

        Each is a transaction of its own and fails alone, its error in its place. With `atomic` all
        are one transaction: the first failure is raised, with its index, and nothing has changed.
        """
        items = [self._attempt(statement) for statement in statements]
        if atomic:
            _raise_first(items)
        opened = self._database(database)
        writes = any(isinstance(item, Prepared) and item.shape.writes for item in items)
        once = self._once(key, fingerprint) if writes else None

        def alone(connection: Connection, deadline: float) -> list[QueryResult | SqlError]:
            return run_batch(
                connection, items, deadline, atomic=atomic, allow_ddl=allow_ddl, once=once
            )

        return await self._run(opened, Work(self._opener(opened, once), alone), writes=writes)

    async def backup(self, database: str, target: Path) -> None:
        """Write a copy of the database as it is now; see :func:`~.backup.back_up`."""
        await asyncio.to_thread(backup.back_up, self._path(database), target)

    async def usage(self, database: str) -> Usage:
        """Return how large a database is."""
        return await asyncio.to_thread(backup.usage_of, self._path(database))

    def list(self) -> list[str]:
        """Return the projects that have a database."""
        return sorted(path.stem for path in self.folder.glob("*.db"))

    async def _run(self, opened: _Database, work: Work[T], *, writes: bool) -> T:
        assert self._crew is not None, "start() comes first"
        return await self._crew.run(opened.writing if writes else opened.reading, work)

    def _opener(self, opened: _Database, once: Once | None) -> Callable[[Seat], Connection]:
        def open_for(seat: Seat) -> Connection:
            connection = opened.connection(seat)
            self._tidy(opened, connection, once)
            return connection

        return open_for

    def _prepared(self, statement: Statement) -> Prepared:
        sql = statement.sql.lstrip("; \t\r\n\f")
        shape = shape_of(sql, max_bytes=self.settings.sql_max_bytes)
        return Prepared(sql, bindable(statement.params, self.settings), shape)

    def _attempt(self, statement: Statement) -> Prepared | SqlError:
        try:
            return self._prepared(statement)
        except SqlError as error:
            return error

    def _once(self, key: str | None, fingerprint: bytes) -> Once | None:
        return None if key is None else Once(key, fingerprint, self._now())

    def _tidy(self, opened: _Database, connection: Connection, once: Once | None) -> None:
        """Forget old keys now and then, in the thread that writes anyway."""
        if once is None or time.monotonic() < opened.tidy_at:
            return
        opened.tidy_at = time.monotonic() + _TIDY_PERIOD_SECONDS
        try:
            tidy(connection, oldest=once.now - self.settings.key_ttl_seconds)
        except apsw.Error as error:
            _log.warning("sqlite_keys_not_tidied", error=repr(error))

    def _path(self, database: str) -> Path:
        return path_of(self.folder, database)

    def _database(self, name: str) -> _Database:
        """Return a database, the one most recently used; close those unused for longest."""
        opened = self._open.get(name)
        if opened is not None:
            self._open.move_to_end(name)
            return opened
        assert self._crew is not None, "start() comes first"
        opened = _Database(name, self._path(name), self.settings, self._crew.is_crowded)
        self._open[name] = opened
        excess = len(self._open) - self.settings.open_count
        for other in list(self._open.values())[: max(0, excess)]:
            if other is not opened and not self._is_busy(other):
                del self._open[other.name]
                self._close(other)
        return opened

    def _is_busy(self, opened: _Database) -> bool:
        assert self._crew is not None
        return self._crew.is_busy(opened.writing) or self._crew.is_busy(opened.reading)

    def _close(self, opened: _Database) -> None:
        # Closing empties the log into the file, which takes time.
        task = asyncio.create_task(asyncio.to_thread(opened.close))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def path_of(folder: Path, database: str) -> Path:
    """Return the file of a project; ValueError for a name that could lead anywhere else."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,128}", database) is None:
        raise ValueError(f"not the name of a database: {database!r}")
    return folder / f"{database}.db"


def _raise_first(items: list[Prepared | SqlError]) -> None:
    for index, item in enumerate(items):
        if isinstance(item, SqlError):
            item.index = index
            raise item


class _Database:
    """The connections of one project: one that writes, some that read."""

    def __init__(
        self, name: str, path: Path, settings: SqliteSettings, crowd: Callable[[], bool]
    ) -> None:
        self.name = name
        self.tidy_at = 0.0
        self._open = partial(Connection, path, settings, crowd=crowd)
        self._lock = threading.Lock()
        self._writer = Seat()
        self._readers = [Seat() for _ in range(settings.readers_count)]
        self.writing = Lane(name, [self._writer])
        self.reading = Lane(name, self._readers)

    def connection(self, seat: Seat) -> Connection:
        """Return the connection of a seat, opened when it is first used; in a thread.

        The one that writes is opened first, and closed last: it makes the file what it must be.
        """
        if seat.connection is None:
            with self._lock:
                try:
                    if self._writer.connection is None:
                        self._writer.connection = self._open(writes=True)
                    if seat.connection is None:
                        seat.connection = self._open(writes=False)
                except apsw.Error as error:
                    raise error_of(error, lambda _table: ()) from error
        return seat.connection

    def close(self) -> None:
        """Close every connection; nothing may be using them."""
        for seat in (*self._readers, self._writer):
            if seat.connection is not None:
                seat.connection.close()
                seat.connection = None
