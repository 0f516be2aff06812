"""What does a small GET cost when 50 or 300 tasks of one event loop ask at the same time?

The same request for all, but for the two SDKs of FlowMaestro, which ask for an execution. Every
contender has its default limits, the floor (an asyncio protocol that cuts answers at their length)
a connection for every task. Wall time per call is what says how many calls a second there are; the
peer answers at once and has a core of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.fetching import Contender, Measured, expect_times, fetch, tabulate
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, paired

QUESTION = "CPU and wall time per small GET, 50 and 300 asyncio tasks at once"
FEW, MANY = 50, 300
WHO = [
    Contender("protocol", "protocol"),
    Contender("engine", "engine-async", versus="protocol"),
    Contender("httpx2", "httpx2-async", versus="protocol", home="libraries", share=0.25),
    Contender("ours", "api-client-async", versus="httpx2"),
    Contender("aiohttp", "aiohttp", versus="httpx2", home="libraries"),
    Contender("httpx", "httpx-async", versus="httpx2", home="libraries", share=0.1),
    Contender("openai", "client-async", versus="httpx2", home="libraries", share=0.2),
    Contender(
        "published FlowMaestro",
        "client-async",
        versus="httpx2",
        home="published",
        what="execution",
        share=0.1,
    ),
    Contender("FlowMaestro", "client-async", versus="published FlowMaestro", what="execution"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    # Enough calls for every task of the slowest to make at least two.
    count, repetitions = (2000, 3) if quick else (6000, 7)
    report = Report("native_concurrent", QUESTION)
    who = [at(tasks, each) for tasks in (FEW, MANY) for each in WHO]
    measured = fetch("model", who, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, who, measured)
    for mine, other, times in (
        ("ours", "httpx2", 7.0),
        ("FlowMaestro", "published FlowMaestro", 12.0),
    ):
        expect_times(report, measured, f"{mine} × {FEW}", f"{other} × {FEW}", times)
    for name in ("engine", "ours", "FlowMaestro"):
        expect_no_collapse(report, measured, name)
    return report


def at(tasks: int, contender: Contender) -> Contender:
    """Return a contender with so many tasks, and the number in its name."""
    versus = f"{contender.versus} × {tasks}" if contender.versus else None
    return replace(contender, name=f"{contender.name} × {tasks}", tasks=tasks, versus=versus)


def expect_no_collapse(report: Report, measured: Measured, name: str) -> None:
    """Add a goal: with many tasks at least 0.7 of the calls a second that few tasks make."""
    few, many = measured.wall[f"{name} × {FEW}"], measured.wall[f"{name} × {MANY}"]
    ratio = paired(few, many, lambda one, other: one / other)
    text = f"{name}, calls per second at {MANY} of those at {FEW}"
    report.goals.append(Goal(text, Spread.of(ratio).median, 0.7, at_least=True))
