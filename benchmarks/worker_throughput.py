"""How many no-op jobs per second does a worker with a concurrency of ten get through?

The jobs wait already when the worker starts. The rate is taken from the server's own times: jobs by
the time from the first start to the last completion. The published worker runs unmodified, with its
defaults, in its own venv, on the same server; it gets fewer jobs, because it is slow.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks.http_load import Connection
from benchmarks.proc import cpu_seconds
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave, paired
from tests.support.published import published_python
from tests.support.server import ServerProcess

QUESTION = "no-op jobs per second of a worker with concurrency 10"


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer jobs and repetitions."""
    ours, theirs, repetitions = (500, 30, 1) if quick else (3000, 60, 5)
    report = Report("worker_throughput", QUESTION)
    cpu: dict[str, list[float]] = {}
    server_cpu: dict[str, list[float]] = {}
    rounds = itertools.count()
    with running_server() as server:

        def contender(name: str, who: str, count: int, python: Path | None) -> Callable[[], float]:
            def measure() -> float:
                queue = f"noop-{next(rounds)}"
                asyncio.run(enqueue(server, queue, count))
                arguments = (who, f"{server.url}/flare/v1", queue, str(count))
                environ = {"FLARE_API_KEY": server.key("flare")}
                with Process(
                    "benchmarks.contenders.noop_worker", *arguments, python=python, environ=environ
                ) as worker:
                    before = cpu_seconds(server.pid)
                    seen = json.loads(worker.ask("go"))
                    spent = cpu_seconds(server.pid) - before
                server_cpu.setdefault(name, []).append(spent / count * 1e6)
                cpu.setdefault(name, []).append(seen["cpu"] / count * 1e6)
                return rate(server, queue, count)

            return measure

        rates = interleave(
            {
                "published": contender("published", "threads", theirs, published_python()),
                "ours": contender("ours", "threads", ours, None),
                "ours async": contender("ours async", "asyncio", ours, None),
            },
            repetitions,
            progress,
        )
    base = report.add("published FlareWorker", "jobs/s", rates["published"])
    report.add("our FlareWorker", "jobs/s", rates["ours"], versus=base)
    report.add("our AsyncFlareWorker", "jobs/s", rates["ours async"], versus=base)
    for name, values in cpu.items():
        report.add(
            f"{name}: CPU of the worker's process, start and stop included", "µs/job", values
        )
    for name, values in server_cpu.items():
        report.add(f"{name}: CPU of the server's process", "µs/job", values)
    for name in ("ours", "ours async"):
        times = Spread.of(paired(rates[name], rates["published"], lambda a, b: a / b)).median
        report.goals.append(Goal(f"{name} / published", times, 50.0, at_least=True))
    return report


async def enqueue(server: ServerProcess, queue: str, count: int) -> None:
    """Put so many jobs into a queue."""
    connections = [
        await Connection.open(port_of(server), server.key("flare")) for _ in range(min(10, count))
    ]
    numbers = iter(range(count))

    async def some(connection: Connection) -> None:
        for number in numbers:
            body = {"job_type": "noop", "queue": queue, "payload": {"number": number}}
            await connection.post("/flare/v1/jobs", body)

    await asyncio.gather(*(some(connection) for connection in connections))
    for connection in connections:
        connection.close()


def rate(server: ServerProcess, queue: str, count: int) -> float:
    """Return jobs per second, from the first start to the last completion."""
    query = (
        "SELECT count(*), extract(epoch FROM max(completed_at) - min(started_at))::float8 "
        "FROM work_jobs WHERE queue = %s AND state = 'succeeded'"
    )
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        [(done, seconds)] = conn.execute(query, [queue]).fetchall()
    if done != count:
        raise RuntimeError(f"{done} of {count} jobs of {queue} succeeded")
    return count / float(seconds)
