"""Triggers that fire by themselves: at the ticks of schedules, and at events of the project.

Both come as jobs of one lane; ticks from the schedules of the work engine, events from a trigger on
the event log. A job fires once: what it came to is recorded under its id, in the transaction in
which the execution is created.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog

from quintet_server.engines.work.lane_worker import LaneWorker, Running
from quintet_server.engines.work.model import Job
from quintet_server.http.errors import ApiError
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.references import AGENT, WORKFLOW, reference
from quintet_server.services.flowmaestro.triggers import store
from quintet_server.services.flowmaestro.triggers.config import EventConfig
from quintet_server.services.flowmaestro.triggers.firing import came_to, claim, fire_claimed
from quintet_server.services.flowmaestro.triggers.store import Trigger
from quintet_server.services.flowmaestro.wire import instant
from quintet_server.store.background import end, repeat
from quintet_server.store.database import Connection

_log = structlog.get_logger(__name__)

LANE = "flowmaestro.triggers"
_TIDY_SECONDS = 3600.0
_EVENT = "SELECT type, stream, data, created_at FROM events WHERE seq = %s AND project_id = %s"
_TICK = "SELECT schedule_tick FROM work_jobs WHERE id = %s"
_PRUNE = """
DELETE FROM flowmaestro_trigger_executions WHERE (project_id, trigger_id, firing) IN (
    SELECT project_id, trigger_id, firing FROM flowmaestro_trigger_executions
    WHERE created_at < quintet_now() - make_interval(secs => %s) ORDER BY created_at LIMIT 5000)
"""


@dataclass(frozen=True, slots=True)
class TriggerJobs:
    """Carries the jobs out."""

    parts: FlowMaestro

    async def handle(self, running: Running) -> None:
        """Fire for one job, unless it has been dealt with or the trigger is off by now."""
        job = running.job
        order = orjson.loads(job.payload)
        async with self.parts.db.transaction() as conn:
            trigger = await store.find(conn, job.project_id, order["trigger_id"])
            if trigger is None or not trigger.enabled:
                return
            given = await self._given(conn, job, order, trigger)
            if given is None or not await claim(conn, trigger, job.id, given):
                return
            try:
                async with conn.transaction():
                    await fire_claimed(self.parts, conn, trigger, job.id, given)
            except ApiError as error:
                # No attempt of ours can make the workflow or its inputs right.
                _log.warning("trigger_failed", trigger=trigger.id, error=error.message)
                await came_to(conn, trigger, job.id, None, error.message)

    async def _given(
        self, conn: Connection, job: Job, order: Mapping[str, Any], trigger: Trigger
    ) -> dict[str, Any] | None:
        """What the firing brings along; None if it does not concern this trigger."""
        if "event_seq" not in order:
            row = await (await conn.execute(_TICK, (job.id,))).fetchone()
            return {"scheduled_at": instant(row[0])} if row and row[0] else {}
        config = trigger.config
        values = (order["event_seq"], job.project_id)
        row = await (await conn.execute(_EVENT, values)).fetchone()
        if row is None or not isinstance(config, EventConfig):
            return None
        type, stream, data, created_at = row
        if config.event_type != type or not _concerns(config, stream, data):
            return None
        event = {"type": type, "created_at": instant(created_at), "data": data}
        return {"event": event}


def _concerns(config: EventConfig, stream: str, data: Mapping[str, Any]) -> bool:
    if config.source is not None:
        sources = {stream, data.get("workflow_id"), data.get("agent_id")}
        wanted = {config.source}
        wanted |= {reference(prefix, config.source) for prefix in (WORKFLOW, AGENT)}
        if not sources & wanted:
            return False
    return all(data.get(name) == value for name, value in config.filters.items())


async def start(parts: FlowMaestro) -> Callable[[], Awaitable[None]]:
    """Begin to fire; returns what ends it."""
    worker = LaneWorker(
        parts.queue,
        LANE,
        TriggerJobs(parts).handle,
        concurrency=parts.settings.trigger_concurrency_count,
    )
    worker.start()
    tidy = partial(_tidy, parts)
    tidying = asyncio.create_task(
        repeat(tidy, every_seconds=_TIDY_SECONDS, failure="triggers_tidy_failed"),
        name="flowmaestro-triggers-tidy",
    )

    async def stop() -> None:
        await end(tidying)
        await worker.stop()

    return stop


async def _tidy(parts: FlowMaestro) -> None:
    """Forget what firings of long ago came to."""
    async with parts.db.connection() as conn:
        await conn.execute(_PRUNE, (parts.settings.trigger_history_seconds,))
