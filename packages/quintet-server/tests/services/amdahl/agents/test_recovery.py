"""Sessions that outlive the processes that work on them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from quintet_server.engines.runs.engine import Runs
from quintet_server.engines.work.queue import Queue
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.program import AgentProgram
from quintet_server.services.amdahl.agents.sessions import Session, find_session
from quintet_server.services.amdahl.agents.starting import check_order, start_session
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.event_log import read
from quintet_server.store.notify import NotifyBus

PROGRAM = Path(__file__).with_name("agent_process.py")
EFFECTS = ["q0", "m0", "q1", "m1", "q2", "m2"]


class World:
    """Processes on one database, and a look at their sessions from outside."""

    project_id = "prj_test"

    def __init__(self, url: str, folder: Path, db: Database, runs: Runs) -> None:
        self.ledger = folder / "ledger"
        self.db = db
        self._url = url
        self._runs = runs
        self._parts: Any = SimpleNamespace(db=db, runs=runs, settings=AmdahlSettings())
        self._started: list[subprocess.Popen[str]] = []

    async def process(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), self._url, str(self.ledger)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._started.append(process)
        assert await self.line(process) == "ready"
        return process

    async def line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return (await asyncio.to_thread(process.stdout.readline)).strip()

    async def start(self, **params: Any) -> str:
        async with self.db.transaction() as conn:
            profile = await check_order(conn, self.project_id, "copilot", "work", params)
            record = await start_session(
                self._parts, conn, self.project_id, profile, "work", params, started_by="test"
            )
        return record.id

    async def resume(self, session_id: str) -> None:
        async with self.db.transaction() as conn:
            session = await self.session(session_id)
            notes = events.resumed(session.record, session.record.pause["request_id"])
            answer = {"yes": True}
            await self._runs.resume(conn, self.project_id, session_id, answer, *notes)

    async def session(self, session_id: str) -> Session:
        return await find_session(self.db, self.project_id, session_id)

    async def until(self, session_id: str, status: str) -> Session:
        async with asyncio.timeout(120):
            while (found := await self.session(session_id)).status != status:
                await asyncio.sleep(0.01)
        return found

    async def log(self, session_id: str) -> list[tuple[int, str]]:
        async with self.db.connection() as conn:
            found = await read(conn, session_id)
        return [(event.data["seq"], event.type) for event in found]

    def effects(self, session_id: str) -> list[str]:
        """In order."""
        lines = (line.split() for line in self.ledger.read_text().splitlines())
        return [name for id, name in lines if id == session_id]

    def end(self, *processes: subprocess.Popen[str]) -> None:
        """Kill: these, or all of them."""
        for process in processes or self._started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest_asyncio.fixture(loop_scope="session")
async def world(database_url, tmp_path):
    db = await Database.open(database_url, application_name="test")
    bus = NotifyBus()
    await bus.start(db)
    clock = Clock(db, bus)
    await clock.start()
    queue = Queue(db, bus)
    runs = Runs(queue, clock)
    runs.register(AgentProgram(SimpleNamespace(db=db), None))
    found = World(database_url, tmp_path, db, runs)
    yield found
    found.end()
    await runs.stop()
    await queue.close()
    await bus.stop()
    await db.close()


@pytest.mark.kill
@pytest.mark.timeout(300)
async def test_killed_sessions_go_on_where_they_were_and_answers_may_come_while_nobody_works(world):
    first = await world.process()
    in_tool = await world.start(hang_at="q1")
    in_message = await world.start(hang_at="m1")
    hanging = {await world.line(first), await world.line(first)}
    assert hanging == {f"hanging {in_tool}", f"hanging {in_message}"}
    world.end(first)

    second = await world.process()
    for session_id in (in_tool, in_message):
        await world.until(session_id, "awaiting_input")
    world.end(second)
    assert world.effects(in_tool) == ["q0", "m0", "q1", "q1", "m1", "q2", "m2"]
    assert world.effects(in_message) == ["q0", "m0", "q1", "m1", "m1", "q2", "m2"]
    for session_id in (in_tool, in_message):
        await world.resume(session_id)
        assert (await world.session(session_id)).status == "queued"

    await asyncio.gather(world.process(), world.process())
    others = [await world.start() for _ in range(4)]
    for session_id in others:
        await world.until(session_id, "awaiting_input")
        await world.resume(session_id)
    for session_id in (in_tool, in_message, *others):
        session = await world.until(session_id, "complete")
        assert (session.turns_used, session.usage.input_tokens) == (3, 3)
        log = await world.log(session_id)
        assert [seq for seq, _ in log] == list(range(1, len(log) + 1))
        assert session.event_count == len(log)
        counts = Counter(type for _, type in log)
        for type in ("session.started", "session.completed", "artifact.created"):
            assert counts[type] == 1
        for type in ("turn.started", "turn.completed", "tool_start", "tool_complete"):
            assert counts[type] == 3
        assert counts["message.completed"] == 3
    for session_id in others:
        assert world.effects(session_id) == EFFECTS
