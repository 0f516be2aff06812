"""Running a report: one snapshot, a bounded time, and not more at once than others can spare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.errors import QueryCanceled

from quintet_server.services.ghostflow.errors import unavailable
from quintet_server.store.database import Connection, Database

__all__ = ["Reader"]

_BEGIN = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SET LOCAL statement_timeout = {}
"""
"""Compiling a statement takes longer than most reports; distinct visitors want memory."""


class Reader:
    """Lends connections to reports."""

    def __init__(self, db: Database, *, concurrency_count: int, timeout_seconds: float) -> None:
        self._db = db
        self._free = asyncio.Semaphore(concurrency_count)
        self._begin = _BEGIN.format(int(timeout_seconds * 1000)).encode()
        self._timeout = timeout_seconds

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection on which every statement sees the same facts.

        Waits while as many reports as may run at once are running. Raises 503 when a statement
        takes longer than it may.
        """
        try:
            async with self._free, self._db.transaction() as conn:
                await conn.execute(self._begin)
                yield conn
        except QueryCanceled:
            message = f"The report took longer than {self._timeout:g} s; ask for less at once."
            raise unavailable(message) from None
