"""One writer for all runs of a process: what many segments have to say goes out together.

Nothing is held back to fill a transaction: an idle journal writes a single step at once, and what
is put meanwhile shares the next one. A database that is away is waited for; a write whose answer
was lost is sent again and written once (see :mod:`.segment`). If one segment's write is the reason
that a transaction fails, it fails alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.engines.runs import statements
from quintet_server.engines.runs.model import TERMINAL, RunRecord
from quintet_server.engines.runs.program import Program, Settles
from quintet_server.engines.runs.segment import Segment, Write, note_row
from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database

_log = structlog.get_logger(__name__)

DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
_PAUSE_SECONDS = 0.2
_BUSY_SECONDS = 0.01

Taken = list[tuple[Segment, Write]]


class Journal:
    """Writes for the segments that have marked themselves."""

    def __init__(
        self, db: Database, program_of: Callable[[str], Program], *, max_count: int
    ) -> None:
        """`max_count`: most segments whose writes share a transaction."""
        self._db = db
        self._program_of = program_of
        self._max_count = max_count
        self._marked: dict[Segment, None] = {}
        self._task: asyncio.Task[None] | None = None

    def mark(self, segment: Segment) -> None:
        """There is something to take from this segment."""
        self._marked[segment] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="runs-journal")

    async def close(self) -> None:
        """Give up what is not written: other processes go on from what is."""
        task = self._task
        if task is not None:
            await end(task)

    async def _run(self) -> None:
        try:
            busy: Taken = []
            while self._marked or busy:
                taken = busy + self._take({segment.record.id for segment, _ in busy})
                if taken:
                    busy = await self._write(taken)
                if busy and not self._marked:
                    await asyncio.sleep(_BUSY_SECONDS)
        finally:
            self._task = None

    def _take(self, runs: set[str]) -> Taken:
        """What goes into the next transaction, beside that of `runs`: one segment a run.

        A run may have two here: one that was overtaken, and the one that did.
        """
        taken: Taken = []
        for segment in list(self._marked):
            if len(taken) >= self._max_count:
                break
            if segment.record.id in runs:
                continue
            del self._marked[segment]
            write = segment.take()
            if write is not None:
                runs.add(segment.record.id)
                taken.append((segment, write))
        return taken

    async def _write(self, taken: Taken) -> Taken:
        """Have each of these written, refused, or failed by itself; returns those still to be.

        The latter are of runs whose rows somebody has locked; they must not hold up the others.
        """
        while True:
            try:
                return await self._attempt(taken)
            except DATABASE_AWAY as error:
                if isinstance(error, psycopg.errors.ProgramLimitExceeded):
                    return await self._split(taken, error)  # something is too large, always
                _log.warning("runs_journal_waits", error=error.__class__.__name__)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception as error:
                return await self._split(taken, error)

    async def _split(self, taken: Taken, error: Exception) -> Taken:
        """Find out whose fault it was: each alone, and who fails alone has failed."""
        if len(taken) > 1:
            return [one for each in taken for one in await self._write([each])]
        taken[0][0].failed(error)
        return []

    async def _attempt(self, taken: Taken) -> Taken:
        """Write once; returns those to be asked for again."""
        ends = any(write.ending and write.ending.state in TERMINAL for _, write in taken)
        if ends:
            verdicts = await self._write_ends(taken)
        else:
            async with self._db.connection() as conn:
                verdicts = await _send(conn, taken, [])
        busy: Taken = []
        for segment, write in taken:
            verdict, at = verdicts[segment.record.id]
            if verdict == "busy":
                busy.append((segment, write))
            elif verdict == "lost":
                segment.lose()
            else:
                segment.written(at)
        return busy

    async def _write_ends(self, taken: Taken) -> dict[str, tuple[str, datetime]]:
        """As some of these end their runs, their programs are asked what to write about that."""
        async with self._db.transaction() as conn:
            (now,) = await _one(conn, statements.NOW)
            records = {
                segment.record.id: _ended(segment.record, write, now)
                for segment, write in taken
                if write.ending is not None and write.ending.state in TERMINAL
            }
            notes = [
                note_row(record, note)
                for record in records.values()
                for note in self._program_of(record.kind).ended(record)
            ]
            verdicts = await _send(conn, taken, notes)
            for record in records.values():
                if verdicts[record.id][0] == "ok":
                    await settle(conn, self._program_of(record.kind), record)
        return verdicts


async def settle(conn: Connection, program: Program, record: RunRecord) -> None:
    """Let the program write its own rows about the end of a run, if it wants to."""
    if isinstance(program, Settles):
        await program.settle(conn, record)


def _ended(record: RunRecord, write: Write, now: datetime) -> RunRecord:
    ending = write.ending
    assert ending is not None  # the caller has looked
    return replace(
        record,
        state=ending.state,
        output=ending.output,
        error=ending.error,
        pause=None,
        completed_at=now,
    )


async def _send(
    conn: Connection, taken: Taken, last_notes: list[dict[str, Any]]
) -> dict[str, tuple[str, datetime]]:
    writes = [
        {
            "id": segment.record.id,
            "epoch": segment.epoch,
            "number": write.number,
            **write.ending_row,
        }
        for segment, write in taken
    ]
    steps = [step for _, write in taken for step in write.steps.values()]
    notes = [note for _, write in taken for note in write.notes] + last_notes
    values = (orjson.dumps(writes).decode(), numbered(steps), numbered(notes))
    cursor = await conn.execute(statements.WRITE, values)
    return {run_id: (verdict, at) for run_id, verdict, at in await cursor.fetchall()}


def numbered(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a JSON array of objects that know their place."""
    return orjson.dumps([{**row, "ord": number} for number, row in enumerate(rows)]).decode()


async def _one(conn: Connection, statement: Any) -> tuple[Any, ...]:
    row = await (await conn.execute(statement)).fetchone()
    assert row is not None  # statements that always answer
    return row
