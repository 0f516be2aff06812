"""What runs beside the requests: the workers of both lanes, and the log's tidying."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from quintet_server.engines.hooks.sender import Sender
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.target import guarded_client
from quintet_server.engines.work.lane_worker import LaneWorker
from quintet_server.services.ghostflow.context import Call, GhostFlow
from quintet_server.services.ghostflow.conversions.access import Shared
from quintet_server.services.ghostflow.postbacks import outgoing, waiting
from quintet_server.services.ghostflow.postbacks.networks import NetworksByKey, PostbackLimits
from quintet_server.services.ghostflow.postbacks.sending import Postman
from quintet_server.services.ghostflow.postbacks.waiting import Waiting
from quintet_server.store.background import end, repeat
from quintet_server.store.database import Database

__all__ = ["start", "tidy"]


# Operations that change what is remembered of a network.
_RESOURCES = ("networks.", "teams.")
_TIMEOUT_SECONDS = 10.0
_ANSWER_MAX_BYTES = 4_096
_WAITING_CONCURRENCY = 4
_TIDY_SECONDS = 3600.0
_PRUNE_COUNT = 1_000

# A process that died with the last attempt in hand left the row open; its job knows.
_CLOSE_ORPHANS = f"""
UPDATE ghostflow_postbacks p SET outcome = 'failed', completed_at = quintet_now(), target = NULL,
    reason = 'the last attempt was interrupted'
WHERE p.outcome = 'pending' AND NOT EXISTS (
    SELECT FROM work_jobs j WHERE j.id = '{outgoing.JOB_PREFIX}' || p.id
    AND j.state IN ('pending', 'scheduled', 'processing'))
"""
_PRUNE = """
DELETE FROM ghostflow_postbacks WHERE id IN (
    SELECT id FROM ghostflow_postbacks WHERE at < quintet_now() - make_interval(days => %s)
    ORDER BY at LIMIT %s)
"""


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Begin to send and to look for clicks; returns what ends it."""
    parts.rooms[PostbackLimits] = PostbackLimits(parts)
    networks = parts.rooms[NetworksByKey] = NetworksByKey(parts.db, parts.bus)
    parts.rooms[Shared] = Shared(parts.db)
    parts.observers.append(partial(_seen, networks))
    client = guarded_client(
        allow_private=parts.allow_private_targets, timeout_seconds=_TIMEOUT_SECONDS
    )
    settings = HookSettings(
        timeout_seconds=_TIMEOUT_SECONDS,
        response_max_bytes=_ANSWER_MAX_BYTES,
        response_kept_chars=0,
    )
    sending = LaneWorker(
        parts.queue,
        outgoing.LANE,
        Postman(parts, Sender(client, settings)).handle,
        concurrency=parts.settings.postbacks_out_concurrency_count,
    )
    looking = LaneWorker(
        parts.queue, waiting.LANE, Waiting(parts).handle, concurrency=_WAITING_CONCURRENCY
    )
    sending.start()
    looking.start()
    tidy_up = partial(tidy, parts.db, parts.settings.postbacks_kept_days)
    tidying = asyncio.create_task(
        repeat(tidy_up, every_seconds=_TIDY_SECONDS, failure="postbacks_tidy_failed"),
        name="ghostflow-postbacks-tidy",
    )

    async def stop() -> None:
        networks.stop()
        await end(tidying)
        await asyncio.gather(looking.stop(), sending.stop(drain_seconds=_TIMEOUT_SECONDS))
        await client.aclose()

    return stop


def _seen(networks: NetworksByKey, call: Call, _status: int) -> None:
    """What was changed in this process holds before it is answered."""
    if call.request.method != "GET" and call.operation.startswith(_RESOURCES):
        networks.forget()


async def tidy(db: Database, kept_days: int) -> None:
    """Close what a crash left open, and forget what is past its time."""
    async with db.connection() as conn:
        await conn.execute(_CLOSE_ORPHANS)
        while True:
            if (await conn.execute(_PRUNE, (kept_days, _PRUNE_COUNT))).rowcount < _PRUNE_COUNT:
                return
