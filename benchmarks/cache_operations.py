"""How many cache operations per second over HTTP, next to the same statements without a server?

Gets, sets, increments and a mixture of them, by one caller and by sixteen, each with a connection.
The load is made by a raw HTTP generator in one process (no SDK). The baseline runs the server's own
statements on the same table of the same durable PostgreSQL (fsync on), one at a time on a
connection per caller: it does not join what comes together, the server does. Where there is a
program of Valkey or Redis (`QUINTET_TEST_VALKEY_SERVER`, or on the PATH), once more with the cache
in it, next to its plain commands.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.proc import cpu_seconds
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave, paired
from tests.support.server import ServerProcess
from tests.support.valkey import ValkeyProcess

QUESTION = "cache operations per second over HTTP"
OPERATIONS = ("get", "set", "increment", "mixed")
CALLERS = (1, 16)
PROGRAMS = ("valkey-server", "redis-server")


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` makes fewer operations and repetitions."""
    count, repetitions = (300, 3) if quick else (2000, 7)
    report = Report("cache_operations", QUESTION)
    with running_server() as server:
        bare = ("psycopg", server.database_url)
        _compare(report, "PostgreSQL", server, bare, count, repetitions, progress)
    program = os.environ.get("QUINTET_TEST_VALKEY_SERVER") or next(
        filter(None, map(shutil.which, PROGRAMS)), None
    )
    if program is None:
        report.notes.append("no program of Valkey or Redis here: measured with PostgreSQL only")
        return report
    with tempfile.TemporaryDirectory(prefix="quintet-v-") as folder:
        valkey = ValkeyProcess(program, Path(folder))
        valkey.start()
        try:
            with running_server({"CACHE_URL": valkey.url}) as server:
                bare = ("valkey", valkey.url)
                _compare(report, "Valkey", server, bare, count, repetitions, progress)
        finally:
            valkey.stop()
    return report


def _compare(
    report: Report,
    store: str,
    server: ServerProcess,
    bare: tuple[str, str],
    count: int,
    repetitions: int,
    progress: Callable[[str], None],
) -> None:
    over_http = ("http", str(port_of(server)), server.key("aerostack"))
    cpu: dict[str, list[float]] = {}
    with ExitStack() as stack:
        processes = {
            who: stack.enter_context(Process("benchmarks.contenders.cache", *where))
            for who, where in [("bare", bare), ("HTTP", over_http)]
        }

        def contender(who: str, operation: str, callers: int) -> Callable[[], float]:
            times = count * (4 if callers > 1 else 1)
            # Every key is there, every connection open.
            processes[who].work_on(f"{operation} {callers} 1000")

            def measure() -> float:
                before = cpu_seconds(server.pid)
                seen = processes[who].work_on(f"{operation} {callers} {times}")
                spent = cpu_seconds(server.pid) - before
                cpu.setdefault(f"{who} {operation} {callers}", []).append(spent / times * 1e6)
                return times / float(seen["wall"])

            return measure

        for process in processes.values():  # a get of nothing is another thing
            process.work_on("set 16 1000")
        for operation in OPERATIONS:
            for callers in CALLERS:
                name = f"{store}, {operation}, {callers} caller{'s' * (callers > 1)}"
                rates = interleave(
                    {who: contender(who, operation, callers) for who in processes},
                    repetitions,
                    lambda step, name=name: progress(f"{name} {step}"),  # type: ignore[misc]
                )
                base = report.add(f"{name}, bare", "ops/s", rates["bare"])
                report.add(f"{name}, HTTP", "ops/s", rates["HTTP"], versus=base)
                key = f"HTTP {operation} {callers}"
                report.add(f"{name}: CPU of the server", "µs/op", cpu[key])
                # A single caller waits for each answer: that is a question of latency.
                if store == "PostgreSQL" and callers > 1:
                    share = Spread.of(paired(rates["HTTP"], rates["bare"], lambda a, b: a / b))
                    goal = Goal(f"{name}, HTTP / bare", share.median, 0.4, at_least=True)
                    report.goals.append(goal)
