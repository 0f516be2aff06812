"""What does a call cost when 50 tasks of one event loop call at the same time?

Every contender keeps its default limits of connections. What counts is the wall time per call
(fifty of them are under way), CPU is shown before it. The peer answers at once, so that what is
waited for is the client.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import Contender, expect_less, fetch, tabulate
from benchmarks.report import Report

TASKS = 50
QUESTION = f"time per executions.get call, {TASKS} asyncio tasks at once"
WHO = [
    Contender("httpx", "httpx-async", tasks=TASKS),
    Contender("published", "client-async", versus="httpx", home="published", tasks=TASKS),
    Contender("ours", "client-async", versus="published", tasks=TASKS),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (500, 5) if quick else (2000, 11)
    report = Report("concurrent_calls", QUESTION)
    measured = fetch("execution", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    expect_less(report, measured, "ours", "published", "wall")
    expect_less(report, measured, "ours", "published", "cpu")
    return report
