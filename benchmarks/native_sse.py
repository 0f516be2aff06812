"""How many JSON events of a stream does a client read per second, each a chunk of its own?

A server that has its events one by one sends each as a chunk; so does the peer, as fast as the
socket takes them. Decoding the JSON is part of everyone's work. The stream is a chat completion of
the `openai` package, whose own stream is the goal: told not to make its models, which nobody else
does (with them it is shown as well). Our stream counts lengths, reconnects and keeps an idle limit.
The SDKs of FlowMaestro, ours and the published one, follow an execution instead.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.libraries import Home, python_in
from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report, Row
from benchmarks.statistics import Spread, interleave, paired

QUESTION = "JSON events per second of CPU and of wall time, a chunk each"


@dataclass(frozen=True)
class Reader:
    """One line: what the table calls it, who it is, where it lives, what it is compared with."""

    name: str
    who: str
    home: Home = "ours"
    versus: str | None = None


WHO = [
    Reader("socket", "socket"),
    Reader("openai, models", "openai", "libraries"),
    Reader("openai", "openai-plain", "libraries"),
    Reader("ours", "client-events", versus="openai"),
    Reader("httpx-sse", "httpx-sse", "libraries", versus="openai"),
    Reader("httpx2", "httpx2", "libraries", versus="openai"),
    Reader("openai async", "openai-plain-async", "libraries"),
    Reader("ours async", "client-events-async", versus="openai async"),
    Reader("httpx-sse async", "httpx-sse-async", "libraries", versus="openai async"),
    Reader("httpx2 async", "httpx2-async", "libraries", versus="openai async"),
    Reader("aiohttp lines", "aiohttp", "libraries", versus="openai async"),
    Reader("published FlowMaestro", "flowmaestro", "published"),
    Reader("FlowMaestro", "flowmaestro", versus="published FlowMaestro"),
    Reader("published FlowMaestro async", "flowmaestro-async", "published"),
    Reader("FlowMaestro async", "flowmaestro-async", versus="published FlowMaestro async"),
]
GOALS = [
    ("ours", "openai"),
    ("ours async", "openai async"),
    ("FlowMaestro", "openai"),
    ("FlowMaestro", "published FlowMaestro"),
]

Rates = dict[str, list[float]]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` reads fewer events less often."""
    count, repetitions = (2_000, 3) if quick else (20_000, 9)
    report = Report("native_sse", QUESTION)
    cpu, wall = _measure(count, repetitions, progress)
    for unit, suffix, rates in (("events/s CPU", "", cpu), ("events/s", ", wall", wall)):
        rows: dict[str, Row] = {}
        for each in WHO:
            versus = rows[each.versus] if each.versus else None
            rows[each.name] = report.add(
                f"{each.name}{suffix}", unit, rates[each.name], versus=versus
            )
        for mine, other in GOALS:
            ratio = paired(rates[mine], rates[other], lambda a, b: a / b)
            text = f"{mine} / {other}{suffix or ', cpu'}"
            report.goals.append(Goal(text, Spread.of(ratio).median, 3.0, at_least=True))
    return report


def _measure(count: int, repetitions: int, progress: Callable[[str], None]) -> tuple[Rates, Rates]:
    client_core, peer_core = cores()
    wall: Rates = {each.name: [] for each in WHO}
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def contender(each: Reader) -> Callable[[], float]:
            process = stack.enter_context(
                Process(
                    "benchmarks.contenders.json_events",
                    each.who,
                    f"http://127.0.0.1:{peer.first_line}",
                    python=python_in(each.home),
                    core=client_core,
                )
            )
            process.work(count)  # the peer builds its stream, code gets warm

            def measure() -> float:
                seen = process.work(count)
                wall[each.name].append(count / seen["wall"])
                return count / float(seen["cpu"])

            return measure

        cpu = interleave({each.name: contender(each) for each in WHO}, repetitions, progress)
    return cpu, wall
