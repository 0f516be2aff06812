"""A process that carries out agent sessions, to be killed: `agent_process.py DATABASE_URL LEDGER`.

Its work writes each step's effect to the ledger, one line a step. In a session whose parameters say
so it stops for good in the middle of a tool, or of a message, until somebody kills the process. It
says `ready` when it works.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from quintet_server.engines.runs.engine import Runs
from quintet_server.engines.runs.settings import RunSettings
from quintet_server.engines.work.presence import Presence
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.engines.work.ticker import Ticker
from quintet_server.services.amdahl.agents.desk import Desk, Result
from quintet_server.services.amdahl.agents.program import AgentProgram
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus


class Work:
    """Three turns, each with a tool and a message; then a question, then an artifact."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger

    async def __call__(self, desk: Desk) -> Result:
        for number in range(3):
            async with desk.turn(f"t{number}"):
                await desk.tool(f"q{number}", "query", "Query", {}, self.effect(desk, f"q{number}"))
                desk.used(1, 1)
                await desk.message(f"m{number}", self.speech(desk, f"m{number}"))
        answer = await desk.ask("go", "approval", {}, {"type": "object"})
        await desk.artifact("a", "note", "Note", answer)
        return Result(" ".join(desk.messages))

    def effect(self, desk: Desk, name: str) -> Any:
        async def act() -> dict[str, str]:
            first = self.write(desk, name)
            if first and desk.params.get("hang_at") == name:
                await self.hang(desk)
            return {"did": name}

        return act

    def speech(self, desk: Desk, name: str) -> Any:
        async def produce() -> AsyncIterator[str]:
            first = self.write(desk, name)
            yield "x" * 150
            if first and desk.params.get("hang_at") == name:
                await asyncio.sleep(0.1)  # so that the piece is in the log
                await self.hang(desk)
            yield name

        return produce

    def write(self, desk: Desk, name: str) -> bool:
        """Note an effect; tells whether it is the first of its kind."""
        line = f"{desk.session_id} {name}"
        first = not self.ledger.exists() or line not in self.ledger.read_text().splitlines()
        with self.ledger.open("a") as ledger:
            ledger.write(f"{line}\n")
        return first

    async def hang(self, desk: Desk) -> None:
        print(f"hanging {desk.session_id}", flush=True)
        await asyncio.Event().wait()


async def main(url: str, ledger: Path) -> None:
    db = await Database.open(url, application_name="agents")
    bus = NotifyBus()
    await bus.start(db)
    clock = Clock(db, bus)
    await clock.start()
    queue = Queue(db, bus)
    await Presence(queue).start()
    Ticker(queue, Schedules(queue)).start()
    runs = Runs(queue, clock, RunSettings(tidy_period_seconds=0.2, retry_delays_ms=[0]))
    parts = cast("Any", SimpleNamespace(db=db))
    runs.register(AgentProgram(parts, Work(ledger)))
    await runs.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
