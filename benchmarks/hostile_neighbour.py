"""What does an endless query of one project cost the point queries of another?

One caller of a quiet project asks for rows by their primary key, one after the other. Meanwhile a
second project has endless recursions under way, as many as the server lets run, each begun anew
when its time is up; another time it is left in peace. The ratio is of the latencies.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.http_load import Connection
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import interleave, percentile
from tests.support.server import ServerProcess

QUESTION = "latency of one project's point queries while another runs endless ones"
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
CALLERS = 8


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` asks less often."""
    count, repetitions = (200, 3) if quick else (1000, 7)
    report = Report("hostile_neighbour", QUESTION)
    taken: dict[str, list[list[float]]] = {"in peace": [], "beside endless queries": []}
    with running_server() as server:
        port, hostile = port_of(server), _new_project(server, "hostile")
        where = ("http", str(port), server.key("aerostack"))
        with Process("benchmarks.contenders.database", *where) as quiet:
            quiet.work_on("select 1 200")

            def measure(who: str) -> float:
                seen = quiet.work_on(f"select 1 {count}")
                taken[who].append(seen["ms"])
                return 0.0

            def beside() -> float:
                with _endless_queries(port, hostile):
                    return measure("beside endless queries")

            runs = {"in peace": lambda: measure("in peace"), "beside endless queries": beside}
            interleave(runs, repetitions, progress)
    for percent, bound in ((50, 4.0), (99, 10.0)):
        values = {
            who: [percentile(each, percent) for each in repeated] for who, repeated in taken.items()
        }
        base = report.add(f"p{percent}, in peace", "ms", values["in peace"])
        label = f"p{percent}, beside endless queries"
        row = report.add(label, "ms", values["beside endless queries"], versus=base)
        assert row.ratio is not None
        report.goals.append(
            Goal(f"p{percent}, beside endless queries / in peace", row.ratio, bound)
        )
    report.notes.append(f"{CALLERS} callers send endless queries; the machine has few cores")
    return report


@contextmanager
def _endless_queries(port: int, key: str) -> Iterator[None]:
    """Keep them under way during the block."""
    loop = asyncio.new_event_loop()
    under_way = threading.Event()
    tasks: list[asyncio.Task[None]] = []

    async def ask() -> None:
        connection = await Connection.open(port, key)
        try:
            while True:
                under_way.set()
                # Refused when its time is up, or when too many wait.
                with contextlib.suppress(RuntimeError):
                    await connection.post("/v1/db/query", {"sql": ENDLESS})
        finally:
            connection.close()

    async def all_of_them() -> None:
        tasks.extend(loop.create_task(ask()) for _ in range(CALLERS))
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(all_of_them()))
    thread.start()
    under_way.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
        thread.join()
        loop.close()


def _new_project(server: ServerProcess, name: str) -> str:
    """Return a key of another project."""
    command = [sys.executable, "-m", "quintet_server", "keys", "create", "aerostack", "--json"]
    where = ["--project", name, "--data-dir", str(server.folder)]
    where += ["--database-url", server.database_url]
    done = subprocess.run([*command, *where], check=True, capture_output=True, text=True)
    key: str = json.loads(done.stdout)["key"]
    return key
