"""Jobs from enqueue to done: `… enqueue_to_done WHO CONCURRENCY PORT KEY` or `… DATABASE_URL`.

`http`: so many enqueuers and so many workers, each with one connection; a worker polls for one
job and acknowledges it. Three requests a job, and each is a committed transaction.
`http-batch`: one poller with a capacity of `CONCURRENCY`, and so many acknowledging connections:
how a worker with that concurrency works.
`psycopg`: the baseline. So many connections insert, so many claim and finish: three statements a
job, each a committed transaction, on the smallest table that can be a queue.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg
import uvloop
from psycopg.types.json import Jsonb

from benchmarks.contender import serve
from benchmarks.http_load import Connection

PAYLOAD = {"to": "reader@example.com", "template": "welcome", "retries": [1, 2, 3]}
_round = itertools.count()

SCHEMA = """
    DROP TABLE IF EXISTS bare_queue;
    CREATE TABLE bare_queue (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb NOT NULL,
        state text NOT NULL DEFAULT 'pending', attempt int NOT NULL DEFAULT 0,
        run_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, completed_at timestamptz
    );
    CREATE INDEX ON bare_queue (run_at, id) WHERE state = 'pending';
"""
INSERT = "INSERT INTO bare_queue (payload) VALUES (%s)"
CLAIM = """
    UPDATE bare_queue SET state = 'processing', attempt = attempt + 1, started_at = now()
    WHERE id = (SELECT id FROM bare_queue WHERE state = 'pending' ORDER BY run_at, id
                LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, payload, attempt
"""
FINISH = "UPDATE bare_queue SET state = 'succeeded', completed_at = now() WHERE id = %s"


class Tally:
    """How many jobs are done; set when all are."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.all_done = asyncio.Event()

    def done(self) -> None:
        """Count one."""
        self._left -= 1
        if not self._left:
            self.all_done.set()


async def _until_done(tally: Tally, *parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until every job is done; the first failure of one is ours."""
    tasks = [asyncio.create_task(part) for part in parts]
    finished = asyncio.create_task(tally.all_done.wait())
    try:
        while not finished.done():
            done, _ = await asyncio.wait(
                [finished, *(task for task in tasks if not task.done())],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                task.result()
    finally:
        for task in [finished, *tasks]:
            task.cancel()
        await asyncio.gather(finished, *tasks, return_exceptions=True)


class OverHttp:
    """One round through the API: its queue, its connections, its count."""

    def __init__(self, count: int, concurrency: int) -> None:
        self.queue = f"bench-{next(_round)}-{concurrency}"
        self.tally = Tally(count)
        self._numbers = iter(range(count))
        self._concurrency = concurrency
        self._claimed: asyncio.Queue[str] = asyncio.Queue()
        self._free = concurrency
        self._freed = asyncio.Event()

    async def enqueue(self, connection: Connection) -> None:
        """Create jobs until there are enough."""
        body = {"job_type": "noop", "queue": self.queue, "payload": PAYLOAD}
        for _ in self._numbers:
            await connection.post("/flare/v1/jobs", body)

    async def work(self, connection: Connection, worker: str) -> None:
        """Claim one job, finish it, and so on."""
        while True:
            for job_id in await self._poll(connection, worker, 1):
                await self._finish(connection, job_id, worker)

    async def poll_many(self, connection: Connection) -> None:
        """Claim as many jobs as there are free slots."""
        while True:
            while not self._free:
                self._freed.clear()
                await self._freed.wait()
            job_ids = await self._poll(connection, "many", self._free)
            self._free -= len(job_ids)
            for job_id in job_ids:
                self._claimed.put_nowait(job_id)

    async def finish_many(self, connection: Connection) -> None:
        """Finish what was claimed, each freeing a slot."""
        while True:
            await self._finish(connection, await self._claimed.get(), "many")
            self._free += 1
            self._freed.set()

    async def _poll(self, connection: Connection, worker: str, capacity: int) -> list[str]:
        answer = await connection.post(
            "/flare/v1/workers/poll",
            {
                "queues": [self.queue],
                "worker_id": worker,
                "capacity": capacity,
                "wait_seconds": 5,
            },
        )
        return [job["id"] for job in answer["jobs"]]

    async def _finish(self, connection: Connection, job_id: str, worker: str) -> None:
        ack = {"job_id": job_id, "worker_id": worker, "status": "succeeded", "duration_ms": 1}
        await connection.post("/flare/v1/workers/ack", ack)
        self.tally.done()


async def http(count: int, concurrency: int, port: int, key: str, *, batch: bool) -> None:
    """Through the API."""
    over = OverHttp(count, concurrency)
    connections = [await Connection.open(port, key) for _ in range(2 * concurrency + 1)]
    enqueuing, working = connections[:concurrency], connections[concurrency : 2 * concurrency]
    workers = (
        [over.poll_many(connections[-1]), *(over.finish_many(one) for one in working)]
        if batch
        else [over.work(one, f"w{place}") for place, one in enumerate(working)]
    )
    await _until_done(over.tally, *(over.enqueue(one) for one in enqueuing), *workers)
    for connection in connections:
        connection.close()


async def bare(count: int, concurrency: int, database_url: str) -> None:
    """Straight to the database."""
    tally = Tally(count)
    numbers = iter(range(count))
    payload = Jsonb(PAYLOAD)

    async def connect() -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, prepare_threshold=0
        )

    async def enqueue() -> None:
        async with await connect() as conn:
            for _ in numbers:
                await conn.execute(INSERT, [payload])

    async def work() -> None:
        async with await connect() as conn:
            while True:
                row = await (await conn.execute(CLAIM)).fetchone()
                if row is None:
                    await asyncio.sleep(0.001)
                    continue
                await conn.execute(FINISH, [row[0]])
                tally.done()

    async with await connect() as conn:
        await conn.execute(SCHEMA, prepare=False)
    await _until_done(
        tally,
        *(enqueue() for _ in range(concurrency)),
        *(work() for _ in range(concurrency)),
    )


def main(who: str, concurrency: int, *where: str) -> None:
    """Serve one contender."""
    loop = uvloop.new_event_loop()
    run: Callable[[int], Awaitable[None]]
    if who == "psycopg":

        def run(count: int) -> Awaitable[None]:
            return bare(count, concurrency, where[0])
    else:

        def run(count: int) -> Awaitable[None]:
            return http(count, concurrency, int(where[0]), where[1], batch=who == "http-batch")

    async def whole(count: int) -> None:
        await run(count)

    serve(lambda count: loop.run_until_complete(whole(count)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
