"""How many server-sent events per second does a client decode?

Two streams, both sent by the peer as fast as the socket takes them, in chunks of 16 KiB: small
events as a language model sends them, and job objects of half a kilobyte with id and event name.
Our stream (reconnecting, bounded, with idle timeout) against httpx-sse over httpx, the same bytes.
The rate is per second of CPU of the client's process; wall time is shown beside it. The decoders
alone, fed from memory, come last.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, interleave, paired

QUESTION = "server-sent events decoded per second of the client's CPU"
PAIRS = [
    ("stream", "httpx-sse"),
    ("stream-async", "httpx-sse-async"),
    ("decoder", "httpx-sse-decoder"),
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    repetitions = 3 if quick else 9
    counts = {"token": 5_000 if quick else 40_000, "job": 2_000 if quick else 15_000}
    report = Report("sse_decoding", QUESTION)
    for kind, count in counts.items():
        _measure(report, kind, count, repetitions, progress)
    return report


def _measure(
    report: Report, kind: str, count: int, repetitions: int, progress: Callable[[str], None]
) -> None:
    client_core, peer_core = cores()
    wall: dict[str, list[float]] = {}
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def contender(who: str) -> Callable[[], float]:
            process = stack.enter_context(
                Process("benchmarks.contenders.sse", who, kind, peer.first_line, core=client_core)
            )
            process.work(count)  # the peer builds its stream, code gets warm

            def measure() -> float:
                seen = process.work(count)
                wall.setdefault(who, []).append(count / seen["wall"])
                return count / float(seen["cpu"])

            return measure

        names = [name for pair in PAIRS for name in pair]
        cpu = interleave({name: contender(name) for name in names}, repetitions, progress)
    for mine, other in PAIRS:
        base = report.add(f"{kind}: {other}", "events/s CPU", cpu[other])
        report.add(f"{kind}: {mine}", "events/s CPU", cpu[mine], versus=base)
        ratio = Spread.of(paired(cpu[mine], cpu[other], lambda a, b: a / b)).median
        report.goals.append(Goal(f"{kind}: {mine} / {other}", ratio, 3.0, at_least=True))
    for mine, other in PAIRS[:2]:
        base = report.add(f"{kind}: {other}, wall", "events/s", wall[other])
        report.add(f"{kind}: {mine}, wall", "events/s", wall[mine], versus=base)
