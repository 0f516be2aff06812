"""How segments begin: the run is taken over, and what it has done so far is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from quintet_server.engines.runs import statements
from quintet_server.engines.runs.journal import DATABASE_AWAY, numbered
from quintet_server.engines.runs.model import RunRecord, Step
from quintet_server.engines.runs.program import Program
from quintet_server.engines.runs.segment import note_row
from quintet_server.engines.work.batching import Batcher
from quintet_server.store.database import Connection, Database

_ENDED = frozenset({"done", "failed"})


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run that this process may now write for, as segment number `epoch`."""

    record: RunRecord
    epoch: int
    steps: dict[str, Step]


@dataclass(frozen=True, slots=True)
class _Wanted:
    id: str
    job_id: str


class Beginnings:
    """Begins segments; those that arrive together share a transaction."""

    def __init__(
        self,
        db: Database,
        program_of: Callable[[str], Program],
        *,
        max_count: int,
        attempts_count: int,
    ) -> None:
        """`max_count`: most beginnings that share a transaction.

        `attempts_count`: how often a run is begun that gets no further.
        """
        self._db = db
        self._program_of = program_of
        self._attempts_count = attempts_count
        self._batcher: Batcher[_Wanted, Beginning | None] = Batcher(
            self._flush, max_count=max_count, key=lambda wanted: wanted.id
        )

    async def begin(self, run_id: str, job_id: str) -> Beginning | None:
        """Take over a run that this job carries out; None if there is nothing to be done for it.

        From now on, earlier segments of the run can write nothing. If it never ran before, what
        its program says about the start is in the log.

        Raises:
            psycopg.Error, PoolTimeout, and what the program raises.
        """
        return await self._batcher.submit(_Wanted(run_id, job_id))

    async def _flush(self, wanted: Sequence[_Wanted]) -> Sequence[Beginning | None | Exception]:
        try:
            return await self._attempt(wanted)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            if len(wanted) == 1:
                return [error]
            return [(await self._flush([one]))[0] for one in wanted]

    async def _attempt(self, wanted: Sequence[_Wanted]) -> Sequence[Beginning | None]:
        asked = orjson.dumps([{"id": one.id, "job_id": one.job_id} for one in wanted]).decode()
        begun: dict[str, Beginning] = {}
        async with self._db.transaction() as conn:
            cursor = await conn.execute(statements.BEGIN, (asked,))
            again: list[str] = []
            first: list[RunRecord] = []
            for epoch, is_first, *columns in await cursor.fetchall():
                record = RunRecord.from_row(tuple(columns))
                begun[record.id] = Beginning(record, epoch, {})
                if is_first:
                    first.append(record)
                else:
                    again.append(record.id)
            await self._tell(conn, first)
            if again:
                cursor = await conn.execute(statements.STEPS, (again,))
                for run_id, *columns in await cursor.fetchall():
                    step = Step(*columns)
                    begun[run_id].steps[step.key] = step
                await self._renew(conn, [begun[run_id] for run_id in again])
        return [begun.get(one.id) for one in wanted]

    async def _renew(self, conn: Connection, beginnings: Sequence[Beginning]) -> None:
        """Give runs that got further their attempts back."""
        progress = [
            {
                "id": one.record.id,
                "ended": sum(step.state in _ENDED for step in one.steps.values()),
            }
            for one in beginnings
        ]
        values = (orjson.dumps(progress).decode(), self._attempts_count)
        await conn.execute(statements.RENEW, values)

    async def _tell(self, conn: Connection, records: Sequence[RunRecord]) -> None:
        notes = [
            note_row(record, note)
            for record in records
            for note in self._program_of(record.kind).began(record)
        ]
        if notes:
            ids = [record.id for record in records]
            await conn.execute(statements.TELL, (ids, numbered(notes)))
