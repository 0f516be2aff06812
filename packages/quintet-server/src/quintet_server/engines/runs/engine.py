"""Durable runs of one process, wired together: create, look, cancel, resume, and carry out.

A run is a job of lane `runs` in the queue named for its kind, one job per stretch between pauses.
Whoever claims the job carries the run out from where its steps say (see :mod:`.program`). So
leases, retries and recovery on another process are the work engine's; what is added here is that a
run's writes are fenced, ordered, and end exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from quintet_server.engines.runs import statements
from quintet_server.engines.runs.beginnings import Beginnings
from quintet_server.engines.runs.closing import close
from quintet_server.engines.runs.execution import Execution
from quintet_server.engines.runs.journal import Journal, numbered
from quintet_server.engines.runs.model import (
    Note,
    RunNotCancellable,
    RunNotFound,
    RunNotPaused,
    RunRecord,
    RunState,
)
from quintet_server.engines.runs.program import Program
from quintet_server.engines.runs.segment import note_row
from quintet_server.engines.runs.settings import RunSettings
from quintet_server.engines.runs.tidying import keep_tidy
from quintet_server.engines.runs.timer import Timer
from quintet_server.engines.runs.values import encode
from quintet_server.engines.work.lane_worker import LaneWorker
from quintet_server.engines.work.model import JobSpec
from quintet_server.engines.work.queue import Queue
from quintet_server.store.background import end
from quintet_server.store.clock import Clock
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id

LANE = "runs"
_JOB_TYPE = "run.segment"

# `Runs.list` hides the built-in name inside the class.
Records = list[RunRecord]


class Runs:
    """Create one per process, register the programs, then start it."""

    def __init__(self, queue: Queue, clock: Clock, settings: RunSettings | None = None) -> None:
        self.settings = settings or RunSettings()
        self._db = queue.db
        self._queue = queue
        self._programs: dict[str, Program] = {}
        self._concurrency: dict[str, int] = {}
        self._timer = Timer(clock, queue.bus)
        most = self.settings.batch_max_count
        self._journal = Journal(self._db, self._program_of, max_count=most)
        beginnings = Beginnings(
            self._db,
            self._program_of,
            max_count=most,
            attempts_count=self.settings.attempts_max_count,
        )
        self._execution = Execution(
            self._programs, beginnings, self._journal, self._timer, self.settings
        )
        self._workers: list[LaneWorker] = []
        self._tidying: asyncio.Task[None] | None = None

    def register(self, program: Program, *, concurrency: int | None = None) -> None:
        """Say how runs of a kind are carried out. All kinds, before :meth:`start`.

        `concurrency`: how many of them at once in this process; by default that of the settings.

        Raises:
            ValueError: the kind has its program.
        """
        if program.kind in self._programs:
            raise ValueError(f"runs of kind {program.kind} have a program already")
        self._programs[program.kind] = program
        self._concurrency[program.kind] = concurrency or self.settings.concurrency_count

    async def start(self) -> None:
        """Begin to carry out runs of the registered kinds."""
        for kind in self._programs:
            worker = LaneWorker(
                self._queue,
                LANE,
                self._execution.handle,
                concurrency=self._concurrency[kind],
                queues=(kind,),
            )
            worker.start()
            self._workers.append(worker)
        if self._programs:
            self._tidying = asyncio.create_task(
                keep_tidy(self._db, self._programs, self.settings), name="runs-tidy"
            )

    async def stop(self) -> None:
        """Let runs under way reach their end for a short time, hand back the others.

        What they have reached is written. Another process, or the next start, goes on from there
        at once. Stop before the queue is closed.
        """
        if self._tidying is not None:
            await end(self._tidying)
        drain = self.settings.drain_seconds
        await asyncio.gather(*(worker.stop(drain_seconds=drain) for worker in self._workers))
        self._workers.clear()
        await self._journal.close()
        self._timer.close()

    # Create and look ---------------------------------------------------------------------------

    async def create(
        self,
        conn: Connection,
        *,
        kind: str,
        project_id: str,
        input: Any,
        subject: str = "",
        attributes: Mapping[str, Any] | None = None,
        id: str | None = None,
        id_prefix: str = "run",
    ) -> RunRecord:
        """Create a run in the caller's transaction; it starts once that is committed.

        `id` is taken as given, otherwise made from `id_prefix`.

        Raises:
            TypeError: input or attributes are not JSON.
        """
        run_id = id or new_id(id_prefix)
        job_id = _job_id(run_id, 0)
        values = (
            *(run_id, project_id, kind, subject),
            *(encode(input).decode(), encode(attributes or {}).decode(), job_id),
        )
        row = await (await conn.execute(statements.INSERT, values)).fetchone()
        assert row is not None  # INSERT … RETURNING of one row
        await self._enqueue(conn, project_id, kind, run_id, job_id)
        return RunRecord.from_row(row)

    async def _enqueue(
        self, conn: Connection, project_id: str, kind: str, run_id: str, job_id: str
    ) -> None:
        spec = JobSpec(
            lane=LANE,
            project_id=project_id,
            job_type=_JOB_TYPE,
            payload=orjson.dumps(run_id).decode(),
            queue=kind,
            max_attempts=self.settings.attempts_max_count,
            timeout_seconds=self.settings.segment_timeout_seconds,
            retry_policy={"delays_ms": self.settings.retry_delays_ms},
            logged=False,
            id=job_id,
        )
        await self._queue.enqueue(conn, [spec])

    async def get(self, project_id: str, run_id: str) -> RunRecord:
        """Return one run.

        Raises:
            RunNotFound: also for a run of another project.
        """
        async with self._db.connection() as conn:
            row = await (await conn.execute(statements.GET, (run_id, project_id))).fetchone()
        if row is None:
            raise RunNotFound(run_id)
        return RunRecord.from_row(row)

    async def list(
        self,
        project_id: str,
        kind: str,
        *,
        subject: str | None = None,
        state: RunState | str | None = None,
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[Records, int]:
        """Return some runs of a kind, newest first, and how many there are in all."""
        values = {
            "project_id": project_id,
            "kind": kind,
            "subject": subject,
            "state": state,
            "offset": offset,
            "limit": limit,
        }
        async with self._db.connection() as conn:
            cursor = await conn.execute(statements.COUNT, values)
            (total,) = await cursor.fetchone() or (0,)
            rows = []
            if total > offset:
                rows = await (await conn.execute(statements.LIST, values)).fetchall()
        return [RunRecord.from_row(row) for row in rows], total

    # Steer -------------------------------------------------------------------------------------

    async def cancel(self, conn: Connection, project_id: str, run_id: str) -> RunRecord:
        """End a run as cancelled, in the caller's transaction; returns it as it is now.

        Its last events are written with it. A segment under way can write nothing more, and is told
        to stop once the transaction is committed.

        Raises:
            RunNotFound, RunNotCancellable: it has ended.
        """
        now, _, job_id, record = await self._locked(conn, project_id, run_id)
        if record.state.is_terminal:
            raise RunNotCancellable(run_id, record.state)
        program = self._program_of(record.kind)
        cancelled = await close(conn, program, record, RunState.CANCELLED, now)
        await self._queue.cancel_within(conn, LANE, job_id)
        return cancelled

    async def resume(
        self, conn: Connection, project_id: str, run_id: str, answer: Any, *notes: Note
    ) -> RunRecord:
        """Answer what a paused run waits for, in the caller's transaction; it then goes on.

        The answer becomes the output of the step it paused at; the notes are appended to the log.

        Raises:
            RunNotFound, RunNotPaused; TypeError: the answer is not JSON.
        """
        _, epoch, _, record = await self._locked(conn, project_id, run_id)
        if record.state is not RunState.PAUSED:
            raise RunNotPaused(run_id, record.state)
        job_id = _job_id(run_id, epoch)
        told = numbered([note_row(record, note) for note in notes])
        values = (run_id, job_id, encode(answer).decode(), told)
        await conn.execute(statements.RESUME, values)
        await self._enqueue(conn, project_id, record.kind, run_id, job_id)
        return await self._read(conn, project_id, run_id)

    async def _locked(
        self, conn: Connection, project_id: str, run_id: str
    ) -> tuple[datetime, int, str, RunRecord]:
        row = await (await conn.execute(statements.LOCK, (run_id, project_id))).fetchone()
        if row is None:
            raise RunNotFound(run_id)
        now, epoch, job_id, *columns = row
        return now, epoch, job_id, RunRecord.from_row(tuple(columns))

    async def _read(self, conn: Connection, project_id: str, run_id: str) -> RunRecord:
        row = await (await conn.execute(statements.GET, (run_id, project_id))).fetchone()
        assert row is not None  # locked by this transaction
        return RunRecord.from_row(row)

    def _program_of(self, kind: str) -> Program:
        return self._programs[kind]


def _job_id(run_id: str, epoch: int) -> str:
    """The job of the stretch that begins after segment number `epoch`."""
    return f"{run_id}.{epoch}"
