"""The roller: folds deltas into the rollups, so that reports have little to add up.

Rules this file obeys:

- a batch is one transaction: the deltas go and the rollups change together, so a report sees them
  either way exactly once, and a process that is killed has done all of a batch or nothing of it;
- one batch at a time over all processes, by an advisory lock that nobody waits for;
- nobody waits for the roller: writers only add deltas, and only the roller changes rollups;
- the roller does not wait for the sealer, however long that takes.
"""

from __future__ import annotations

import asyncio

from quintet_server.services.ghostflow.reports.rollups import (
    COUNTS,
    MONEY,
    SUBJECTS,
    Subject,
)
from quintet_server.services.ghostflow.reports.sealing import seal
from quintet_server.services.ghostflow.reports.turns import Turn, takes_turn
from quintet_server.store.background import end, repeat
from quintet_server.store.database import Database

__all__ = ["Roller", "roll"]

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
        if not await takes_turn(conn, Turn.ROLL):
            return 0
        row = await (await conn.execute(_FOLD, {"batch": batch})).fetchone()
    return int(row[0]) if row else 0


class Roller:
    """Rolls and seals in the background, in every process; one at a time does each of them.

    Where that fails the deltas stay, and reports stay exact, only slower.
    """

    def __init__(self, db: Database, *, period_seconds: float) -> None:
        self._db = db
        self._period = period_seconds
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        rolling = repeat(self._roll, every_seconds=self._period, failure="ghostflow_roll_failed")
        sealing = repeat(self._seal, every_seconds=self._period, failure="ghostflow_seal_failed")
        self._tasks = [
            asyncio.create_task(rolling, name="ghostflow-roller"),
            asyncio.create_task(sealing, name="ghostflow-sealer"),
        ]

    async def stop(self) -> None:
        """End; a batch or a seal that is under way is undone, and comes again."""
        await end(*self._tasks)

    async def _roll(self) -> None:
        while await self._is_any() and await roll(self._db) == BATCH:
            pass

    async def _seal(self) -> None:
        while await seal(self._db):
            pass

    async def _is_any(self) -> bool:
        async with self._db.connection() as conn:
            row = await (await conn.execute(_IS_ANY)).fetchone()
        return bool(row and row[0])
