"""A file into a table: all of it, in one transaction, or nothing.

Records are read in a thread, a batch ahead of the one that the database is taking.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from psycopg.errors import DeadlockDetected

from quintet_server.services.amdahl.data.embedding import forget_vectors, request_embedding
from quintet_server.services.amdahl.data.files import FileRefused, Record, records
from quintet_server.services.amdahl.data.headers import Headers
from quintet_server.services.amdahl.data.keeping import Kept, Stage
from quintet_server.services.amdahl.data.rows import BadRow, Row, RowReader
from quintet_server.services.amdahl.data.tables import Table
from quintet_server.store.database import Connection, Database

__all__ = ["LoadRefused", "Problem", "load_file"]

_BATCH_COUNT = 20_000
_PROBLEMS_MAX_COUNT = 20
# After so many new rows the planner is told what the table looks like now.
_ANALYZED_COUNT = 5_000
_ATTEMPTS_COUNT = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong on a line of a file (or with the file, without one)."""

    line: int | None
    message: str


class LoadRefused(Exception):
    """Nothing was written."""

    def __init__(self, problems: Sequence[Problem]):
        super().__init__(problems[0].message)
        self.problems = problems


async def load_file(
    db: Database,
    project_id: str,
    table: Table,
    path: Path,
    format: str,
    headers: Headers,
    *,
    replace: bool,
    told: Callable[[int], None],
) -> Kept:
    """Load a file and tell how many rows were new, changed, and as they are.

    Args:
        replace: Delete what the table has before.
        told: Called with the number of bytes read so far, from another thread; from the start
            again if somebody who writes the same rows was in the way.

    Raises:
        LoadRefused: With the first mistakes; the table is as it was.
        OSError: The file cannot be read.
    """

    async def attempt() -> Kept:
        reader = _Reader(records(path, format, headers, told), RowReader(table, from_text=True))
        return await _load(db, project_id, table, reader, replace=replace)

    total = await _again_if_crossed(attempt)
    if table.name == "interactions":
        await request_embedding(db, project_id)
    if total.inserted + total.updated >= _ANALYZED_COUNT:
        async with db.connection() as conn:
            await conn.execute(f"ANALYZE {table.kept_in}".encode())
    return total


async def _again_if_crossed(attempt: Callable[[], Awaitable[Kept]]) -> Kept:
    """Its result, of another attempt if need be.

    A file is not in the order in which requests lock rows, and one that replaces all goes through
    the table twice. Where both wait for each other PostgreSQL ends one side, and nothing was done.
    """
    for _ in range(_ATTEMPTS_COUNT - 1):
        with contextlib.suppress(DeadlockDetected):
            return await attempt()
    return await attempt()


async def _load(
    db: Database, project_id: str, table: Table, reader: _Reader, *, replace: bool
) -> Kept:
    total = Kept()
    async with db.transaction() as conn:
        if replace:
            await _clear(conn, project_id, table)
        stage = Stage(conn, project_id, table)
        await stage.open()
        batch = await asyncio.to_thread(reader.batch)
        while batch:
            following = asyncio.create_task(asyncio.to_thread(reader.batch))
            try:
                total += await stage.keep(batch)
            finally:
                batch = await following
    return total


async def _clear(conn: Connection, project_id: str, table: Table) -> None:
    await conn.execute(f"DELETE FROM {table.kept_in} WHERE project_id = %s".encode(), (project_id,))
    if table.name == "interactions":
        await forget_vectors(conn, project_id, "interaction")


class _Reader:
    """Batches of rows, checked; used by one thread at a time."""

    def __init__(self, found: Iterator[Record], rows: RowReader) -> None:
        self._found = found
        self._rows = rows

    def batch(self) -> list[Row]:
        """The next rows; none at the end of the file. Raises LoadRefused."""
        problems: list[Problem] = []
        rows: list[Row] = []
        try:
            for record in islice(self._found, _BATCH_COUNT):
                try:
                    rows.append(self._rows.read(record.values))
                except BadRow as error:
                    problems += [
                        Problem(record.line, f"{field}: {message}")
                        for field, message in error.problems
                    ]
                    if len(problems) >= _PROBLEMS_MAX_COUNT:
                        break
        except FileRefused as error:
            problems.append(Problem(error.line, str(error)))
        if problems:
            raise LoadRefused(problems)
        return rows
