"""Enqueuing with idempotency keys, many jobs in one transaction.

The SDK sends a key with every job. Those that arrive while a transaction is under way share the
next one: the jobs are one statement, the records of the keys another. That the keys are new is
taken for granted until the record says otherwise; then everything is rolled back, and each request
is done alone, in the way that finds stored answers and tells conflicts apart.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import psycopg

from quintet_server.engines.work.batching import Batcher
from quintet_server.engines.work.model import Job, JobSpec
from quintet_server.engines.work.queue import Queue
from quintet_server.store.idempotency import Entry, IdempotencyStore, Reply

# Recording keys shortens the patience with locks.
_CONTENTION = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

Answer = Callable[[Job], Reply]


@dataclass(frozen=True, slots=True)
class KeyedJob:
    """A job to be enqueued at most once."""

    spec: JobSpec
    key: str
    fingerprint: bytes


class AloneNeeded(Exception):
    """The shared transaction cannot decide this request: nothing was written, do it alone."""


class Together:
    """The keyed jobs of one process; `answer` makes the reply that is recorded."""

    def __init__(self, queue: Queue, idempotency: IdempotencyStore, answer: Answer) -> None:
        self._queue = queue
        self._idempotency = idempotency
        self._answer = answer
        self._batcher: Batcher[KeyedJob, Reply] = Batcher(
            self._flush, max_count=queue.settings.batch_max_count, key=_name
        )

    async def enqueue(self, job: KeyedJob) -> Reply:
        """Put it on disk and return the reply.

        Raises:
            AloneNeeded: the key may be known, a value is odd, or another process was in the way.
        """
        return await self._batcher.submit(job)

    async def _flush(self, jobs: Sequence[KeyedJob]) -> Sequence[Reply | Exception]:
        try:
            async with self._queue.db.transaction() as conn:
                created = await self._queue.enqueue(conn, [one.spec for one in jobs])
                replies = [self._answer(job) for job in created]
                entries = [
                    Entry(one.spec.project_id, one.key, one.fingerprint, reply)
                    for one, reply in zip(jobs, replies, strict=True)
                ]
                if not await self._idempotency.record(conn, entries):
                    raise AloneNeeded
        except (AloneNeeded, psycopg.DataError, *_CONTENTION):
            return [AloneNeeded() for _ in jobs]
        return replies


def _name(job: KeyedJob) -> Hashable:
    """Two requests with one key must not meet in one statement."""
    return job.spec.project_id, job.key
