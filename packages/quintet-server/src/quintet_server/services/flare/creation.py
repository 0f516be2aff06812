"""Creating jobs, many in one transaction.

Creates that arrive while a transaction is under way share the next one: jobs, quota and the records
of idempotency keys are one statement each, however many requests they serve. That the keys are new
is taken for granted until the record says otherwise; then everything is rolled back, and each
request is done alone, in the way that finds stored answers and tells conflicts apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import psycopg

from quintet_server.engines.work.batching import Batcher
from quintet_server.engines.work.model import Job, JobSpec
from quintet_server.engines.work.queue import Queue
from quintet_server.http.errors import ApiError
from quintet_server.services.flare.quotas import Plan, Quotas, Usage
from quintet_server.services.flare.wire import job_object, reply
from quintet_server.store.database import Connection, Database
from quintet_server.store.idempotency import Entry, IdempotencyStore, Reply

# Recording keys shortens the patience with locks, that of the counters included.
_CONTENTION = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class Creation:
    """A job to be created; with a key, at most once. `spec.id` is set."""

    project_id: str
    plan: Plan
    spec: JobSpec
    key: str | None
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Created:
    """The answer, and where the quota stands after it; None: count it, nothing is limited."""

    reply: Reply
    usage: Usage | None


class AloneNeeded(Exception):
    """The shared transaction cannot decide this request: nothing was written, do it alone."""


_UNDECIDED = (AloneNeeded, ApiError, psycopg.DataError, *_CONTENTION)


class Creations:
    """The creates of one process."""

    def __init__(
        self, db: Database, queue: Queue, idempotency: IdempotencyStore, quotas: Quotas
    ) -> None:
        self._db = db
        self._queue = queue
        self._idempotency = idempotency
        self._quotas = quotas
        self._batcher: Batcher[Creation, Created] = Batcher(
            self._flush, max_count=queue.settings.batch_max_count, key=_name
        )

    async def create(self, creation: Creation) -> Created:
        """Create a job without a parent; it is on disk when this returns.

        Raises:
            AloneNeeded: the key may be known, or the quota may be used up, or a value is odd, or
                another process was in the way.
        """
        return await self._batcher.submit(creation)

    async def _flush(self, creations: Sequence[Creation]) -> Sequence[Created | Exception]:
        try:
            async with self._db.transaction() as conn:
                jobs = await self._queue.enqueue(conn, [one.spec for one in creations])
                replies = [created_reply(job) for job in jobs]
                await self._record(conn, creations, replies)
                usages = await self._consume(conn, creations)
        except _UNDECIDED:
            return [AloneNeeded() for _ in creations]
        return [Created(answer, usage) for answer, usage in zip(replies, usages, strict=True)]

    async def _record(
        self, conn: Connection, creations: Sequence[Creation], replies: Sequence[Reply]
    ) -> None:
        entries = [
            Entry(one.project_id, one.key, one.fingerprint, answer)
            for one, answer in zip(creations, replies, strict=True)
            if one.key is not None
        ]
        if entries and not await self._idempotency.record(conn, entries):
            raise AloneNeeded

    async def _consume(
        self, conn: Connection, creations: Sequence[Creation]
    ) -> Sequence[Usage | None]:
        """Take each project's jobs at once; last, because it locks counters until the commit."""
        places: dict[tuple[str, Plan], list[int]] = defaultdict(list)
        for place, one in enumerate(creations):
            if not one.plan.is_unlimited:
                places[one.project_id, one.plan].append(place)
        usages: list[Usage | None] = [None] * len(creations)
        # In one order for everybody, ticks of schedules included.
        for project_id, plan in sorted(places, key=lambda name: (name[0], name[1].unit)):
            taken = places[project_id, plan]
            usage = await self._quotas.consume(conn, project_id, plan, len(taken))
            for back, place in enumerate(reversed(taken)):
                usages[place] = replace(usage, used=usage.used - back)
        return usages


def created_reply(job: Job) -> Reply:
    """The 201 of a create."""
    location = f"/flare/v1/jobs/{job.id}"
    return reply(job_object(job), 201, headers=[("Location", location)])


def _name(creation: Creation) -> Hashable:
    """Two requests with one key must not meet in one statement."""
    return creation.spec.id if creation.key is None else (creation.project_id, creation.key)
