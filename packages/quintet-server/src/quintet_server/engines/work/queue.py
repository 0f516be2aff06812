"""The queue: everything a service or a worker can do with jobs.

Operations on single jobs that arrive while a statement is in flight share the next one (see
:mod:`.batching`), each in one round trip. Every instant is the database's; nothing here reads the
clock of this process.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import orjson

from quintet_server.engines.work import statements
from quintet_server.engines.work.arguments import numbered
from quintet_server.engines.work.backoff import RetryPolicy
from quintet_server.engines.work.batching import Batcher
from quintet_server.engines.work.claims import Claimer
from quintet_server.engines.work.contention import Rows, run
from quintet_server.engines.work.enqueueing import created, enqueue, named
from quintet_server.engines.work.listing import Page, list_jobs
from quintet_server.engines.work.model import (
    AckReply,
    InvalidState,
    Job,
    JobFilter,
    JobNotFound,
    JobSpec,
    State,
    WorkerMismatch,
    WorkError,
)
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.engines.work.windows import LeaseWindows
from quintet_server.store.database import Connection, Database
from quintet_server.store.ids import new_ulid
from quintet_server.store.notify import NotifyBus

# `Queue.list` hides the built-in name inside the class.
Jobs = list[Job]
_Verdicts = list[tuple[str, str]]
_Replies = list[AckReply | WorkError]


@dataclass(frozen=True, slots=True)
class _Beat:
    lane: str
    id: str
    worker_id: str
    attempt: int | None
    progress: float | None


@dataclass(frozen=True, slots=True)
class _Ack:
    lane: str
    id: str
    worker_id: str
    attempt: int | None
    status: str
    error: Mapping[str, Any] | None
    retryable: bool
    duration_ms: int | None
    remember: bool = True


@dataclass(frozen=True, slots=True)
class _Claimed:
    lane: str
    id: str
    worker_id: str
    attempt: int
    delay_seconds: float


class Queue:
    """All lanes of one database. Safe to use from many tasks of one event loop."""

    def __init__(self, db: Database, bus: NotifyBus, settings: WorkSettings | None = None) -> None:
        self.db = db
        self.bus = bus
        self.settings = settings or WorkSettings()
        self.windows = LeaseWindows.from_settings(self.settings)
        self.policy = RetryPolicy.from_settings(self.settings)
        self.process_id = new_ulid()
        self._policy_json = orjson.dumps(self.policy.as_json()).decode()
        most = self.settings.batch_max_count
        self._enqueues: Batcher[JobSpec, Job] = Batcher(self._flush_enqueues, max_count=most)
        self._acks: Batcher[_Ack, AckReply] = Batcher(
            self._flush_acks, max_count=most, key=lambda ack: ack.id
        )
        self._beats: Batcher[_Beat, str] = Batcher(
            self._flush_beats, max_count=most, key=lambda beat: beat.id
        )
        self._claimer = Claimer(db, bus, self.settings, self.unclaim)

    def in_process_worker_id(self) -> str:
        """Return the id of a new worker inside this process.

        The process is named in it: should it die, what its workers hold is found by that (see
        :mod:`.presence`). Nobody outside can know the name, and so claim to be one of them.
        """
        return f"in_process_{self.process_id}_{new_ulid()}"

    async def close(self) -> None:
        """Answer waiting polls with nothing and hand back what was claimed for them.

        Nothing can be claimed any more; everything else goes on working.
        """
        await self._claimer.close()

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._claimer.is_closed

    # Enqueue -----------------------------------------------------------------------------------

    async def enqueue(self, conn: Connection, specs: Sequence[JobSpec]) -> Jobs:
        """Create jobs in the caller's transaction, all in one statement.

        A spec whose `(schedule_id, schedule_tick)` exists already is left out of the answer.

        Raises:
            ParentNotFound, ParentTerminal: the transaction should then be rolled back.
        """
        return await enqueue(conn, specs)

    async def enqueue_one(self, spec: JobSpec) -> Job:
        """Create one job in a transaction shared with others that arrive at the same time.

        The job is on disk when this returns. Cheaper than :meth:`enqueue` under load; for callers
        that have nothing else to write.

        Raises:
            ParentNotFound, ParentTerminal, DuplicateTick.
        """
        return await self._enqueues.submit(spec)

    async def _flush_enqueues(self, specs: Sequence[JobSpec]) -> Sequence[Job | WorkError]:
        specs = named(specs)
        return created(specs, await self._run(statements.ENQUEUE, (numbered(specs),)))

    # Claim -------------------------------------------------------------------------------------

    async def claim(
        self,
        lane: str,
        queues: Sequence[str],
        *,
        worker_id: str,
        capacity: int,
        job_types: Sequence[str] | None = None,
    ) -> Jobs:
        """Claim what is due now, up to `capacity` jobs, oldest due first across the queues.

        Each claimed job is held under a lease and counts an attempt. No job is ever given to two
        workers at once.
        """
        return await self.claim_wait(
            lane,
            queues,
            worker_id=worker_id,
            capacity=capacity,
            job_types=job_types,
            wait_seconds=0,
        )

    async def claim_wait(
        self,
        lane: str,
        queues: Sequence[str],
        *,
        worker_id: str,
        capacity: int,
        job_types: Sequence[str] | None = None,
        wait_seconds: float = 30.0,
        gone: asyncio.Event | None = None,
    ) -> Jobs:
        """Claim as soon as at least one job is due, or return nothing after `wait_seconds`.

        When `gone` is set, or this call is cancelled, nothing stays claimed.
        """
        return await self._claimer.claim(
            lane,
            queues,
            worker_id=worker_id,
            capacity=capacity,
            job_types=job_types,
            wait_seconds=wait_seconds,
            gone=gone,
        )

    async def unclaim(self, jobs: Sequence[Job]) -> None:
        """Undo claims as if they had not happened: attempt, state and place in the queue.

        Claims that are no longer held (lease lost, acknowledged) are left alone.
        """
        await self._release(
            [_Claimed(j.lane, j.id, j.worker_id or "", j.attempt, 0.0) for j in jobs]
        )

    async def release(
        self, lane: str, job_id: str, worker_id: str, attempt: int, *, delay_seconds: float = 0.0
    ) -> bool:
        """Hand one job back without using up the attempt; tells whether it was still held.

        With `delay_seconds` it is not due before that time.
        """
        claim = _Claimed(lane, job_id, worker_id, attempt, delay_seconds)
        return bool(await self._release([claim]))

    async def _release(self, claims: Sequence[_Claimed]) -> Rows:
        return await self._run(statements.RELEASE, (numbered(claims),))

    # While it runs -----------------------------------------------------------------------------

    async def heartbeat(
        self,
        lane: str,
        job_id: str,
        worker_id: str,
        *,
        progress: float | None = None,
        attempt: int | None = None,
    ) -> str:
        """Extend the lease; returns `"ok"`, or `"cancel"` when the handler should stop.

        `"cancel"` means that a cancellation was asked for or that the timeout has passed. Progress
        is 0–1: larger values count as 1; smaller ones than before, zero and NaN are ignored.

        Raises:
            JobNotFound, WorkerMismatch, InvalidState: the lease is lost, stop and do not ack.
        """
        if progress is not None:
            progress = min(progress, 1.0) if progress > 0 and not math.isnan(progress) else None
        return await self._beats.submit(_Beat(lane, job_id, worker_id, attempt, progress))

    async def _flush_beats(self, beats: Sequence[_Beat]) -> Sequence[str | WorkError]:
        params = (numbered(beats), self.windows.floor, self.windows.grace)
        return [
            verdict if verdict in ("ok", "cancel") else _refusal(verdict, beat.id, state)
            for beat, (verdict, state) in zip(
                beats, await self._verdicts(statements.BEAT, params, len(beats)), strict=True
            )
        ]

    async def ack(
        self,
        lane: str,
        job_id: str,
        worker_id: str,
        status: str,
        *,
        attempt: int | None = None,
        duration_ms: int | None = None,
        error: Mapping[str, Any] | None = None,
        retryable: bool = True,
    ) -> AckReply:
        """End an attempt with `status` `"succeeded"`, `"failed"` or `"cancelled"`.

        Repeating the accepted ack gets the same answer until the job is claimed again, so an ack
        may be retried. With `attempt`, an ack of an earlier attempt is refused.

        Raises:
            JobNotFound, WorkerMismatch, InvalidState: as the job is not held by this worker.
        """
        ack = _Ack(lane, job_id, worker_id, attempt, status, error, retryable, duration_ms)
        return await self._acks.submit(ack)

    async def _flush_acks(self, acks: Sequence[_Ack]) -> Sequence[AckReply | WorkError]:
        rows = await self._run(statements.SETTLE, (numbered(acks), self._policy_json))
        first: dict[int, tuple[str, str, datetime | None, int]] = {}
        activated: dict[int, int] = {}
        for ord_, verdict, state, retry_at, children in rows:
            if verdict == "activated":
                activated[ord_] = children
            else:
                first.setdefault(ord_, (verdict, state, retry_at, children))
        results: _Replies = []
        for number, ack in enumerate(acks):
            verdict, state, retry_at, children = first[number]
            if verdict in ("settled", "repeat"):
                action = "retry" if state == State.PENDING else "done"
                children = activated.get(number, children)
                results.append(
                    AckReply(action, retry_at, children, State(state), verdict == "repeat")
                )
            else:
                results.append(_refusal(verdict, ack.id, state))
        return results

    async def put_off(self, job: Job, delay_seconds: float) -> None:
        """Let the wait after this claim's failure be that long; nothing if it is lost meanwhile."""
        delay_ms = round(delay_seconds * 1000)
        claim = (job.lane, job.id, job.worker_id, job.attempt)
        await self._run(statements.PUT_OFF, (*claim, delay_ms))

    # Look and steer ----------------------------------------------------------------------------

    async def get(self, lane: str, job_id: str) -> Job:
        """Return one job.

        Raises:
            JobNotFound.
        """
        rows = await self._run(statements.GET, (job_id, lane))
        if not rows:
            raise JobNotFound(job_id)
        return Job.from_row(rows[0])

    async def list(
        self,
        lane: str,
        filters: JobFilter | None = None,
        limit: int = 20,
        cursor: tuple[datetime, str] | None = None,
        *,
        payloads: bool = True,
    ) -> Page:
        """Return one page, newest first; `cursor` is the previous page's `next_cursor`.

        New jobs neither shift nor repeat the ones behind a cursor. Without `payloads` these are not
        read: each is empty text.
        """
        return await list_jobs(
            self.db, lane, filters or JobFilter(), limit, cursor, payloads=payloads
        )

    async def counts(self, lane: str) -> dict[State, int]:
        """Jobs per state; states without jobs are missing."""
        rows = await self._run(statements.COUNT_BY_STATE, (lane,))
        return {State(state): count for state, count in rows}

    async def queue_depths(self, lane: str) -> dict[str, dict[State, int]]:
        """Per queue, how many unfinished jobs are in which state."""
        depths: dict[str, dict[State, int]] = {}
        for queue, state, count in await self._run(statements.COUNT_BY_QUEUE, (lane,)):
            depths.setdefault(queue, {})[State(state)] = count
        return depths

    async def cancel(self, lane: str, job_id: str) -> tuple[Job, bool]:
        """Cancel a job and, recursively, its waiting children.

        Returns the job, and whether cancellation could only be requested because it is being
        processed: its worker is told at the next heartbeat. Asking again changes nothing.

        Raises:
            JobNotFound, InvalidState: it has ended.
        """
        verdict, job = await self._steer(statements.CANCEL, lane, job_id)
        if verdict == "invalid_state":
            raise InvalidState(job_id, job.state)
        return job, verdict == "requested"

    async def cancel_within(self, conn: Connection, lane: str, job_id: str) -> None:
        """Cancel a job in the caller's transaction, if it exists and has not ended."""
        await conn.execute(statements.CANCEL, (lane, job_id))

    async def retry(self, lane: str, job_id: str) -> Job:
        """Start a failed or dead job over, with all of its attempts; its children stay cancelled.

        Raises:
            JobNotFound, InvalidState: it has not failed.
        """
        verdict, job = await self._steer(statements.RETRY, lane, job_id)
        if verdict == "invalid_state":
            raise InvalidState(job_id, job.state)
        return job

    async def _steer(self, statement: LiteralString, lane: str, job_id: str) -> tuple[str, Job]:
        verdict, *row = (await self._run(statement, (lane, job_id)))[0]
        if verdict == "not_found":
            raise JobNotFound(job_id)
        return verdict, Job.from_row(tuple(row))

    async def _run(self, statement: LiteralString, params: Sequence[Any]) -> Rows:
        return await run(self.db, statement, params, self.settings.contention_retries_count)

    async def _verdicts(
        self, statement: LiteralString, params: Sequence[Any], count: int
    ) -> _Verdicts:
        """The first row per element: (verdict, state)."""
        first: dict[int, tuple[str, str]] = {}
        for ord_, verdict, state in await self._run(statement, params):
            first.setdefault(ord_, (verdict, state))
        return [first[number] for number in range(count)]


def _refusal(verdict: str, job_id: str, state: str) -> WorkError:
    if verdict == "not_found":
        return JobNotFound(job_id)
    if verdict == "worker_mismatch":
        return WorkerMismatch(job_id)
    # `again`: released and claimed once more between two looks; the claim asked about is gone.
    return InvalidState(job_id, state)
