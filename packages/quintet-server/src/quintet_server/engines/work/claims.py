"""Long-polls: who waits for jobs in this process, and who gets the next ones.

Waiters that want the same (lane, queues, job types) form a group. A group has one task, which
claims for all of its waiters with one statement and deals the jobs out in turn; so a wake-up costs
one statement per group and process, however many workers wait, and no database connection is held
while waiting. A group claims when somebody joins, when a notification names one of its queues, and
at the next due time. In case a notification was lost, all groups together ask every few seconds
when their next job is due: one statement per process, however many groups there are.

A claim steps over jobs whose row is locked. Mostly another process is claiming them; but it may be
the timer of some process that writes down that they are due, and nothing would tell when it has
done so. So a group that went away with less than it wanted looks again soon while something is
due, and a waiter that does not want to wait is not told that there is nothing before that.

A waiter that has left (its `gone` event is set, or its task was cancelled) gets nothing; jobs that
were claimed for it in that very moment are handed back.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg_pool import PoolTimeout

from quintet_server.engines.work import statements
from quintet_server.engines.work.batching import Batcher
from quintet_server.engines.work.contention import run
from quintet_server.engines.work.model import Job
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.engines.work.windows import LeaseWindows
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus

# A group that found nothing waits this long before it asks for the next due time: under load it is
# woken sooner and never has to ask.
_LULL_SECONDS = 0.02
# Candidates read beyond those wanted, to step over rows another process is claiming right now.
_SPARE_COUNT = 64
# How often, every two lulls, one that does not wait looks for a job that is due but locked: for
# about a second. Locks of our own are gone within milliseconds; others are not worth waiting for.
_LOOKS_COUNT = 25

GroupKey = tuple[str, tuple[str, ...], tuple[str, ...] | None]
Unclaim = Callable[[Sequence[Job]], Awaitable[None]]


@dataclass(eq=False, slots=True)
class _Waiter:
    worker_id: str
    capacity: int
    stays: bool
    gone: asyncio.Event | None
    future: asyncio.Future[list[Job]]
    jobs: list[Job] = field(default_factory=list)
    looks_left: int = _LOOKS_COUNT

    @property
    def has_left(self) -> bool:
        return self.future.done() or (self.gone is not None and self.gone.is_set())


class Claimer:
    """Claims for the workers that poll this process."""

    def __init__(
        self, db: Database, bus: NotifyBus, settings: WorkSettings, unclaim: Unclaim
    ) -> None:
        self._db = db
        self._settings = settings
        self._windows = LeaseWindows.from_settings(settings)
        self._unclaim = unclaim
        self._groups: dict[GroupKey, _Group] = {}
        self._undoing: set[asyncio.Task[None]] = set()
        self._dues: Batcher[GroupKey, float] = Batcher(
            self._flush_dues, max_count=settings.batch_max_count
        )
        self._recheck_at = 0.0
        self.is_closed = False
        self._unsubscribe = (
            bus.subscribe("work", self._notified),
            bus.subscribe("clock", lambda _: self._notified(None)),
        )

    async def close(self) -> None:
        """Answer every waiter with nothing, and wait until late claims are undone."""
        self.is_closed = True
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        tasks = [group.close() for group in self._groups.values()]
        await asyncio.gather(*tasks)
        while self._undoing:
            await asyncio.gather(*self._undoing)

    async def claim(
        self,
        lane: str,
        queues: Sequence[str],
        *,
        worker_id: str,
        capacity: int,
        job_types: Sequence[str] | None,
        wait_seconds: float,
        gone: asyncio.Event | None,
    ) -> list[Job]:
        """See `Queue.claim_wait`."""
        if self.is_closed or (gone is not None and gone.is_set()):
            return []
        loop = asyncio.get_running_loop()
        waiter = _Waiter(worker_id, capacity, wait_seconds > 0, gone, loop.create_future())
        group = self._group(lane, queues, job_types)
        group.join(waiter)
        timer = loop.call_later(wait_seconds, group.time_out, waiter) if waiter.stays else None
        leaving = None if gone is None else asyncio.create_task(gone.wait())
        try:
            if leaving is not None:
                either: set[asyncio.Future[Any]] = {waiter.future, leaving}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    group.dismiss(waiter)
            jobs = await waiter.future
        except asyncio.CancelledError:
            group.dismiss(waiter)
            self.give_back(waiter.jobs)
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if leaving is not None:
                leaving.cancel()
        if gone is not None and gone.is_set():
            self.give_back(jobs)
            return []
        return jobs

    def give_back(self, jobs: Sequence[Job]) -> None:
        """Undo claims nobody will hear of, in the background."""
        if jobs:
            task = asyncio.create_task(self._undo(list(jobs)))
            self._undoing.add(task)
            task.add_done_callback(self._undoing.discard)

    async def take(self, key: GroupKey, workers: list[str]) -> list[Job]:
        """Claim up to one job per element of `workers`."""
        lane, queues, types = key
        rows = await run(
            self._db,
            statements.CLAIM,
            (
                lane,
                list(queues),
                None if types is None else list(types),
                workers,
                self._windows.floor,
                self._windows.first_cap,
                self._windows.grace,
                _SPARE_COUNT,
            ),
            self._settings.contention_retries_count,
        )
        return [Job.from_row(row) for row in rows]

    async def seconds_to_next_due(self, key: GroupKey) -> float:
        """How long until a job of the group is due, infinite if none will be.

        Not above zero when something is due already.
        """
        return await self._dues.submit(key)

    async def _flush_dues(self, keys: Sequence[GroupKey]) -> list[float | Exception]:
        groups = [
            {"ord": number, "lane": lane, "queues": queues, "types": types}
            for number, (lane, queues, types) in enumerate(keys)
        ]
        rows = await run(self._db, statements.NEXT_DUE, (orjson.dumps(groups).decode(),), 0)
        return [math.inf if due is None else float(due) for (due,) in rows]

    def recheck_at(self) -> float:
        """When, in the loop's time, whoever waits should look again: the same moment for all.

        At most the re-check period from now.
        """
        now = asyncio.get_running_loop().time()
        if self._recheck_at <= now + _LULL_SECONDS:  # as good as past; loops wake a little early
            self._recheck_at = now + self._settings.recheck_seconds
        return self._recheck_at

    async def _undo(self, jobs: list[Job]) -> None:
        try:
            await self._unclaim(jobs)
        except (psycopg.Error, PoolTimeout):
            pass  # the lease will run out

    def _group(self, lane: str, queues: Sequence[str], job_types: Sequence[str] | None) -> _Group:
        types = None if job_types is None else tuple(sorted(set(job_types)))
        key = (lane, tuple(sorted(set(queues))), types)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(
                self, key, self._settings.claim_batch_max_count, self._groups
            )
        return group

    def _notified(self, payload: str | None) -> None:
        lane, _, queue = (payload or "").partition(" ")
        for group in self._groups.values():
            if payload is None or group.listens_to(lane, queue):
                group.stir()


class _Group:
    """The waiters of one (lane, queues, types), served by one task while there are any."""

    def __init__(
        self, claimer: Claimer, key: GroupKey, max_count: int, registry: dict[GroupKey, _Group]
    ) -> None:
        self._claimer = claimer
        self._key = key
        self._max_count = max_count
        self._registry = registry
        self._waiters: dict[_Waiter, None] = {}
        self._newcomers: list[_Waiter] = []
        self._served: list[_Waiter] = []
        self._is_stirred = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def listens_to(self, lane: str, queue: str) -> bool:
        return lane == self._key[0] and queue in self._key[1]

    def join(self, waiter: _Waiter) -> None:
        self._waiters[waiter] = None
        self._newcomers.append(waiter)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._serve())

    def stir(self) -> None:
        """Something may be there for every waiter."""
        self._is_stirred = True
        self._wake.set()

    def dismiss(self, waiter: _Waiter) -> None:
        """Answer a waiter with nothing, unless it has its answer."""
        self._waiters.pop(waiter, None)
        if not waiter.future.done():
            waiter.future.set_result([])

    def time_out(self, waiter: _Waiter) -> None:
        """Its wait is over; if a claim for it is under way, that one still counts."""
        if waiter in self._served:
            waiter.stays = False
        else:
            self.dismiss(waiter)

    async def close(self) -> None:
        for waiter in list(self._waiters):
            self.dismiss(waiter)
        self._wake.set()
        if self._task is not None:
            await self._task

    async def _serve(self) -> None:
        try:
            while self._waiters:
                self._wake.clear()
                batch = self._next_batch()
                try:
                    is_drained = await self._hand_out(batch)
                    if is_drained and self._waiters and not self._wake.is_set():
                        await self._sleep()
                except (psycopg.Error, PoolTimeout) as error:
                    self._fail(error)
        finally:
            self._task = None
            self._registry.pop(self._key, None)

    def _next_batch(self) -> list[_Waiter]:
        everyone = self._is_stirred
        batch = list(self._waiters) if everyone else self._newcomers
        self._newcomers, self._is_stirred = [], False
        self._served = [waiter for waiter in batch if not waiter.has_left]
        return self._served

    async def _hand_out(self, batch: list[_Waiter]) -> bool:
        """Claim for these waiters; tells whether the queues gave less than was asked for."""
        slots = self._slots(batch)
        if not slots:
            return True
        jobs = await self._claimer.take(self._key, slots)
        unwanted = self._deal(batch, jobs)
        self._claimer.give_back(unwanted)
        for waiter in batch:
            if waiter.jobs and not waiter.future.done():
                self._waiters.pop(waiter, None)
                waiter.future.set_result(waiter.jobs)
        self._served = []
        await self._let_go([waiter for waiter in batch if not waiter.stays])
        if len(jobs) < len(slots):
            return True
        self.stir()  # there may be more
        return False

    async def _let_go(self, hasty: list[_Waiter]) -> None:
        """Answer those with nothing who do not wait, or let them look once more."""
        hasty = [waiter for waiter in hasty if not waiter.future.done()]
        if not hasty:
            return
        is_due = await self._seconds_to_next_due() <= 0
        for waiter in hasty:
            if is_due and waiter.looks_left > 0:
                waiter.looks_left -= 1
                self._newcomers.append(waiter)
            else:
                self.dismiss(waiter)

    def _slots(self, batch: list[_Waiter]) -> list[str]:
        """One worker id per free slot, everybody's first slot before anybody's second."""
        slots: list[str] = []
        for turn in range(max((waiter.capacity for waiter in batch), default=0)):
            slots.extend(waiter.worker_id for waiter in batch if waiter.capacity > turn)
            if len(slots) >= self._max_count:
                break
        return slots[: self._max_count]

    @staticmethod
    def _deal(batch: list[_Waiter], jobs: list[Job]) -> list[Job]:
        """Give the jobs to the waiters they were claimed for; returns those nobody takes."""
        takers: dict[str, list[_Waiter]] = {}
        for waiter in batch:
            if not waiter.has_left:
                takers.setdefault(waiter.worker_id, []).append(waiter)
        unwanted: list[Job] = []
        for job in jobs:
            open_waiters = takers.get(job.worker_id or "", [])
            while open_waiters and len(open_waiters[0].jobs) >= open_waiters[0].capacity:
                open_waiters.pop(0)
            if open_waiters:
                open_waiters[0].jobs.append(job)
            else:
                unwanted.append(job)
        return unwanted

    async def _sleep(self) -> None:
        """Until something is due, or somebody has joined, stirred or gone.

        At each re-check only the due time is asked for. A claim follows if something is due.
        """
        if await self._woken_before(self._at(_LULL_SECONDS)):
            return
        # Those who look once more want their answer then, also if somebody else has the job by now.
        seconds = 0.0 if self._newcomers else await self._seconds_to_next_due()
        # What is due now but was not given to us is locked: it is not worth looking at once.
        due_at = self._at(max(_LULL_SECONDS, seconds))
        while (recheck_at := self._claimer.recheck_at()) < due_at:
            if await self._woken_before(recheck_at) or not self._waiters:
                return
            due_at = self._at(await self._seconds_to_next_due())
        if not await self._woken_before(due_at):
            self._is_stirred = True

    async def _seconds_to_next_due(self) -> float:
        return await self._claimer.seconds_to_next_due(self._key)

    @staticmethod
    def _at(seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

    async def _woken_before(self, when: float) -> bool:
        try:
            async with asyncio.timeout_at(when):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True

    def _fail(self, error: Exception) -> None:
        """The database is away: every waiter hears of it and may poll again."""
        for waiter in list(self._waiters):
            self._waiters.pop(waiter)
            if not waiter.future.done():
                waiter.future.set_exception(error)
