"""How other processes learn that this one was killed.

A server process holds an advisory lock of PostgreSQL on a connection of its own, as long as it
lives. When it is killed, its connections close, the lock is free, and whoever looks next (the
ticker of another process, or of its own successor) lets the leases of its workers run out: see
`work_bury` in migration 0005. Should its machine vanish without a word, PostgreSQL finds the
connection dead by keepalives. And a process that holds its lock but is stuck is given up for lack
of signs of life.

Losing the connection alone is no death: the lock is taken again, under a new number, well within
the grace that others grant.
"""

from __future__ import annotations

import asyncio
import contextlib

import psycopg
import structlog

from quintet_server.engines.work import statements
from quintet_server.engines.work.queue import Queue
from quintet_server.store.background import end
from quintet_server.store.database import Connection, connect

_log = structlog.get_logger(__name__)

_RECONNECT_SECONDS = 0.1
# For PostgreSQL's side of the connection: about ten seconds to notice a machine that is gone.
_KEEPALIVES = """
SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3
"""


class Presence:
    """Start it before any worker inside this process, stop it after the last."""

    def __init__(self, queue: Queue) -> None:
        self._db = queue.db
        self._id = queue.process_id
        self._period = queue.settings.presence_period_seconds
        self._present = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take the lock; returns once others can see it. Raises psycopg errors."""
        self._task = asyncio.create_task(self._run(), name="work-presence")
        waiter = asyncio.create_task(self._present.wait())
        await asyncio.wait({self._task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Let the lock go. What workers of this process still hold may be taken at once."""
        task, self._task = self._task, None
        if task is None:
            return
        await end(task)
        with contextlib.suppress(psycopg.Error):
            async with self._db.connection() as conn:
                await conn.execute(statements.LEAVE, ([self._id], self._id))

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                name = f"{self._db.application_name}-presence"
                async with await connect(self._db.url, application_name=name) as conn:
                    await conn.execute(_KEEPALIVES)
                    await self._be_present(conn)
            except psycopg.Error as error:
                if not self._present.is_set():
                    raise
                if failures == 0:
                    _log.warning("presence_connection_lost", error=str(error).strip())
                failures += 1
                await asyncio.sleep(_RECONNECT_SECONDS)
            else:
                failures = 0

    async def _be_present(self, conn: Connection) -> None:
        """Give signs of life until the connection breaks; raises psycopg.Error then.

        Returns when somebody has given this process up: it was silent for too long, and is to show
        itself anew.
        """
        await conn.execute(statements.APPEAR, (self._id,))
        self._present.set()
        while True:
            await asyncio.sleep(self._period)
            if (await conn.execute(statements.SHOW, (self._id,))).rowcount == 0:
                _log.warning("presence_given_up_by_others", process=self._id)
                return
