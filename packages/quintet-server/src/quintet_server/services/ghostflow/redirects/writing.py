"""The group commit: the clicks of a process on their way to the disk.

One task writes. What has come in while it wrote a batch is the next batch, so a single click waits
for nobody, and under load one flush of the disk serves many. No click is reported stored before its
transaction is committed. Rules this file obeys:

- a batch that the database refuses is written row by row, so that one bad row spoils only itself;
- when the connection breaks, a batch may be committed or not. It is written again: a click that is
  there already is not stored twice, and takes no second place under a cap;
- nobody waits longer than `wait_seconds`, and not more than `most_waiting` wait. Who gives up does
  not know whether the click will still be stored; nobody is told that it is when it is not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import psycopg
import structlog

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects.caps import Cap, Wish, take_places
from quintet_server.services.ghostflow.redirects.storing import (
    Outcome,
    insert_clicks,
    known_ids,
    store,
)
from quintet_server.store.background import end
from quintet_server.store.database import Connection, connect

__all__ = ["NotStored", "Outcome", "Writer", "insert_clicks"]

_log = structlog.get_logger(__name__)
# A batch is one transaction: the longer it takes, the longer the next one waits.
_BATCH_COUNT = 256
_EXPIRE_SECONDS = 0.25
_PAUSE_SECONDS = (0.02, 0.1, 0.25, 0.5)


class NotStored(Exception):
    """The database could not be reached in time, or too many clicks wait for it."""


class _Waiting:
    """A click, and whoever waits for it."""

    __slots__ = ("cap", "click", "done", "expires_at", "window_hours")

    def __init__(
        self,
        click: Click,
        window_hours: int,
        cap: Cap | None,
        done: asyncio.Future[bool],
        expires_at: float,
    ) -> None:
        self.click = click
        self.window_hours = window_hours
        self.cap = cap
        self.done = done
        self.expires_at = expires_at

    def settle(self, is_stored: bool) -> None:
        if not self.done.done():
            self.done.set_result(is_stored)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Writer:
    """Stores the clicks of this process.

    Args:
        url: Of the database.
        application_name: How the connection is called there.
        wait_seconds: How long a click waits at most.
        most_waiting: How many wait at most; one more is refused at once.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str,
        wait_seconds: float = 5.0,
        most_waiting: int = 10_000,
    ) -> None:
        self._url = url
        self._name = application_name
        self._wait_seconds = wait_seconds
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._filled = asyncio.Event()
        self._conn: Connection | None = None
        self._failures = 0
        self._may_be_stored = False
        self._is_stopping = False
        self._expiring: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting_count(self) -> int:
        """How many clicks wait for the disk now."""
        return len(self._queue) + len(self._batch)

    async def start(self) -> None:
        """Connect, and begin to write."""
        self._loop = asyncio.get_running_loop()
        self._conn = await connect(self._url, application_name=self._name)
        self._task = asyncio.create_task(self._run(), name="clicks-writer")

    async def stop(self) -> None:
        """Write what waits, then end; takes `wait_seconds` at most."""
        self._is_stopping = True
        self._filled.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=self._wait_seconds)
            await end(self._task)
        if self._expiring is not None:
            self._expiring.cancel()
        for waiting in (*self._batch, *self._queue):
            waiting.fail(NotStored("the server is stopping"))
        if self._conn is not None:
            await self._conn.close()

    async def add(self, click: Click, window_hours: int, cap: Cap | None = None) -> bool:
        """Store a click with an id of our own; returns once it is committed.

        Args:
            click: What to store; `is_unique` is decided by the database.
            window_hours: The unique window of its campaign.
            cap: Of the offer that it goes to, if it has one.

        Returns:
            Whether it is stored. Not if the cap is used up: then it has to go elsewhere.

        Raises:
            NotStored: Try again later; see the class.
            Exception: This click cannot be stored: what the database or the encoder says of it.
        """
        if self._is_stopping or self.waiting_count >= self._most_waiting:
            raise NotStored("too many clicks wait to be stored")
        done: asyncio.Future[bool] = self._loop.create_future()
        expires_at = self._loop.time() + self._wait_seconds
        self._queue.append(_Waiting(click, window_hours, cap, done, expires_at))
        self._filled.set()
        return await done

    async def _run(self) -> None:
        while True:
            if not self._batch:
                await self._filled.wait()
            self._fill()
            if self._batch:
                await self._write(self._batch)
            elif self._is_stopping:
                return
            else:
                self._filled.clear()

    def _fill(self) -> None:
        """Take the next batch; one that could not be written stays as it is."""
        self._batch = [waiting for waiting in self._batch if not waiting.done.done()]
        if self._batch:
            return
        self._may_be_stored = False
        queue, batch = self._queue, self._batch
        while queue and len(batch) < _BATCH_COUNT:
            waiting = queue.popleft()
            if not waiting.done.done():  # whoever waited may have gone
                batch.append(waiting)

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        if self._expiring is None:
            self._expiring = self._loop.call_later(_EXPIRE_SECONDS, self._expire)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._write_together(batch)
            self._failures = 0
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            await self._come_back(error)
        except Exception as error:
            await self._write_apart(batch, error)

    async def _write_together(self, batch: Sequence[_Waiting]) -> None:
        conn = self._conn
        if conn is None or conn.closed:
            conn = self._conn = await connect(self._url, application_name=self._name)
        if any(waiting.cap is not None for waiting in batch):
            await self._write_under_caps(conn, batch)
            return
        await _store(conn, batch)
        for waiting in batch:
            waiting.settle(is_stored=True)

    async def _write_under_caps(self, conn: Connection, batch: Sequence[_Waiting]) -> None:
        """Places and clicks in one transaction: there is no place without its click."""
        async with conn.transaction():
            left = batch
            if self._may_be_stored:
                known = await known_ids(conn, [waiting.click for waiting in batch])
                left = [waiting for waiting in batch if waiting.click.id not in known]
            capped = [waiting for waiting in left if waiting.cap is not None]
            granted = await take_places(
                conn,
                [Wish(one.cap, one.click.at, one.click.is_bot) for one in capped if one.cap],
            )
            refused = [one for one, has_place in zip(capped, granted, strict=True) if not has_place]
            fitting = [waiting for waiting in left if waiting not in refused]
            if fitting:
                await _store(conn, fitting)
        for waiting in refused:
            waiting.settle(is_stored=False)
        for waiting in batch:
            waiting.settle(is_stored=True)

    async def _write_apart(self, batch: Sequence[_Waiting], reason: Exception) -> None:
        """Write row by row what could not be written together."""
        if len(batch) == 1:
            _log.error("click_not_stored", click_id=str(batch[0].click.id), error=str(reason))
            batch[0].fail(reason)
            return
        for waiting in batch:
            if not waiting.done.done():
                await self._write([waiting])

    async def _come_back(self, error: BaseException) -> None:
        """Keep the batch for another attempt, after a while, on a new connection if need be."""
        self._may_be_stored = True
        if self._failures == 0:
            _log.warning("clicks_delayed", error=str(error).strip(), waiting=self.waiting_count)
        pause = _PAUSE_SECONDS[min(self._failures, len(_PAUSE_SECONDS) - 1)]
        self._failures += 1
        if isinstance(error, TimeoutError) and self._conn is not None:
            await self._conn.close()
        await asyncio.sleep(pause)

    def _expire(self) -> None:
        """Answer those who have waited long enough."""
        self._expiring = None
        now = self._loop.time()
        for waiting in (*self._batch, *self._queue):
            if waiting.expires_at <= now:
                waiting.fail(NotStored("the database has not answered in time"))
        while self._queue and self._queue[0].done.done():
            self._queue.popleft()
        if self._batch or self._queue:
            self._expiring = self._loop.call_later(_EXPIRE_SECONDS, self._expire)


async def _store(conn: Connection, batch: Sequence[_Waiting]) -> None:
    clicks = [waiting.click for waiting in batch]
    await store(conn, clicks, [waiting.window_hours for waiting in batch])
