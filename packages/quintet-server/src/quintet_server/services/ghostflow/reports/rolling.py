"""The roller: folds deltas into the rollups, so that reports have little to add up.

Rules this file obeys:

- a batch is one transaction: the deltas go and the rollups change together, so a report sees them
  either way exactly once, and a process that is killed has done all of a batch or nothing of it;
- one batch at a time over all processes, by an advisory lock that nobody waits for;
- nobody waits for the roller: writers only add deltas, and only the roller changes rollups.
"""

from __future__ import annotations

import asyncio

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.services.ghostflow.reports.rollups import (
    COUNTS,
    MONEY,
    SUBJECTS,
    Subject,
)
from quintet_server.services.ghostflow.reports.sealing import seal
from quintet_server.services.ghostflow.reports.turns import takes_turn
from quintet_server.store.background import end
from quintet_server.store.database import Database

__all__ = ["Roller", "roll"]

_log = structlog.get_logger(__name__)

BATCH = 10_000
"""Deltas folded in one transaction: a fraction of a second."""

_IS_ANY = "SELECT EXISTS (SELECT FROM ghostflow_deltas)"


def _steps(subject: Subject) -> list[str]:
    """Group the batch at each grain from the one before, and add that to the tables."""
    key = ", ".join((*subject.columns, "currency", "kind", "is_bot"))
    sums = ", ".join(
        [*(f"sum({name})::int AS {name}" for name in COUNTS)]
        + [f"sum({name}) AS {name}" for name in MONEY]
    )
    added = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in (*COUNTS, *MONEY))
    steps, source = [], "taken"
    for grain in subject.grains:
        name = f"{subject.name}_{grain}"
        at = "at" if grain == "quarter" else f"date_trunc('{grain}', at, 'UTC') AS at"
        steps += [
            f"{name} AS (SELECT team_id, {at}, {key}, {sums} FROM {source} "
            f"GROUP BY team_id, 2, {key})",
            f"put_{name} AS (INSERT INTO {subject.table(grain)} AS kept SELECT * FROM {name} "
            f"ON CONFLICT (team_id, at, {key}) DO UPDATE SET {added})",
        ]
        source = name
    return steps


_TAKE = """taken AS (
    DELETE FROM ghostflow_deltas
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM ghostflow_deltas LIMIT %(batch)s)) RETURNING *
)"""
_FOLD = (
    f"WITH {_TAKE}, {', '.join(step for subject in SUBJECTS for step in _steps(subject))} "
    "SELECT count(*) FROM taken"
).encode()


async def roll(db: Database, *, batch: int = BATCH) -> int:
    """Fold at most `batch` deltas and return how many; 0 also while another process is at it."""
    async with db.transaction() as conn:
        if not await takes_turn(conn):
            return 0
        row = await (await conn.execute(_FOLD, {"batch": batch})).fetchone()
    return int(row[0]) if row else 0


class Roller:
    """Rolls and seals in the background, in every process; one of them at a time does it."""

    def __init__(self, db: Database, *, period_seconds: float) -> None:
        self._db = db
        self._period = period_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="ghostflow-roller")

    async def stop(self) -> None:
        """End; a batch that is under way is undone, and comes again."""
        if self._task is not None:
            await end(self._task)

    async def _run(self) -> None:
        while True:
            try:
                while await self._round():
                    pass
            except (psycopg.Error, PoolTimeout) as error:
                # The deltas stay, reports stay exact, only slower: the next round tries again.
                _log.warning("ghostflow_roll_failed", error=str(error).strip())
            await asyncio.sleep(self._period)

    async def _round(self) -> bool:
        """Roll, and seal one bucket; whether there may be more to do at once."""
        if await self._is_any() and await roll(self._db) == BATCH:
            return True
        return await seal(self._db)

    async def _is_any(self) -> bool:
        async with self._db.connection() as conn:
            row = await (await conn.execute(_IS_ANY)).fetchone()
        return bool(row and row[0])
