"""How quickly does a body of 1 MiB come into memory, blocking and on asyncio?

Its length is known from the head. The floor is a socket that fills a fresh buffer; whoever copies
less comes nearer to it. The peer writes from memory, on a core of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.fetching import MICRO, Contender, Measured, expect_times, tabulate
from benchmarks.libraries import python_in
from benchmarks.process import Process, cores
from benchmarks.report import Report
from benchmarks.statistics import interleave

QUESTION = "CPU and wall time per body of 1 MiB"
SIZE = 1024 * 1024
WHO = [
    Contender("socket", "socket"),
    Contender("engine", "engine", versus="socket"),
    Contender("httpx", "httpx", versus="socket", home="libraries"),
    Contender("ours", "api-client", versus="httpx"),
    Contender("ours, stream", "api-client-stream", versus="httpx"),
    Contender("http.client", "http.client", versus="httpx"),
    Contender("urllib3", "urllib3", versus="httpx", home="libraries"),
    Contender("httpx2", "httpx2", versus="httpx", home="libraries"),
    Contender("requests", "requests", versus="httpx", home="libraries"),
    Contender("engine async", "engine-async", versus="socket"),
    Contender("httpx async", "httpx-async", versus="socket", home="libraries"),
    Contender("ours async", "api-client-async", versus="httpx async"),
    Contender("aiohttp", "aiohttp", versus="httpx async", home="libraries"),
    Contender("httpx2 async", "httpx2-async", versus="httpx async", home="libraries"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (40, 5) if quick else (200, 11)
    report = Report("native_download", QUESTION)
    measured = _measure(count, repetitions, progress)
    tabulate(report, WHO, measured)
    expect_times(report, measured, "ours", "httpx", 4.0)
    expect_times(report, measured, "ours async", "httpx async", 4.0)
    return report


def _measure(count: int, repetitions: int, progress: Callable[[str], None]) -> Measured:
    client_core, peer_core = cores()
    measured = Measured(wall={each.name: [] for each in WHO})
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def contender(each: Contender) -> Callable[[], float]:
            process = stack.enter_context(
                Process(
                    "benchmarks.contenders.download",
                    each.who,
                    f"http://127.0.0.1:{peer.first_line}",
                    str(SIZE),
                    python=python_in(each.home),
                    core=client_core,
                )
            )
            process.work(count // 4)

            def measure() -> float:
                seen = process.work(count)
                measured.wall[each.name].append(seen["wall"] / count * MICRO)
                return float(seen["cpu"]) / count * MICRO

            return measure

        measured.cpu = interleave(
            {each.name: contender(each) for each in WHO}, repetitions, progress
        )
    return measured
