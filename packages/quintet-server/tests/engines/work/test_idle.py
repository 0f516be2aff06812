"""What lanes without jobs ask of the database, over time that costs nothing."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import orjson

from quintet_server.engines.work import statements
from quintet_server.engines.work.lane_worker import LaneWorker, Running
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.settings import WorkSettings
from quintet_server.store.notify import NotifyBus

LANES = [f"lane:{number}" for number in range(10)]
RECHECK_SECONDS = 2.0
RECHECKS = 14  # as many as fit into one poll of a worker; each poll begins with a claim


class _Jumps(selectors.DefaultSelector):
    """Does not wait: where others would, it is later at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing will ever happen again"
        self.now += max(0.0, timeout)
        return super().select(0)


def run_at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a loop whose time goes on only where all would wait for it."""
    clock = _Jumps()
    loop = asyncio.SelectorEventLoop(clock)
    loop.time = lambda: clock.now  # type: ignore[method-assign]
    with contextlib.closing(loop):
        loop.run_until_complete(work)


class _Database:
    """Counts the statements; every one would be a transaction of its own.

    It has no jobs but, in lanes that are named `due`, one that others have locked.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.claimed: asyncio.Queue[str] = asyncio.Queue()
        self.due: dict[str, float] = {}
        self._rows: list[tuple[Any, ...]] = []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[_Database]:
        yield self

    async def execute(self, statement: str, params: Sequence[Any]) -> _Database:
        self._rows = []
        if statement == statements.NEXT_DUE:
            self.counts["next due"] += 1
            self._rows = [(self.due.get(key["lane"]),) for key in orjson.loads(params[0])]
        else:
            assert statement == statements.CLAIM
            self.counts["claim"] += 1
            self.claimed.put_nowait(params[0])
        return self

    async def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


async def never(_: Running) -> None:
    raise AssertionError("there are no jobs")


@contextlib.asynccontextmanager
async def idle_workers() -> AsyncIterator[_Database]:
    """A worker per lane, each of which has found nothing."""
    db = _Database()
    settings = WorkSettings(recheck_seconds=RECHECK_SECONDS)
    queue = Queue(db, NotifyBus(), settings)  # type: ignore[arg-type]
    workers = [LaneWorker(queue, lane, never, concurrency=4) for lane in LANES]
    for worker in workers:
        worker.start()
    await asyncio.sleep(RECHECK_SECONDS / 2)
    assert sorted(db.claimed.get_nowait() for _ in LANES) == LANES
    db.counts.clear()
    yield db
    for worker in workers:
        await worker.stop()
    await queue.close()


def test_idle_lanes_cost_one_statement_per_recheck_however_many_they_are() -> None:
    async def look() -> None:
        async with idle_workers() as db:
            await asyncio.sleep(RECHECKS * RECHECK_SECONDS)
            assert db.counts == {"next due": RECHECKS}

    run_at_once(look())


def test_job_that_nobody_told_of_is_claimed_at_the_next_recheck_and_by_its_lane_alone() -> None:
    async def look() -> None:
        async with idle_workers() as db:
            for lane in (LANES[3], LANES[7]):
                told_at = asyncio.get_running_loop().time()
                db.due = {lane: -0.5}
                assert await db.claimed.get() == lane
                assert asyncio.get_running_loop().time() - told_at <= RECHECK_SECONDS
                db.due = {}
                await asyncio.sleep(RECHECK_SECONDS)
                assert db.claimed.empty()

    run_at_once(look())


def test_lane_claims_when_its_job_falls_due_between_two_rechecks() -> None:
    async def look() -> None:
        async with idle_workers() as db:
            loop = asyncio.get_running_loop()
            due_at = loop.time() + 7.3 * RECHECK_SECONDS

            class Due(dict[str, float]):
                def get(self, lane: str, _: Any = None) -> Any:
                    return due_at - loop.time() if lane == LANES[3] else None

            db.due = Due()
            assert await db.claimed.get() == LANES[3]
            assert abs(loop.time() - due_at) < 0.001

    run_at_once(look())


def test_poll_without_wait_is_answered_though_others_have_got_the_job_that_it_saw() -> None:
    async def look() -> None:
        db = _Database()

        class Due(dict[str, float]):
            """A job that is due but locked at first, and claimed by others from then on."""

            def get(self, lane: str, _: Any = None) -> Any:
                return self.pop(lane, None)

        db.due = Due({LANES[0]: -0.5})
        settings = WorkSettings(recheck_seconds=RECHECK_SECONDS)
        queue = Queue(db, NotifyBus(), settings)  # type: ignore[arg-type]
        async with asyncio.timeout(RECHECK_SECONDS / 2):
            poll = queue.claim_wait(
                LANES[0], ["default"], worker_id="w", capacity=1, wait_seconds=0
            )
            assert await poll == []
        assert db.counts["claim"] == 2
        await queue.close()

    run_at_once(look())
