"""A process that carries out runs, to be killed: `python ledger_process.py DATABASE_URL LEDGER`.

Its program writes each step's effect to the ledger, one line a step. A run whose input says so
stops for good in the middle of a step, until somebody kills the process. It says `ready` when it
works.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from quintet_server.engines.runs.engine import Runs
from quintet_server.engines.runs.model import Note
from quintet_server.engines.runs.settings import RunSettings
from quintet_server.engines.work.presence import Presence
from quintet_server.engines.work.queue import Queue
from quintet_server.engines.work.schedules import Schedules
from quintet_server.engines.work.ticker import Ticker
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database
from quintet_server.store.notify import NotifyBus


class Ledger:
    """Five steps with an effect each."""

    kind = "test.ledger"

    def __init__(self, path: Path) -> None:
        self.path = path

    async def run(self, run):
        hang_at, times = run.record.input["hang_at"], run.record.input["times"]
        for number in range(5):
            key = f"s{number}"
            if key in run.steps and run.steps[key].state == "done":
                continue
            step = await run.begin(key, Note("step.started", {"key": key}))
            with self.path.open("a") as ledger:
                ledger.write(f"{run.record.id} {key} {step.starts} {os.getpid()}\n")
            if number == hang_at and step.starts <= times:
                print(f"hanging {run.record.id}", flush=True)
                await asyncio.Event().wait()
            run.record_step(key, Note("step.done", {"key": key}), output=number)
        return {"steps": len(run.steps)}

    def began(self, record):
        return [Note("run.started", {})]

    def ended(self, record):
        return [Note(f"run.{record.state}", {"error": record.error}, terminal=True)]


async def main(url: str, ledger: Path) -> None:
    db = await Database.open(url, application_name="ledger")
    bus = NotifyBus()
    await bus.start(db)
    clock = Clock(db, bus)
    await clock.start()
    queue = Queue(db, bus)
    await Presence(queue).start()
    Ticker(queue, Schedules(queue)).start()
    settings = RunSettings(tidy_period_seconds=0.2, attempts_max_count=3)
    runs = Runs(queue, clock, settings)
    runs.register(Ledger(ledger))
    await runs.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
