"""Forgetting: workers long gone, alerts long fired, counts of periods long past."""

from __future__ import annotations

import asyncio

from quintet_server.services.flare.settings import FlareSettings
from quintet_server.store.background import end, repeat
from quintet_server.store.database import Database

_OLD = "quintet_now() - make_interval(secs => %(seconds)s)"
_STATEMENTS = (
    f"DELETE FROM flare_workers WHERE NOT online AND last_seen_at < {_OLD}",
    f"DELETE FROM flare_alert_firings WHERE fired_at < {_OLD}",
    # The month that is running began at most 31 days ago.
    "DELETE FROM flare_quota WHERE starts_at < quintet_now() - interval '62 days'",
)


class Tidying:
    """A slow loop in the background."""

    def __init__(self, db: Database, settings: FlareSettings) -> None:
        self._db = db
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round is at once."""
        period = self._settings.tidy_period_seconds
        tidying = repeat(self.tidy, every_seconds=period, failure="flare_tidying_failed")
        self._task = asyncio.create_task(tidying, name="flare-tidying")

    async def stop(self) -> None:
        """End, also in the middle of a round."""
        if self._task is not None:
            await end(self._task)
            self._task = None

    async def tidy(self) -> None:
        """One round. Raises psycopg errors."""
        values = {"seconds": self._settings.record_retention_seconds}
        async with self._db.connection() as conn:
            for statement in _STATEMENTS:
                await conn.execute(statement, values)
