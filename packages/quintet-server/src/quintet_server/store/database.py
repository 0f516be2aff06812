"""The connection pool to PostgreSQL, and the errors it turns into.

Connections are in autocommit mode: a statement alone is its own transaction, and
:meth:`Database.transaction` groups several. Rows are plain tuples unless a cursor says otherwise.
JSON columns travel through orjson.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

__all__ = ["Connection", "Database", "DatabaseTooOld", "DatabaseUnreachable", "connect"]

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

_OLDEST_VERSION = 150_000
_POOL_WAIT_SECONDS = 10.0
# No request waits longer than this for a row that another transaction holds.
_LOCK_TIMEOUT_MS = 10_000


class DatabaseUnreachable(Exception):
    """No connection could be made within the time allowed."""


class DatabaseTooOld(Exception):
    """The server speaks, but is older than PostgreSQL 15."""


def _dump_json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


async def _configure(conn: Connection) -> None:
    set_json_dumps(_dump_json, conn)
    set_json_loads(orjson.loads, conn)
    settings = f"SET lock_timeout = {_LOCK_TIMEOUT_MS}; SET TimeZone = 'UTC'"
    await conn.execute(settings.encode())


async def _check(conn: Connection) -> None:
    """Refuse a pooled connection whose peer has gone, without a round trip for healthy ones.

    An idle connection has nothing to read. If its socket is readable, the server closed it or sent
    a notice; only then is it worth asking.
    """
    poller = select.poll()
    poller.register(conn.pgconn.socket, select.POLLIN)
    if poller.poll(0):
        await AsyncConnectionPool.check_connection(conn)


async def connect(url: str, *, application_name: str) -> Connection:
    """Open one connection outside the pool, configured like the pooled ones."""
    conn = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        application_name=application_name,
        connect_timeout=5,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
    try:
        await _configure(conn)
    except BaseException:  # cancelled, too: nobody else knows of this connection
        await conn.close()
        raise
    return conn


async def _wait_until_reachable(url: str, application_name: str, seconds: float) -> int:
    """Return the server's version number once it accepts a connection."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Its text repeats the URL, in pieces that may hold a password.
        raise DatabaseUnreachable(
            "the database URL is not one: write postgresql://USER@HOST/NAME"
        ) from None
    deadline = time.monotonic() + seconds
    while True:
        try:
            async with await connect(url, application_name=application_name) as conn:
                return conn.info.server_version
        except psycopg.OperationalError as error:
            if not _may_mend(str(error)) or time.monotonic() >= deadline:
                raise DatabaseUnreachable(
                    f"cannot connect to PostgreSQL at {_without_password(url)}: "
                    f"{_without_password(str(error).strip(), url)}"
                ) from error
        await asyncio.sleep(0.1)


def _may_mend(error: str) -> bool:
    """Tell whether waiting can help.

    A server that answers FATAL has decided (wrong password, no such database), unless it says that
    it is starting, stopping or full. libpq gives no error code here, only the text.
    """
    passing = ("the database system is", "too many", "remaining connection slots")
    return "FATAL:" not in error or any(words in error for words in passing)


def _without_password(text: str, url: str | None = None) -> str:
    password = conninfo_to_dict(url or text).get("password")
    return text.replace(str(password), "***") if password else text


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, pool: AsyncConnectionPool[Connection], application_name: str):
        self.url = url
        self.application_name = application_name
        self._pool = pool

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        application_name: str = "quintet",
        wait_seconds: float = 30.0,
    ) -> Database:
        """Return an open pool, waiting up to ``wait_seconds`` for the server to accept connections.

        Raises :class:`DatabaseUnreachable` (also at once, when credentials or the database name are
        wrong) and :class:`DatabaseTooOld` below PostgreSQL 15.
        """
        version = await _wait_until_reachable(url, application_name, wait_seconds)
        if version < _OLDEST_VERSION:
            raise DatabaseTooOld(
                f"PostgreSQL 15 or newer is needed, this one is {version // 10_000}"
            )
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            kwargs={
                "autocommit": True,
                "application_name": application_name,
                "connect_timeout": 5,
            },
            min_size=min_size,
            max_size=max_size,
            timeout=_POOL_WAIT_SECONDS,
            # After a restart of PostgreSQL the pool must come back quickly, not minutes later.
            reconnect_timeout=5.0,
            configure=_configure,
            check=_check,
            open=False,
            name=application_name,
        )
        await pool.open(wait=True, timeout=wait_seconds)
        return cls(url, pool, application_name)

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Lend an autocommit connection.

        Raises :class:`psycopg_pool.PoolTimeout` after 10 s without a free one.
        """
        return self._pool.connection()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside BEGIN … COMMIT; an exception rolls back."""
        async with self._pool.connection() as conn, conn.transaction():
            yield conn

    async def revive(self) -> None:
        """Replace every connection that has died, after the server was restarted."""
        await self._pool.check()

    async def is_reachable(self, timeout_seconds: float = 2.0) -> bool:
        """Tell whether a statement can be run right now."""
        try:
            async with self._pool.connection(timeout=timeout_seconds) as conn:
                await asyncio.wait_for(conn.execute("SELECT 1"), timeout_seconds)
        except (psycopg.Error, PoolTimeout, TimeoutError):
            return False
        return True

    def pool_stats(self) -> dict[str, int]:
        """Return the pool's counters (size, idle, waiting, errors)."""
        return dict(self._pool.get_stats())

    async def close(self) -> None:
        """Close every connection; ones still lent out are closed when they come back."""
        await self._pool.close(timeout=5.0)
