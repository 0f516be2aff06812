"""What time does to jobs: leases run out, scheduled jobs become due, finished ones grow old.
And what the death of a process does to those it had in hand.

Each function works in batches of short statements, steps over rows that are locked, and may run
in several processes at once.
"""

from __future__ import annotations

import orjson

from quintet_server.engines.work import statements
from quintet_server.engines.work.backoff import RetryPolicy
from quintet_server.engines.work.contention import run
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.store.database import Database

_BATCH_COUNT = 500


async def bury(db: Database, settings: WorkSettings) -> int:
    """Let the leases of dead processes run out now: :func:`reap` then ends them.

    Returns how many processes are missing and not given up yet; look again within the grace.
    """
    values = (settings.presence_grace_seconds, settings.presence_silence_seconds)
    missing: int = (await run(db, statements.BURY, values, settings.contention_retries_count))[0][0]
    return missing


async def reap(db: Database, settings: WorkSettings) -> int:
    """End attempts whose lease has run out, by the rules of a failed ack; returns how many.

    The error has type `LeaseExpired`. A job whose cancellation was asked for is cancelled.
    """
    policy = orjson.dumps(RetryPolicy.from_settings(settings).as_json()).decode()
    values = (_BATCH_COUNT, policy, settings.jump_respite_seconds)
    total = 0
    while True:
        rows = await run(db, statements.REAP, values, settings.contention_retries_count)
        ended: int = rows[0][0]
        total += ended
        if ended < _BATCH_COUNT:
            return total


async def promote(db: Database, settings: WorkSettings) -> int:
    """Write `pending` into scheduled jobs whose time has come; returns how many."""
    retries = settings.contention_retries_count
    total = 0
    while True:
        moved: int = (await run(db, statements.PROMOTE, (_BATCH_COUNT,), retries))[0][0]
        total += moved
        if moved < _BATCH_COUNT:
            return total


async def prune(db: Database, settings: WorkSettings) -> int:
    """Delete jobs that ended longer ago than the retention; returns how many."""
    values = (settings.retention_seconds, _BATCH_COUNT)
    total = 0
    while True:
        rows = await run(db, statements.PRUNE, values, settings.contention_retries_count)
        pruned: int = rows[0][0]
        total += pruned
        if pruned < _BATCH_COUNT:
            return total
