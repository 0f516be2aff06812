"""The one timer of a process: bury, reap, promote, tick, prune.

Every process has a ticker; a database lock lets one of them work at a time, and what they do would
be right without it too. The timer runs every reaper period, at the next tick of a schedule, and at
once when the clock is moved or a schedule changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.engines.work import reaper
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.store.background import end

_log = structlog.get_logger(__name__)

# A process that gets stuck during its turn must not keep it for ever.
_TURN = """
SELECT set_config('idle_in_transaction_session_timeout', %s, true),
    pg_try_advisory_xact_lock(hashtextextended('work_ticker', 0))
"""
_NEXT_TICK = """
SELECT extract(epoch FROM min(next_run_at) - quintet_now())::float8 FROM work_schedules
WHERE next_run_at IS NOT NULL
"""
# Between a tick being due and another process having written it down.
_SHORTEST_PAUSE_SECONDS = 0.02


class Ticker:
    """Start it once per process, beside the queue."""

    def __init__(self, queue: Queue, schedules: Schedules) -> None:
        self._db = queue.db
        self._settings = queue.settings
        self._bus = queue.bus
        self._schedules = schedules
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._pruned_at = time.monotonic()
        self._missing = 0
        self._is_first_round = True

    def start(self) -> None:
        """Begin; the first round runs at once."""
        self._unsubscribe = [
            self._bus.subscribe(channel, lambda _: self._wake.set())
            for channel in ("clock", "work_schedules")
        ]
        self._task = asyncio.create_task(self._run(), name="work-ticker")

    async def stop(self) -> None:
        """End after the statement that is running."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    async def run_once(self) -> None:
        """Do everything that is due now. Raises psycopg errors."""
        self._missing = await reaper.bury(self._db, self._settings)
        await reaper.reap(self._db, self._settings)
        await reaper.promote(self._db, self._settings)
        await self._tick()
        if time.monotonic() - self._pruned_at >= self._settings.retention_period_seconds:
            self._pruned_at = time.monotonic()
            await reaper.prune(self._db, self._settings)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                async with self._db.transaction() as conn:
                    limit = str(round(self._settings.presence_silence_seconds * 1000))
                    row = await (await conn.execute(_TURN, (limit,))).fetchone()
                    if row is not None and row[1]:
                        await self.run_once()
                pause = await self._pause()
            except (psycopg.Error, PoolTimeout) as error:
                _log.warning("ticker_round_failed", error=str(error).strip())
                pause = self._settings.reaper_period_seconds
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _tick(self) -> None:
        most = self._settings.schedule_batch_max_count
        while True:
            async with self._db.transaction() as conn:
                due = await self._schedules.tick(conn, most)
            if due < most:
                return

    async def _pause(self) -> float:
        async with self._db.connection() as conn:
            row = await (await conn.execute(_NEXT_TICK)).fetchone()
        longest = self._settings.reaper_period_seconds
        if self._missing or self._is_first_round:
            # Missing ones are dead if they are still missing then; and the first round may have
            # come before PostgreSQL noticed that the process before this one was killed.
            self._is_first_round = False
            longest = min(longest, self._settings.presence_grace_seconds + _SHORTEST_PAUSE_SECONDS)
        if row is None or row[0] is None:
            return longest
        return min(longest, max(_SHORTEST_PAUSE_SECONDS, float(row[0])))
