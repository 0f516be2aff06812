"""How much CPU does one `get_job` cost the client?

A peer process answers a fixed job, pinned to another core. Each contender makes the same request
over one kept-alive connection and decodes the JSON. What counts is the CPU time (user and system)
of the client's process; wall time is shown beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, interleave, paired
from tests.support.published import published_python

QUESTION = "CPU per get_job call of the client's process"
# Name in the table, contender, whether it lives in the published package's venv.
WHO = [
    ("socket", "socket", False),
    ("httpx", "httpx", False),
    ("ours", "flare", False),
    ("published", "flare", True),
    ("httpx async", "httpx-async", False),
    ("ours async", "flare-async", False),
]
MICRO = 1e6


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (300, 5) if quick else (1000, 11)
    client_core, peer_core = cores()
    report = Report("get_job_cpu", QUESTION)
    wall: dict[str, list[float]] = {name: [] for name, _, _ in WHO}
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def contender(name: str, who: str, elsewhere: bool) -> Callable[[], float]:
            process = stack.enter_context(
                Process(
                    "benchmarks.contenders.get_job",
                    who,
                    peer.first_line,
                    python=published_python() if elsewhere else None,
                    core=client_core,
                )
            )
            process.work(count // 4)  # connections made, code warm

            def measure() -> float:
                seen = process.work(count)
                wall[name].append(seen["wall"] / count * MICRO)
                return float(seen["cpu"]) / count * MICRO

            return measure

        runs = {name: contender(name, who, elsewhere) for name, who, elsewhere in WHO}
        cpu = interleave(runs, repetitions, progress)
    rows = {
        name: report.add(name, "µs CPU", cpu[name], versus=report.rows[1] if at > 1 else None)
        for at, (name, _, _) in enumerate(WHO)
    }
    rows["ours async"].versus = "httpx async"
    rows["ours async"].ratio = Spread.of(
        paired(cpu["ours async"], cpu["httpx async"], lambda mine, other: mine / other)
    ).median
    for name, values in wall.items():
        report.add(f"{name}, wall", "µs", values)
    for mine, other in [("ours", "httpx"), ("ours async", "httpx async")]:
        above = paired(cpu[mine], cpu[other], lambda a, b: a - b)
        report.add(f"{mine} − {other}", "µs CPU", above)
        report.goals.append(Goal(f"{mine} above {other}, µs", Spread.of(above).median, 25.0))
    below = paired(cpu["ours"], cpu["published"], lambda mine, other: mine / other)
    report.goals.append(Goal("ours / published", Spread.of(below).median, 1.0))
    return report
