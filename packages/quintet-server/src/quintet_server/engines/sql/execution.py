"""Running one statement under a tenant's role, within every bound.

The gate that holds by itself: whatever text comes here is put into the FROM of a SELECT and sent
alone (the extended protocol takes exactly one statement). There PostgreSQL itself accepts nothing
but a SELECT: no second statement, no INTO, no WITH that writes (those stand at the top or nowhere).
The transaction is read-only besides.

Three clocks watch it: the watchdog from outside the session, the session's own `statement_timeout`
behind it, and this process, which waits no longer than both should take.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import abc
from psycopg.waiting import wait_async

from quintet_server.engines.sql.failures import refused
from quintet_server.engines.sql.fetching import Fetch, describe
from quintet_server.engines.sql.model import (
    Column,
    QueryResult,
    SqlRefused,
    SqlTimeout,
    SqlUnavailable,
)
from quintet_server.engines.sql.sessions import Session, Sessions
from quintet_server.engines.sql.settings import SqlSettings
from quintet_server.engines.sql.statement import Statement
from quintet_server.engines.sql.watchdog import Watchdog

__all__ = ["Runner"]

T = TypeVar("T")

# How much longer than watchdog and grace this process waits for a session to end.
_MARGIN_SECONDS = 0.2
# How often the event loop looks whether a wait was interrupted.
_INTERVAL_SECONDS = 1.0


class Runner:
    """Runs statements; whether they are wise is not its question."""

    def __init__(self, sessions: Sessions, watchdog: Watchdog, settings: SqlSettings):
        self._sessions = sessions
        self._watchdog = watchdog
        self._settings = settings

    async def query(
        self, project_id: str, statement: Statement, *, limit: int, seconds: float
    ) -> QueryResult:
        """The rows of a statement, at most `limit`, within `seconds` from now.

        Raises :class:`SqlRefused`, :class:`SqlTimeout`, :class:`SqlBusy`, :class:`SqlUnavailable`.
        """
        started = time.perf_counter()
        fetch = Fetch(statement, limit, self._settings.result_max_bytes)

        async def work(session: Session) -> None:
            await _wait(fetch.run, session)
            session.is_sound = fetch.is_complete

        await self._within(project_id, seconds, work)
        columns = fetch.columns
        if not columns:  # the first rows were beyond all bounds, and nothing of them was read
            left = max(0.001, seconds - (time.perf_counter() - started))
            columns = await self.describe(project_id, statement, seconds=left)
        return QueryResult(
            columns=columns,
            rows=fetch.rows,
            rows_json=b"[" + b",".join(fetch.encoded) + b"]",
            truncated=fetch.is_truncated,
            duration_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    async def describe(
        self, project_id: str, statement: Statement, *, seconds: float
    ) -> tuple[Column, ...]:
        """The columns a statement would have; it is not run. Raises like :meth:`query`."""
        columns: tuple[Column, ...] = ()

        async def work(session: Session) -> None:
            nonlocal columns
            columns = await _wait(lambda pgconn: describe(pgconn, statement), session)
            session.is_sound = True

        await self._within(project_id, seconds, work)
        return columns

    async def _within(
        self, project_id: str, seconds: float, work: Callable[[Session], Awaitable[None]]
    ) -> None:
        """Do `work` on a connection of the tenant, and say what a failure of it means."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        async with self._sessions.lend(project_id, seconds) as session:
            left = max(0.001, ends_at - loop.time())
            with self._watchdog.watching(session.pid, left) as watch:
                try:
                    patience = left + self._settings.grace_seconds + _MARGIN_SECONDS
                    async with asyncio.timeout(patience):
                        await _begin(session, left + self._settings.grace_seconds)
                        await work(session)
                except TimeoutError:
                    raise SqlTimeout(seconds) from None
                except psycopg.Error as error:
                    if watch.has_fired or isinstance(error, psycopg.errors.QueryCanceled):
                        raise SqlTimeout(seconds) from None
                    refusal = refused(error)
                    if refusal is None:
                        raise SqlUnavailable(f"The query could not be run: {error}") from error
                    session.is_sound = True
                    raise refusal from error
                except SqlRefused:
                    session.is_sound = not session.conn.pgconn.is_busy()
                    raise
                finally:
                    # A cancellation may be under way: it must not meet the next statement.
                    session.is_sound = session.is_sound and not watch.has_fired


async def _begin(session: Session, seconds: float) -> None:
    timeout = round(seconds * 1000)
    await session.conn.execute(f"BEGIN READ ONLY; SET LOCAL statement_timeout = {timeout}".encode())


async def _wait(run: Callable[[abc.PGconn], PQGen[T]], session: Session) -> T:
    pgconn = session.conn.pgconn
    return await wait_async(run(pgconn), pgconn.socket, _INTERVAL_SECONDS)
