"""Giving space back: blobs that nobody sees any more, and uploads that broke off."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from quintet_server.engines.objects import statements
from quintet_server.engines.objects.blobs import Blobs
from quintet_server.engines.objects.model import StoreFailed
from quintet_server.engines.objects.settings import ObjectSettings
from quintet_server.store.background import repeat
from quintet_server.store.database import Database

__all__ = ["Sweeper"]

_log = structlog.get_logger(__name__)


class Sweeper:
    """Runs in every process; each takes what the others have not locked."""

    def __init__(
        self, db: Database, blobs: Blobs, settings: ObjectSettings, live: Collection[str]
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._settings = settings
        self._live = live

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        await repeat(
            self.sweep,
            every_seconds=self._settings.sweep_period_seconds,
            failure="objects_sweep_failed",
            tolerate=(StoreFailed,),
        )

    async def sweep(self) -> int:
        """Show that this process's uploads live, then clear away; returns how many blobs went."""
        settings = self._settings
        async with self._db.connection() as conn:
            if self._live:
                await conn.execute(statements.LIVE, (list(self._live),))
            await conn.execute(statements.GIVE_UP, (settings.upload_silence_seconds,))
        swept = 0
        while (seen := await self._sweep_some()) is not None:
            swept += seen
        if swept:
            _log.info("objects_swept", blobs=swept)
        return swept

    async def _sweep_some(self) -> int | None:
        """One batch; None when nothing is due.

        A blob is deleted before its row: a crash in between costs a second, empty deletion. An
        object cannot come to a blob that has none: copies take theirs from a row that is locked.
        """
        settings = self._settings
        async with self._db.transaction() as conn:
            values = (settings.garbage_grace_seconds, settings.sweep_max_count)
            due = await (await conn.execute(statements.GARBAGE, values)).fetchall()
            if not due:
                return None
            unused = {blob for _, blob, is_used in due if not is_used}
            failed: dict[str, StoreFailed] = {}
            for blob in unused:
                try:
                    await self._blobs.delete(blob)
                except StoreFailed as error:  # one that cannot go must not keep the others
                    failed[blob] = error
            done = [row[0] for row in due if row[1] not in failed]
            await conn.execute(statements.SWEPT, (done,))
        if failed:
            raise next(iter(failed.values()))
        return len(unused)
