"""How many jobs per second go from enqueue to done over HTTP, next to a bare claim loop?

Enqueuers and workers run at the same time, ten of each, until every job is done; the rate is jobs
by wall time. The load is made by a raw HTTP generator in one process (no SDK), the work is nothing.
The baseline drives the smallest possible queue table in the same PostgreSQL (durable, fsync on)
with as many connections and as many committed transactions a job: insert, claim, finish.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.proc import cpu_seconds
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave, paired

QUESTION = "jobs per second from enqueue to done, ten enqueuers and ten workers"
CONCURRENCY = 10


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer jobs and repetitions."""
    count, repetitions = (500, 3) if quick else (3000, 7)
    report = Report("enqueue_to_done", QUESTION)
    client_cpu: dict[str, list[float]] = {}
    server_cpu: dict[str, list[float]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        api = (str(port_of(server)), server.key("flare"))

        def contender(who: str, *where: str) -> Callable[[], float]:
            running = stack.enter_context(
                Process("benchmarks.contenders.enqueue_to_done", who, str(CONCURRENCY), *where)
            )
            running.work(count // 5)

            def measure() -> float:
                before = cpu_seconds(server.pid)
                seen = running.work(count)
                spent = cpu_seconds(server.pid) - before
                client_cpu.setdefault(who, []).append(seen["cpu"] / count * 1e6)
                server_cpu.setdefault(who, []).append(spent / count * 1e6)
                return count / float(seen["wall"])

            return measure

        rates = interleave(
            {
                "psycopg": contender("psycopg", server.database_url),
                "http": contender("http", *api),
                "http-batch": contender("http-batch", *api),
            },
            repetitions,
            progress,
        )
    base = report.add("bare psycopg", "jobs/s", rates["psycopg"])
    report.add("HTTP, workers poll for one job", "jobs/s", rates["http"], versus=base)
    report.add("HTTP, one worker of concurrency 10", "jobs/s", rates["http-batch"], versus=base)
    for who, label in [("psycopg", "bare psycopg"), ("http", "HTTP"), ("http-batch", "HTTP batch")]:
        report.add(f"{label}: CPU of the load's process", "µs/job", client_cpu[who])
        if who != "psycopg":
            report.add(f"{label}: CPU of the server's process", "µs/job", server_cpu[who])
    for who, text in [("http", "one job a poll"), ("http-batch", "concurrency 10")]:
        share = Spread.of(paired(rates[who], rates["psycopg"], lambda a, b: a / b)).median
        report.goals.append(Goal(f"HTTP, {text} / bare", share, 0.4, at_least=True))
    report.notes.append("load generator, server and PostgreSQL share the cores listed in the file")
    return report
