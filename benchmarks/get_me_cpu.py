"""How much CPU does one `client.get("/me")` cost the client?

As `get_job_cpu`, for Amdahl: the baseline is `requests` used as its guide does, since there is no
published package.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import Contender, expect_above, expect_less, fetch, tabulate
from benchmarks.report import Report

QUESTION = "CPU per get('/me') call of the client's process"
WHO = [
    Contender("socket", "socket"),
    Contender("httpx", "httpx"),
    Contender("requests", "requests"),
    Contender("ours", "client", versus="requests"),
    Contender("httpx async", "httpx-async"),
    Contender("ours async", "client-async", versus="httpx async"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (300, 5) if quick else (1000, 11)
    report = Report("get_me_cpu", QUESTION)
    measured = fetch("me", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    expect_less(report, measured, "ours", "requests", "cpu")
    expect_above(report, measured, "ours", "httpx", 25.0)
    return report
