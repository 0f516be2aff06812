"""Routines that fire by themselves: each tick of a schedule is a job, and starts one session.

The id of the session follows from that of the job, so a job that is carried out twice starts one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
import structlog

from quintet_server.engines.runs.model import RunRecord
from quintet_server.engines.work.lane_worker import LaneWorker, Running
from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.agents.starting import (
    TooManyRunning,
    check_order,
    start_session,
)
from quintet_server.services.amdahl.context import Amdahl
from quintet_server.services.amdahl.routines import store
from quintet_server.services.amdahl.routines.store import LANE, Routine
from quintet_server.store.database import Connection

__all__ = ["Ticks", "fire", "start"]

_log = structlog.get_logger(__name__)

_CONCURRENCY = 4
_THERE_IS = "SELECT 1 FROM runs WHERE id = %s"


async def fire(
    parts: Amdahl, conn: Connection, routine: Routine, session_id: str | None = None
) -> RunRecord:
    """Start a session for a routine, in the caller's transaction.

    Raises:
        ApiError: its agent is not there any more, or does not take its config.
        TooManyRunning.
    """
    names = ("agent", "prompt", "config")
    profile = await check_order(
        conn, routine.project_id, routine.agent, routine.prompt, routine.config, names=names
    )
    record = await start_session(
        parts,
        conn,
        routine.project_id,
        profile,
        routine.prompt,
        routine.config,
        started_by=routine.id,
        session_id=session_id,
    )
    await store.ran(conn, routine, record.id)
    return record


@dataclass(frozen=True, slots=True)
class Ticks:
    """Carries the jobs out."""

    parts: Amdahl

    async def handle(self, running: Running) -> None:
        """Fire for one tick, unless that was done, or the routine is off or gone by now."""
        job = running.job
        session_id = f"as_{hashlib.sha256(job.id.encode()).hexdigest()[:26].upper()}"
        async with self.parts.db.transaction() as conn:
            routine = await self._routine(conn, job.project_id, orjson.loads(job.payload))
            if routine is None or not routine.enabled:
                return
            if await (await conn.execute(_THERE_IS, (session_id,))).fetchone():
                return
            try:
                async with conn.transaction():
                    await fire(self.parts, conn, routine, session_id)
            except (ApiError, TooManyRunning) as error:
                # No attempt of ours can make that right; the next tick may.
                _log.warning("routine_failed", routine=routine.id, error=error.message)
                await store.ran(conn, routine, None, error.message)

    async def _routine(
        self, conn: Connection, project_id: str, order: dict[str, str]
    ) -> Routine | None:
        try:
            return await store.find(conn, project_id, order["routine_id"], lock=True)
        except ApiError:
            return None


async def start(parts: Amdahl) -> Callable[[], Awaitable[None]]:
    """Begin to fire; returns what ends it."""
    worker = LaneWorker(parts.queue, LANE, Ticks(parts).handle, concurrency=_CONCURRENCY)
    worker.start()
    return worker.stop
