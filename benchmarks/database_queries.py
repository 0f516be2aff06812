"""How many SQL queries per second over HTTP, next to apsw inside the process on the same file?

A row by its primary key, and an insert that is on disk when the answer comes; by one caller and by
sixteen. The load is made by a raw HTTP generator in one process (no SDK). The baseline is one loop
on one connection, with the same journal and the same durability: the most that SQLite gives to one
process. It knows no other projects, no limits and no clients that leave.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.proc import cpu_seconds
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave, paired

QUESTION = "SQL queries per second over HTTP, on the SQLite file of a project"
OPERATIONS = {"select": "select by primary key", "insert": "insert"}
WHO = {"apsw in process": 1, "HTTP, 1 caller": 1, "HTTP, 16 callers": 16}


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` makes fewer queries and repetitions."""
    count, repetitions = (200, 3) if quick else (2000, 7)
    report = Report("database_queries", QUESTION)
    cpu: dict[str, list[float]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        module = "benchmarks.contenders.database"
        api = (str(port_of(server)), server.key("aerostack"))
        http = stack.enter_context(Process(module, "http", *api))
        http.work_on("select 16 100")  # which has made the file
        [file] = (server.folder / "aerostack" / "sqlite").glob("*.db")
        bare = stack.enter_context(Process(module, "apsw", str(file)))

        def contender(who: str, operation: str) -> Callable[[], float]:
            process, callers = (bare if who.startswith("apsw") else http), WHO[who]
            times = count * (5 if operation == "select" and process is bare else 1)

            def measure() -> float:
                before = cpu_seconds(server.pid)
                seen = process.work_on(f"{operation} {callers} {times}")
                spent = cpu_seconds(server.pid) - before
                cpu.setdefault(f"{who} {operation}", []).append(spent / times * 1e6)
                return times / float(seen["wall"])

            return measure

        for operation, text in OPERATIONS.items():
            runs = {who: contender(who, operation) for who in WHO}
            rates = interleave(runs, repetitions, progress)
            base = report.add(f"{text}, apsw in process", "queries/s", rates["apsw in process"])
            for who in list(WHO)[1:]:
                report.add(f"{text}, {who}", "queries/s", rates[who], versus=base)
                label = f"{text}, {who}: CPU of the server"
                report.add(label, "µs/query", cpu[f"{who} {operation}"])
            if operation == "insert":  # a select costs less in process than any request does
                share = paired(rates["HTTP, 16 callers"], base.samples, lambda a, b: a / b)
                goal = f"{text}, HTTP, 16 callers / apsw"
                report.goals.append(Goal(goal, Spread.of(share).median, 0.5, at_least=True))
    return report
