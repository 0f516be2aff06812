"""Connections of tenants: few, each under its tenant's own role, none carrying anything over.

Two bounds: statements of one tenant and of all tenants. Who waits for his turn waits in order, for
a limited time, and not in a crowd. A connection that ran its statement well is emptied
(`DISCARD ALL`) and kept for a while; any other is ended, with its backend.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg

from quintet_server.engines.sql.model import SqlBusy, SqlUnavailable
from quintet_server.engines.sql.roles import Login, Roles
from quintet_server.engines.sql.settings import SqlSettings
from quintet_server.engines.sql.watchdog import Watchdog
from quintet_server.store.background import end
from quintet_server.store.database import Connection

__all__ = ["Session", "Sessions"]


@dataclass(slots=True, eq=False)
class Session:
    """A connection as a tenant."""

    conn: Connection
    project_id: str
    pid: int
    idle_since: float = 0.0
    is_sound: bool = False
    """Whether it may be used again; said by whoever ran a statement on it."""


class _Turns:
    """Who of one tenant may run; `users` counts those who run or wait."""

    def __init__(self, most: int) -> None:
        self.free = asyncio.Semaphore(most)
        self.users = 0


class Sessions:
    """All connections of tenants in this process."""

    def __init__(self, roles: Roles, watchdog: Watchdog, settings: SqlSettings):
        self._roles = roles
        self._watchdog = watchdog
        self._settings = settings
        self._free = asyncio.Semaphore(settings.connections_max_count)
        self._turns: dict[str, _Turns] = {}
        self._waiting = 0
        self._idle: OrderedDict[Session, None] = OrderedDict()  # longest idle first
        self._lent = 0
        self._sweeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to close what is not used."""
        self._sweeper = asyncio.create_task(self._sweep(), name="sql-sessions")

    async def stop(self) -> None:
        """Close every idle connection."""
        if self._sweeper is not None:
            await end(self._sweeper)
        while self._idle:
            await self._close(self._idle.popitem()[0])

    @contextlib.asynccontextmanager
    async def lend(self, project_id: str, wait_seconds: float) -> AsyncIterator[Session]:
        """A connection of the tenant's own, alone and with nothing left in it.

        Raises :class:`SqlBusy` when it takes too long to get one, :class:`SqlUnavailable` when the
        database refuses to give one.
        """
        async with self._turn(project_id, wait_seconds):
            self._lent += 1  # counted before it is there, so that no two take the last place
            try:
                session = await self._take(project_id)
            except BaseException:
                self._lent -= 1
                raise
            try:
                yield session
            finally:
                is_clean = False
                try:
                    is_clean = session.is_sound and await self._empty(session)
                finally:
                    self._lent -= 1
                    if is_clean:
                        session.idle_since = asyncio.get_running_loop().time()
                        self._idle[session] = None
                    else:
                        await self._discard(session)

    @contextlib.asynccontextmanager
    async def _turn(self, project_id: str, wait_seconds: float) -> AsyncIterator[None]:
        if self._waiting >= self._settings.waiting_max_count:
            raise SqlBusy
        turns = self._turns.get(project_id)
        if turns is None:
            turns = self._turns[project_id] = _Turns(self._settings.tenant_connections_max_count)
        turns.users += 1
        try:
            async with contextlib.AsyncExitStack() as held:
                self._waiting += 1
                try:
                    async with asyncio.timeout(min(wait_seconds, self._settings.wait_seconds)):
                        # First among the tenant's own: one tenant's queue is not everybody's.
                        await held.enter_async_context(turns.free)
                        await held.enter_async_context(self._free)
                except TimeoutError:
                    raise SqlBusy from None
                finally:
                    self._waiting -= 1
                yield
        finally:
            turns.users -= 1
            if not turns.users:
                self._turns.pop(project_id, None)

    async def _take(self, project_id: str) -> Session:
        for session in reversed(self._idle):
            if session.project_id == project_id:
                del self._idle[session]
                if not _has_news(session):
                    session.is_sound = False
                    return session
                await self._close(session)
                break
        if self._lent + len(self._idle) > self._settings.connections_max_count and self._idle:
            await self._close(self._idle.popitem(last=False)[0])
        return await self._open(project_id)

    async def _open(self, project_id: str) -> Session:
        login = await self._roles.login_of(project_id)
        try:
            conn = await _connect(login)
        except psycopg.OperationalError:
            # Dropped role, other password (a restored dump), or nobody there: look again, once.
            self._roles.forget(project_id)
            login = await self._roles.login_of(project_id)
            try:
                conn = await _connect(login)
            except psycopg.OperationalError as error:
                raise _refusal(error) from error
        return Session(conn, project_id, conn.info.backend_pid)

    async def _empty(self, session: Session) -> bool:
        try:
            await session.conn.execute("ROLLBACK")
            await session.conn.execute("DISCARD ALL")
        except psycopg.Error:
            return False
        return True

    async def _discard(self, session: Session) -> None:
        self._watchdog.end(session.pid)
        await session.conn.close()

    async def _close(self, session: Session) -> None:
        await session.conn.close()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        kept = self._settings.idle_seconds
        while True:
            await asyncio.sleep(min(5.0, max(0.05, kept / 4)))
            while self._idle and next(iter(self._idle)).idle_since + kept < loop.time():
                await self._close(self._idle.popitem(last=False)[0])


async def _connect(login: Login) -> Connection:
    return await psycopg.AsyncConnection.connect(
        login.conninfo, autocommit=True, prepare_threshold=None
    )


def _has_news(session: Session) -> bool:
    """An idle connection has nothing to read; if it does, its backend is gone or going."""
    if session.conn.closed:
        return True
    poller = select.poll()
    poller.register(session.conn.pgconn.socket, select.POLLIN)
    return bool(poller.poll(0))


def _refusal(error: psycopg.OperationalError) -> SqlBusy | SqlUnavailable:
    """Full is for a moment, everything else until somebody does something."""
    text = str(error).strip()
    if "too many connections" in text or "remaining connection slots" in text:
        return SqlBusy()
    return SqlUnavailable(f"The database does not let tenants in: {text.splitlines()[-1]}")
