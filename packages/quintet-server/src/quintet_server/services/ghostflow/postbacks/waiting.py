"""Postbacks that have overtaken their clicks: kept for a while, and tried again.

Clicks of links are stored before the visitor is sent on. But clicks that a server reports itself
may come later than the conversion: with a fast network, or in batches.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from quintet_server.engines.work.lane_worker import HandBack, Running
from quintet_server.engines.work.model import JobSpec
from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.conversions.access import Direct
from quintet_server.services.ghostflow.conversions.recording import (
    ForeignOffer,
    Outcome,
    Report,
    UnknownClick,
    record,
)
from quintet_server.services.ghostflow.postbacks.log import Row, add_row
from quintet_server.services.ghostflow.postbacks.networks import Network, network_by_id
from quintet_server.store.database import Connection

__all__ = ["LANE", "Waiting", "pause_seconds", "wait_for_click"]

LANE = "ghostflow.waiting"

# An attempt counts only when a process died with it.
_ATTEMPTS = 20
_JOB_SECONDS = 60
_FIRST_SECONDS, _LONGEST_SECONDS = 0.5, 60.0

_LOAD = """
SELECT at, waiting_until, quintet_now() FROM ghostflow_postbacks
WHERE id = %s AND waiting_until IS NOT NULL FOR UPDATE
"""
_FINISH = """
UPDATE ghostflow_postbacks SET outcome = coalesce(%(outcome)s, outcome),
    reason = CASE WHEN %(outcome)s::text IS NULL THEN reason ELSE %(reason)s END,
    conversion_id = %(conversion_id)s, campaign_id = %(campaign_id)s, offer_id = %(offer_id)s,
    source_id = %(source_id)s, waiting_until = NULL, completed_at = quintet_now()
WHERE id = %(id)s
"""


async def wait_for_click(
    parts: GhostFlow, conn: Connection, network: Network, report: Report, row: Row
) -> None:
    """Write a postback of an unknown click into the log, and queue it to be tried again."""
    patience = timedelta(seconds=parts.settings.postback_wait_seconds)
    if not patience:
        await add_row(conn, row)
        return
    row.at = now = datetime.fromtimestamp(parts.clock.now(), UTC)
    row.waiting_until = now + patience
    payload = {"row": row.id, "network": network.id, "report": asdict(report)}
    job = JobSpec(
        lane=LANE,
        project_id=network.team.project_id,
        job_type="postback",
        payload=orjson.dumps(payload).decode(),
        run_at=now + timedelta(seconds=_FIRST_SECONDS),
        max_attempts=_ATTEMPTS,
        timeout_seconds=_JOB_SECONDS,
        logged=False,
    )
    async with conn.pipeline(), conn.transaction():
        await add_row(conn, row)
        await parts.queue.enqueue(conn, [job])


class Waiting:
    """The handler of the lane."""

    def __init__(self, parts: GhostFlow) -> None:
        self._parts = parts

    async def handle(self, running: Running) -> None:
        """Look for the click once more; hands the job back until it is there or time is up."""
        order = orjson.loads(running.job.payload)
        async with self._parts.db.transaction() as conn:
            wait_seconds = await self._look(conn, order)
        if wait_seconds is not None:
            raise HandBack(wait_seconds)

    async def _look(self, conn: Connection, order: dict[str, Any]) -> float | None:
        """None when this is over, otherwise how long to wait before the next look."""
        id = UUID(order["row"])
        loaded = await (await conn.execute(_LOAD, (id,))).fetchone()
        if loaded is None:
            return None
        received_at, until, now = loaded
        network = await network_by_id(conn, UUID(order["network"]))
        if network is None:
            await conn.execute(_FINISH, _ending(id))
            return None
        try:
            outcome = await record(
                self._parts,
                Direct(conn),
                network.team,
                _report(order["report"]),
                network_id=network.id,
                received_at=received_at,
            )
        except UnknownClick:
            if now < until:
                return pause_seconds(received_at, until, now)
            await conn.execute(_FINISH, _ending(id))
            return None
        except ForeignOffer as refusal:
            await conn.execute(_FINISH, _ending(id, "forbidden", str(refusal)))
            return None
        await conn.execute(_FINISH, _ending(id, outcome.kind, outcome.reason, outcome))
        return None


def pause_seconds(received_at: datetime, until: datetime, now: datetime) -> float:
    """As long again as it has waited so far; the last look is when its time is up."""
    waited = (now - received_at).total_seconds()
    pause = min(max(waited, _FIRST_SECONDS), _LONGEST_SECONDS)
    return max(min(pause, (until - now).total_seconds()), 0.001)


def _report(stored: dict[str, Any]) -> Report:
    return Report(**{**stored, "click_id": UUID(stored["click_id"])})


def _ending(
    id: UUID, outcome: str | None = None, reason: str | None = None, done: Outcome | None = None
) -> dict[str, Any]:
    conversion = done.conversion if done else None
    return {
        "id": id,
        "outcome": outcome,
        "reason": reason,
        "conversion_id": conversion and conversion.id,
        "campaign_id": conversion and conversion.campaign_id,
        "offer_id": conversion and conversion.offer_id,
        "source_id": conversion and conversion.source_id,
    }
