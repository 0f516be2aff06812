"""How many events of an agent's stream per second does our client read?

Sent by the peer as fast as the socket takes them, in chunks of 16 KiB; each event is decoded from
JSON by every side. Baselines: the two loops that the guide shows, sseclient-py over requests and
frames of an httpx stream cut by hand. They neither reconnect nor bound anything.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.process import Process, cores
from benchmarks.report import Report
from benchmarks.statistics import interleave

QUESTION = "events of an agent's stream per second, and their CPU"
LABELS = {
    "sseclient": "sseclient-py on requests",
    "httpx-loop": "the guide's httpx loop",
    "ours": "client.agents.stream",
    "ours-function": "stream_agent",
}
MICRO = 1e6


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (2_000, 3) if quick else (20_000, 11)
    report = Report("agent_streams", QUESTION)
    client_core, peer_core = cores()
    cpu: dict[str, list[float]] = {who: [] for who in LABELS}
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def contender(who: str) -> Callable[[], float]:
            module = "benchmarks.contenders.agent_stream"
            process = stack.enter_context(Process(module, who, peer.first_line, core=client_core))
            process.work(count)  # the peer builds its stream, code gets warm

            def measure() -> float:
                seen = process.work(count)
                cpu[who].append(float(seen["cpu"]) / count * MICRO)
                return count / float(seen["wall"])

            return measure

        rates = interleave({who: contender(who) for who in LABELS}, repetitions, progress)
    for unit, what, samples in (("events/s", "", rates), ("µs/event", ": CPU", cpu)):
        base = None
        for who, label in LABELS.items():
            row = report.add(f"{label}{what}", unit, samples[who], versus=base)
            base = base or row
    return report
