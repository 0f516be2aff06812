"""Which workers are there: registered, seen, gone silent.

Every call of a worker says "I am here". Writing that down each time would double the cost of a
heartbeat, so a process writes a worker at most every few seconds, many in one statement. A worker
that was silent for too long is marked offline once, by whichever process looks first, and that is
an event (`worker.offline`), which alerts hang on. Its next call marks it online again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import structlog

from quintet_server.services.flare.models import RegisterWorker
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database
from quintet_server.store.event_log import append

_log = structlog.get_logger(__name__)
_KNOWN_MAX = 10_000

_REGISTER = """
INSERT INTO flare_workers AS worker (project_id, worker_id, queues, job_types, hostname,
                                     sdk_version, registered_at, last_seen_at)
VALUES (%s, %s, %s, %s, %s, %s, quintet_now(), quintet_now())
ON CONFLICT (project_id, worker_id) DO UPDATE
SET queues = excluded.queues, job_types = excluded.job_types, hostname = excluded.hostname,
    sdk_version = excluded.sdk_version, last_seen_at = excluded.last_seen_at, online = true,
    registered_at = coalesce(worker.registered_at, excluded.registered_at)
RETURNING xmax = 0
"""
_SEEN = """
INSERT INTO flare_workers (project_id, worker_id, last_seen_at)
SELECT project_id, worker_id, quintet_now()
FROM unnest(%s::text[], %s::text[]) AS seen (project_id, worker_id)
ORDER BY project_id, worker_id
ON CONFLICT (project_id, worker_id) DO UPDATE
SET last_seen_at = excluded.last_seen_at, online = true
"""
_OFFLINE = """
UPDATE flare_workers SET online = false
WHERE (project_id, worker_id) IN (
    SELECT project_id, worker_id FROM flare_workers
    WHERE online AND last_seen_at < quintet_now() - %s
    ORDER BY project_id, worker_id LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING project_id, worker_id, hostname, queues, last_seen_at::text
"""


class Presence:
    """The register of workers, as one process keeps it up."""

    def __init__(self, db: Database, settings: FlareSettings) -> None:
        self._db = db
        self._settings = settings
        self._written: dict[tuple[str, str], float] = {}
        self._unwritten: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._look = asyncio.Event()

    async def register(self, conn: Connection, project_id: str, body: RegisterWorker) -> None:
        """Write a registration down; the first one of a worker is an event."""
        values = (
            project_id,
            body.worker_id,
            list(body.queues),
            list(body.job_types),
            body.hostname,
            body.sdk_version,
        )
        row = await (await conn.execute(_REGISTER, values)).fetchone()
        if row is not None and row[0]:
            data = {
                "id": body.worker_id,
                "hostname": body.hostname,
                "queues": list(body.queues),
                "sdk_version": body.sdk_version,
            }
            await append(
                conn, project_id, _stream(project_id, body.worker_id), "worker.registered", data
            )

    def seen(self, project_id: str, worker_id: str) -> None:
        """Note that a worker called just now. Never waits."""
        worker = (project_id, worker_id)
        now = time.monotonic()
        if now - self._written.get(worker, float("-inf")) < self._settings.worker_seen_seconds:
            return
        if len(self._written) >= _KNOWN_MAX:
            self._written.clear()
        self._written[worker] = now
        self._unwritten.add(worker)
        self._wake.set()

    def clock_moved(self, _payload: str | None = None) -> None:
        """Look for silent workers now, and take no earlier call for a recent one."""
        self._written.clear()
        self._look.set()

    def start(self) -> None:
        """Begin to write calls down and to look for silent workers."""
        self._tasks = [
            asyncio.create_task(self._write_for_ever(), name="flare-seen"),
            asyncio.create_task(self._look_for_ever(), name="flare-offline"),
        ]

    async def stop(self) -> None:
        """End both."""
        for task in self._tasks:
            await end(task)
        self._tasks = []

    async def _write_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            workers, self._unwritten = sorted(self._unwritten), set()
            try:
                await self._write(workers)
            except psycopg.Error as error:
                _log.warning("flare_presence_not_written", error=str(error).strip())
                for worker in workers:
                    self._written.pop(worker, None)

    async def _write(self, workers: Sequence[tuple[str, str]]) -> None:
        projects, ids = [one[0] for one in workers], [one[1] for one in workers]
        async with self._db.connection() as conn:
            await conn.execute(_SEEN, (projects, ids))

    async def _look_for_ever(self) -> None:
        period = self._settings.worker_offline_seconds / 3
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), period)
            self._look.clear()
            try:
                await self.mark_offline()
            except psycopg.Error as error:
                _log.warning("flare_presence_not_read", error=str(error).strip())

    async def mark_offline(self) -> int:
        """Mark every worker that has been silent for too long; returns how many."""
        silence = timedelta(seconds=self._settings.worker_offline_seconds)
        async with self._db.transaction() as conn:
            rows = await (await conn.execute(_OFFLINE, (silence,))).fetchall()
            for project_id, worker_id, hostname, queues, last_seen in rows:
                data = {
                    "id": worker_id,
                    "hostname": hostname,
                    "queues": queues,
                    "last_seen_at": last_seen,
                }
                await append(
                    conn, project_id, _stream(project_id, worker_id), "worker.offline", data
                )
        return len(rows)


def _stream(project_id: str, worker_id: str) -> str:
    """Workers name themselves, so their streams are set apart from every other one."""
    return f"flare:{project_id}:worker:{worker_id}"
