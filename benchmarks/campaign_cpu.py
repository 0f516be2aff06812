"""How much CPU does one `client.get("/campaigns/…")` cost the client?

As `get_job_cpu`, for GhostFlow: the baseline is `requests` wrapped as the sample class of its guide
wraps it, since there is no published package. Both give the campaign and the rate limit;
`campaigns.get` gives the campaign alone, its amounts as decimals.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import Contender, expect_above, expect_ratio, fetch, tabulate
from benchmarks.report import Report

QUESTION = "CPU per get('/campaigns/…') call of the client's process"
WHO = [
    Contender("socket", "socket"),
    Contender("httpx", "httpx"),
    Contender("requests", "requests-limits"),
    Contender("ours", "client", versus="requests"),
    Contender("ours, campaigns.get", "resource", versus="requests"),
    Contender("httpx async", "httpx-async", versus="requests"),
    Contender("ours async", "client-async", versus="requests"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (300, 5) if quick else (1000, 11)
    report = Report("campaign_cpu", QUESTION)
    measured = fetch("campaign", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    for mine in ("ours", "ours, campaigns.get", "ours async"):
        expect_ratio(report, measured, mine, "requests", 0.25)
    expect_above(report, measured, "ours", "httpx", 25.0)
    return report
