"""How long after the enqueue call begins does the handler run, when nothing else is going on?

One worker holds its poll open; a job is enqueued over a kept-alive connection; the handler's first
line compares the clock (monotonic, the same for all processes of a machine) with the time that the
payload carries. The next job waits until the last has run and a random pause has passed, so that
nothing queues. The published worker does the same beside it, with fewer jobs; the two seconds that
it sleeps after an empty poll do not show here, because its polls are not empty.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.http_load import Connection
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import percentile
from tests.support.published import published_python

QUESTION = "from the enqueue call to the handler's first line, idle system"
MILLI = 1e3
WORKERS = [
    ("our FlareWorker", "threads", False),
    ("our AsyncFlareWorker", "asyncio", False),
    ("published FlareWorker", "threads", True),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` sends fewer jobs."""
    count, few = (40, 5) if quick else (400, 20)
    report = Report("start_latency", QUESTION)
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        for label, who, elsewhere in WORKERS:
            progress(label)
            wanted = few if elsewhere else count
            with Process(
                "benchmarks.contenders.noop_worker",
                *(who, f"{server.url}/flare/v1", f"idle-{who}-{elsewhere}", str(wanted + 3)),
                python=_python(elsewhere),
                environ={"FLARE_API_KEY": server.key("flare")},
            ) as worker:
                seen = asyncio.run(
                    send(worker, port_of(server), server.key("flare"),
                         f"idle-{who}-{elsewhere}", wanted + 3)
                )[3:]  # fmt: skip
            report.add(f"{label}, all", "ms", [value * MILLI for value in seen])
            for percent in (50, 99):
                value = percentile(seen, percent) * MILLI
                report.add(f"{label}, p{percent}", "ms", [value])
                if not elsewhere:
                    bound = {50: 10.0, 99: 50.0}[percent]
                    report.goals.append(Goal(f"{label}, p{percent}, ms", value, bound))
    return report


def _python(elsewhere: bool) -> Path | None:
    return published_python() if elsewhere else None


async def send(worker: Process, port: int, key: str, queue: str, count: int) -> list[float]:
    """Enqueue one job after the other; return how late each handler began, in seconds.

    The first ones find a worker that is still starting and are for the caller to drop.
    """
    connection = await Connection.open(port, key)
    seen: list[float] = []
    for number in range(count):
        payload = {"sent": time.monotonic()}
        await connection.post(
            "/flare/v1/jobs", {"job_type": "noop", "queue": queue, "payload": payload}
        )
        answer = await asyncio.to_thread(worker.ask, "") if number == 0 else worker.read_line()
        seen.append(float(answer))
        await asyncio.sleep(0.02 + random.random() * 0.04)
    connection.close()
    return seen
