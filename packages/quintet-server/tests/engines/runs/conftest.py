"""Programs made of a function, and the engine that runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest

from quintet_server.engines.runs.engine import Runs
from quintet_server.engines.runs.model import Note, RunRecord, RunState
from quintet_server.engines.runs.program import Run
from quintet_server.engines.runs.settings import RunSettings
from quintet_server.engines.work.queue import Queue
from quintet_server.store.clock import Clock

PROJECT = "prj_1"
KIND = "test.program"


class FromFunction:
    """A program whose body is given, with the notes that most programs have."""

    kind = KIND

    def __init__(self, body: Callable[[Run], Awaitable[Any]]) -> None:
        self.body = body

    async def run(self, run: Run) -> Any:
        return await self.body(run)

    def began(self, record: RunRecord) -> list[Note]:
        return [Note("run.started", {"at": record.started_at})]

    def ended(self, record: RunRecord) -> list[Note]:
        data = {"output": record.output, "error": record.error, "at": record.completed_at}
        return [Note("run.summary", {}), Note(f"run.{record.state}", data, terminal=True)]


class RunBench:
    """An engine, and the usual questions about its runs."""

    def __init__(self, queue: Queue, clock: Clock, settings: RunSettings) -> None:
        self.queue = queue
        self.db = queue.db
        self.clock = clock
        self.settings = settings
        self.engines: list[Runs] = []

    async def engine(self, body: Any, *, queue: Queue | None = None, start: bool = True) -> Runs:
        """A started engine with one program: a function, or a program as it is."""
        runs = Runs(queue or self.queue, self.clock, self.settings)
        runs.register(body if hasattr(body, "kind") else FromFunction(body))
        self.engines.append(runs)
        if start:
            await runs.start()
        return runs

    async def create(self, runs: Runs, input: Any = None, **fields: Any) -> RunRecord:
        async with self.db.transaction() as conn:
            return await runs.create(
                conn, **{"kind": KIND, "project_id": PROJECT, "input": input, **fields}
            )

    async def cancel(self, runs: Runs, record: RunRecord) -> RunRecord:
        async with self.db.transaction() as conn:
            return await runs.cancel(conn, PROJECT, record.id)

    async def resume(self, runs: Runs, record: RunRecord, answer: Any, *notes: Note) -> RunRecord:
        async with self.db.transaction() as conn:
            return await runs.resume(conn, PROJECT, record.id, answer, *notes)

    async def until(self, record: RunRecord, *states: str) -> RunRecord:
        """The run once it is in one of these states, or over."""
        async with asyncio.timeout(60):
            while True:
                try:
                    found = await self.engines[0].get(PROJECT, record.id)
                except psycopg.OperationalError:
                    continue  # some tests cut connections
                if found.state in states or (not states and found.state.is_terminal):
                    return found
                await asyncio.sleep(0.005)

    async def events(self, record: RunRecord | str) -> list[str]:
        return [type for type, *_ in await self.log(record)]

    async def log(self, record: RunRecord | str) -> list[tuple[str, dict[str, Any], bool, Any]]:
        stream = record if isinstance(record, str) else record.id
        return await self.fetch(
            "SELECT type, data, terminal, created_at FROM events WHERE stream = %s ORDER BY seq",
            stream,
        )

    async def steps(self, record: RunRecord) -> dict[str, tuple[Any, ...]]:
        """By key: state, output, starts."""
        rows = await self.fetch(
            "SELECT key, state, output, starts FROM run_steps WHERE run_id = %s ORDER BY position",
            record.id,
        )
        return {key: tuple(rest) for key, *rest in rows}

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.db.connection() as conn:
            return await (await conn.execute(statement.encode(), values)).fetchall()

    async def do(self, statement: str, *values: Any) -> None:
        async with self.db.connection() as conn:
            await conn.execute(statement.encode(), values)

    async def job_of(self, record: RunRecord) -> tuple[str, int]:
        """State and attempt of the run's job."""
        rows = await self.fetch(
            "SELECT j.state, j.attempt FROM runs r JOIN work_jobs j ON j.id = r.job_id"
            " WHERE r.id = %s",
            record.id,
        )
        return rows[0]

    async def job_until(self, record: RunRecord, *states: str) -> tuple[str, int]:
        async with asyncio.timeout(60):
            while (found := await self.job_of(record))[0] not in states:
                await asyncio.sleep(0.005)
        return found

    def program(self, body: Any) -> FromFunction:
        return FromFunction(body)

    def assert_over(self, types: list[str], state: RunState | str) -> None:
        """Exactly one terminal event, at the end."""
        ends = [type for type in types if type in ENDS]
        assert ends == [f"run.{state}"]
        assert types[-1] == f"run.{state}"


ENDS = ("run.completed", "run.failed", "run.cancelled")


@pytest.fixture
async def clock(db, bus) -> Clock:
    clock = Clock(db, bus)
    await clock.start()
    return clock


@pytest.fixture
def run_settings() -> RunSettings:
    return RunSettings(
        retry_delays_ms=[0], drain_seconds=0.05, tidy_period_seconds=0.05, attempts_max_count=3
    )


@pytest.fixture
async def bench(queue, clock, run_settings) -> AsyncIterator[RunBench]:
    bench = RunBench(queue, clock, run_settings)
    yield bench
    for runs in bench.engines:
        await runs.stop()
