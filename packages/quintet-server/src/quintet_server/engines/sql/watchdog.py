"""Ending statements from outside their session, whatever the session was told.

A statement that is still running at its deadline is cancelled from a connection of the server's
own role; if that does not help within the grace, its connection is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import psycopg
import structlog

from quintet_server.store.database import Connection, Database, connect

__all__ = ["Watch", "Watchdog"]

_log = structlog.get_logger(__name__)


class Watch:
    """One statement being watched."""

    def __init__(self) -> None:
        self.is_over = False
        self.has_fired = False


class Watchdog:
    """Watches the statements of this process."""

    def __init__(self, db: Database, grace_seconds: float):
        self._db = db
        self._grace = grace_seconds
        self._conn: Connection | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def watching(self, pid: int, seconds: float) -> Iterator[Watch]:
        """Let the statement of that session run for so long."""
        watch = Watch()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(0.0, seconds), self._fire, watch, pid)
        try:
            yield watch
        finally:
            watch.is_over = True
            timer.cancel()

    def end(self, pid: int) -> None:
        """Cancel whatever that session does and end its connection. Returns at once."""
        self._spawn(self._ask("SELECT pg_terminate_backend(%s)", pid))

    async def stop(self) -> None:
        """Wait for what was begun and close the connection."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace + 1.0)
        if self._conn is not None:
            await self._conn.close()

    def _fire(self, watch: Watch, pid: int) -> None:
        watch.has_fired = True
        self._spawn(self._enforce(pid, lambda: watch.is_over))

    async def _enforce(self, pid: int, is_over: Callable[[], bool]) -> None:
        await self._ask("SELECT pg_cancel_backend(%s)", pid)
        ends_at = asyncio.get_running_loop().time() + self._grace
        while asyncio.get_running_loop().time() < ends_at:
            if is_over():
                return
            await asyncio.sleep(0.02)
        await self._ask("SELECT pg_terminate_backend(%s)", pid)

    async def _ask(self, statement: str, pid: int) -> None:
        async with self._lock:
            for _ in range(2):  # the connection may have died since it was last needed
                try:
                    if self._conn is None or self._conn.closed:
                        self._conn = await connect(
                            self._db.url, application_name="quintet-sql-watchdog"
                        )
                    await self._conn.execute(statement.encode(), (pid,))
                    return
                except psycopg.Error as error:
                    _log.warning("sql_watchdog_failed", error=str(error))
                    if self._conn is not None:
                        await self._conn.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
