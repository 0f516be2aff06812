"""How much CPU does one `executions.get` cost the client, blocking and on asyncio?

As `get_job_cpu`, with FlowMaestro: here the published package has both forms too.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import Contender, expect_above, expect_less, fetch, tabulate
from benchmarks.report import Report

QUESTION = "CPU per executions.get call of the client's process"
WHO = [
    Contender("socket", "socket"),
    Contender("httpx", "httpx"),
    Contender("ours", "client", versus="httpx"),
    Contender("published", "client", versus="httpx", home="published"),
    Contender("httpx async", "httpx-async", versus="httpx"),
    Contender("ours async", "client-async", versus="httpx async"),
    Contender("published async", "client-async", versus="httpx async", home="published"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (300, 5) if quick else (1000, 11)
    report = Report("get_execution_cpu", QUESTION)
    measured = fetch("execution", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    expect_above(report, measured, "ours", "httpx", 25.0)
    expect_above(report, measured, "ours async", "httpx async", 25.0)
    expect_less(report, measured, "ours", "published", "cpu")
    expect_less(report, measured, "ours async", "published async", "cpu")
    return report
