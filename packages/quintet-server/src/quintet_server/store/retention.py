"""Deleting what is past its time, now and then, in short transactions."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.settings import StoreSettings
from quintet_server.store import event_log
from quintet_server.store.database import Database
from quintet_server.store.idempotency import IdempotencyStore

__all__ = ["keep_tidy"]

_log = structlog.get_logger(__name__)


async def keep_tidy(db: Database, idempotency: IdempotencyStore, settings: StoreSettings) -> None:
    """Purge old replies and events every ``retention_period_seconds``, until cancelled.

    Several processes may do this at once: each deletes what it finds.
    """
    older_than = timedelta(seconds=settings.events_retention_seconds)
    while True:
        await asyncio.sleep(settings.retention_period_seconds)
        try:
            replies = await idempotency.purge()
            events = await event_log.prune(db, older_than=older_than)
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("retention_failed", error=str(error).strip())
        else:
            _log.debug("retention_done", replies=replies, events=events)
