"""How much CPU does one `ai_chat` cost the client, blocking and on asyncio?

As `get_job_cpu`, with a POST: the request is a dictionary of two messages, the answer has both the
old and the new shape of a chat, and no model makes it. `on httpx` is our SDK on an `httpx.Client`
that it was given: there the difference to httpx is the SDK and nothing else, as it is with the
published package.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import (
    Contender,
    expect_less,
    expect_ratio,
    expect_share,
    fetch,
    tabulate,
)
from benchmarks.report import Report

QUESTION = "CPU per ai_chat call of the client's process"
WHO = [
    Contender("socket", "socket"),
    Contender("httpx", "httpx"),
    Contender("ours", "client", versus="httpx"),
    Contender("ours on httpx", "client-httpx", versus="httpx"),
    Contender("published", "client", versus="httpx", home="published"),
    Contender("httpx async", "httpx-async", versus="httpx"),
    Contender("ours async", "client-async", versus="httpx async"),
    Contender("ours on httpx async", "client-httpx-async", versus="httpx async"),
    Contender("published async", "client-async", versus="httpx async", home="published"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (200, 5) if quick else (1000, 11)
    report = Report("ai_chat_cpu", QUESTION)
    measured = fetch("chat", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    for form in ("", " async"):
        httpx, published = f"httpx{form}", f"published{form}"
        for ours in (f"ours{form}", f"ours on httpx{form}"):
            expect_share(report, measured, (ours, httpx), (published, httpx), 1 / 3)
        expect_ratio(report, measured, f"ours{form}", httpx, 1.3)
        expect_less(report, measured, f"ours{form}", published, "wall")
    return report
