"""How much CPU does one `get_job` cost the client?

A peer process answers a fixed job, pinned to another core. Each contender makes the same request
over one kept-alive connection and decodes the JSON. What counts is the CPU time (user and system)
of the client's process; wall time is shown beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import Contender, expect_above, expect_less, fetch, tabulate
from benchmarks.report import Report

QUESTION = "CPU per get_job call of the client's process"
WHO = [
    Contender("socket", "socket"),
    Contender("httpx", "httpx"),
    Contender("ours", "client", versus="httpx"),
    Contender("published", "client", versus="httpx", home="published"),
    Contender("httpx async", "httpx-async", versus="httpx"),
    Contender("ours async", "client-async", versus="httpx async"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (300, 5) if quick else (1000, 11)
    report = Report("get_job_cpu", QUESTION)
    measured = fetch("job", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    expect_above(report, measured, "ours", "httpx", 25.0)
    expect_above(report, measured, "ours async", "httpx async", 25.0)
    expect_less(report, measured, "ours", "published", "cpu")
    return report
