"""What does a call of a client cost above the engine that sends it?

In one process blocks of calls alternate between the client and the engine alone, which sends the
very request that the client sends; the difference of their CPU is the layer: request building,
limits, retry decision, response, JSON. Beside it stands the client on a canned transport that has
the answer ready: the same layer without a socket, whose system calls leave caches cold. The bound
holds for the difference, which is what a program pays.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, interleave, paired

QUESTION = "CPU of a client's call above the engine's, in one process"
MICRO = 1e6


@dataclass(frozen=True)
class Layer:
    """One line: what the table calls it, what it fetches, who does it, and its bound if it has one.

    Aerostack has none: its call makes the answer a model of pydantic, which is not the layer.
    """

    name: str
    what: str
    who: str = "client"
    bounded: bool = True

    @property
    def bound(self) -> float:
        """Microseconds of CPU."""
        return 20.0 if self.who.endswith("-async") else 15.0


SYNC = [
    Layer("ours", "model", "api-client"),
    Layer("GhostFlow", "campaign"),
    Layer("Amdahl", "me"),
    Layer("Aerostack, POST", "chat", bounded=False),
    Layer("Flare", "job"),
    Layer("FlowMaestro", "execution"),
]
WHO = [
    *SYNC,
    *[Layer(f"{each.name} async", each.what, f"{each.who}-async", each.bounded) for each in SYNC],
]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (200, 5) if quick else (1000, 15)
    report = Report("native_layer", QUESTION)
    client_core, peer_core = cores()
    seen: dict[str, dict[str, list[float]]] = {
        each.name: {"engine": [], "client": [], "canned": [], "json": []} for each in WHO
    }
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def contender(each: Layer) -> Callable[[], float]:
            process = stack.enter_context(
                Process(
                    "benchmarks.contenders.layer",
                    each.what,
                    each.who,
                    f"http://127.0.0.1:{peer.first_line}",
                    core=client_core,
                )
            )
            process.work(count)

            def measure() -> float:
                spent = process.work(count)
                for kind, values in seen[each.name].items():
                    values.append(spent[kind] / count * MICRO)
                return 0.0

            return measure

        interleave({each.name: contender(each) for each in WHO}, repetitions, progress)
    for each in WHO:
        _tabulate(report, each, seen[each.name])
    return report


def _tabulate(report: Report, layer: Layer, seen: dict[str, list[float]]) -> None:
    above = paired(seen["client"], seen["engine"], lambda a, b: a - b)
    engine = report.add(f"{layer.name}: engine", "µs CPU", seen["engine"])
    report.add(f"{layer.name}: whole call", "µs CPU", seen["client"], versus=engine)
    report.add(f"{layer.name}: layer", "µs CPU", above)
    report.add(f"{layer.name}: canned", "µs CPU", seen["canned"])
    report.add(f"{layer.name}: JSON alone", "µs CPU", seen["json"])
    if layer.bounded:
        for text, values in (("layer above the engine", above), ("canned", seen["canned"])):
            median = Spread.of(values).median
            report.goals.append(Goal(f"{layer.name}: {text}, µs", median, layer.bound))
