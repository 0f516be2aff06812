"""What does a small GET cost over TLS 1.3, on a kept connection and on a fresh one each time?

A local authority signs the peer's certificate, and every contender verifies it. The kept
connection is asked one call after the other, and by 50 asyncio tasks at once. For the fresh ones
the peer ends the connection with each answer, as a server may, and the client makes the next:
address, TCP, a whole handshake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.authority import authority
from benchmarks.fetching import Contender, Measured, expect_times, fetch, tabulate
from benchmarks.report import Report

QUESTION = "CPU and wall time per small GET over TLS 1.3, kept and fresh connections"
TASKS = 50
BLOCKING = [
    Contender("socket", "socket"),
    Contender("engine", "engine", versus="socket"),
    Contender("httpx2", "httpx2", home="libraries", versus="socket"),
    Contender("ours", "api-client", versus="httpx2"),
    Contender("http.client", "http.client", versus="httpx2"),
    Contender("httpx", "httpx", home="libraries", versus="httpx2"),
    Contender("urllib3", "urllib3", home="libraries", versus="httpx2"),
    Contender("requests", "requests", home="libraries", versus="httpx2", share=0.5),
    Contender("openai", "client", home="libraries", versus="httpx2", share=0.5),
]
ASYNC = [
    Contender("protocol", "protocol"),
    Contender("httpx2 async", "httpx2-async", home="libraries", versus="protocol", share=0.2),
    Contender("ours async", "api-client-async", versus="httpx2 async"),
    Contender("aiohttp", "aiohttp", home="libraries", versus="httpx2 async"),
]
FRESH = [replace(each, share=1.0) for each in BLOCKING]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    report = Report("native_tls", QUESTION)
    repetitions = 3 if quick else 9
    everything = Measured()
    with authority() as trusted:
        for suffix, who, count, tasks, closes in (
            ("", BLOCKING, 1000, 1, False),
            (f" × {TASKS}", ASYNC, 4000, TASKS, False),
            (", fresh", FRESH, 100, 1, True),
        ):
            named = [with_suffix(each, suffix, tasks) for each in who]
            measured = fetch(
                "model",
                named,
                count=count // 4 if quick else count,
                repetitions=repetitions,
                progress=progress,
                authority=trusted,
                closes=closes,
            )
            tabulate(report, named, measured)
            everything.cpu.update(measured.cpu)
            everything.wall.update(measured.wall)
    expect_times(report, everything, "ours", "httpx2", 2.0)
    expect_times(report, everything, f"ours async × {TASKS}", f"httpx2 async × {TASKS}", 2.0)
    return report


def with_suffix(contender: Contender, suffix: str, tasks: int) -> Contender:
    """Return a contender with another name and so many tasks."""
    versus = f"{contender.versus}{suffix}" if contender.versus else None
    return replace(contender, name=f"{contender.name}{suffix}", tasks=tasks, versus=versus)
