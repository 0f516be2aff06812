"""What does it cost to import an SDK, to make a second client, to make and close ten thousand?

The import is the life of a whole process with that one statement, less that of a bare interpreter
of the same environment, in the same round; modules and memory are those of a fresh process, and
what is loaded only with the first call is shown as the way to the first answer. A later client is
made and closed, and made, called once over TLS and closed: the TLS context is where most libraries
spend their time. Ten thousand clients, every hundredth of them used, must leave the memory flat.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks.authority import authority
from benchmarks.fetching import peer_arguments
from benchmarks.fresh import fresh, lifetime
from benchmarks.libraries import Home, python_in
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, interleave, paired

QUESTION = "import, a second client, ten thousand clients"
MODULE = "benchmarks.contenders.construction"
MILLI = 1e3
KIBI = 1024
CHURN = 10_000
FLAT = 512.0
"""KiB over ten thousand clients: fifty bytes each, less than the smallest object left behind."""


@dataclass(frozen=True)
class Package:
    """What is imported, and where; for an SDK, what it fetches; for others, how many clients."""

    name: str
    statement: str
    home: Home = "ours"
    thing: str | None = None
    client: str | None = None
    churn: int = 0


OURS = [
    Package(
        "GhostFlow", "from ghostflow import GhostFlowClient", "ours", "campaign", "ghostflow", CHURN
    ),
    Package("Amdahl", "from amdahl import AmdahlClient", "ours", "me", "amdahl", CHURN),
    Package("Aerostack", "from aerostack import SDK", "ours", "chat", "aerostack", CHURN),
    Package("Flare", "from zeridion_flare import FlareClient", "ours", "job", "flare", CHURN),
    Package(
        "FlowMaestro",
        "from flowmaestro import FlowMaestroClient",
        "ours",
        "execution",
        "flowmaestro",
        CHURN,
    ),
]
PUBLISHED = [
    Package(f"published {each.name}", each.statement, "published", each.thing, each.client, 100)
    for each in OURS
    if each.name in ("Aerostack", "Flare", "FlowMaestro")
]
OTHERS = [
    Package("httpx", "import httpx", "libraries", client="httpx", churn=100),
    Package("httpx2", "import httpx2", "libraries", client="httpx2", churn=100),
    Package("requests", "import requests", "libraries", client="requests", churn=1000),
    Package("urllib3", "import urllib3", "libraries"),
    Package("aiohttp", "import aiohttp", "libraries"),
    Package("openai", "from openai import OpenAI", "libraries", "model", "openai", 100),
]
ASYNC = Package("FlowMaestro async", "", client="flowmaestro-async", churn=CHURN)
ALL = [*OURS, *PUBLISHED, *OTHERS]
BARE: dict[Home, str] = {
    "ours": "bare Python, ours",
    "published": "bare Python, published",
    "libraries": "bare Python, libraries",
}


@dataclass(frozen=True)
class Ground:
    """What every measurement of a run stands on: byte code, peers, and whom they are trusted by."""

    byte_code: str
    plain: str
    secure: str
    environ: dict[str, str]

    def fresh(self, home: Home, *arguments: str) -> dict[str, Any]:
        """Measure in a process of its own."""
        python = python_in(home)
        return fresh(self.byte_code, python, MODULE, *arguments, environ=self.environ)


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer processes."""
    report = Report("native_construction", QUESTION)
    with ExitStack() as stack:
        trusted = stack.enter_context(authority())
        plain = stack.enter_context(Process("benchmarks.peer"))
        secure = stack.enter_context(Process("benchmarks.peer", *peer_arguments(trusted)))
        ground = Ground(
            stack.enter_context(tempfile.TemporaryDirectory()),
            f"http://127.0.0.1:{plain.first_line}",
            f"https://127.0.0.1:{secure.first_line}",
            trusted.environ,
        )
        _imports(report, ground, 3 if quick else 15, progress)
        _starts(report, ground, 1 if quick else 5, progress)
        _clients(report, ground, 1 if quick else 5, progress)
        _churn(report, ground, 1 if quick else 3, progress)
    return report


def _imports(
    report: Report, ground: Ground, repetitions: int, progress: Callable[[str], None]
) -> None:
    """Whole lives of processes, each less the bare one of its environment."""

    def life(home: Home, statement: str) -> Callable[[], float]:
        python = python_in(home)
        lifetime(ground.byte_code, python, statement)  # byte code written, files in the page cache
        return lambda: lifetime(ground.byte_code, python, statement) * MILLI

    runs = {name: life(home, "pass") for home, name in BARE.items()}
    runs |= {each.name: life(each.home, each.statement) for each in ALL}
    lives = interleave(runs, repetitions, lambda step: progress(f"import, {step}"))
    for name in BARE.values():
        report.add(f"{name}: whole life", "ms", lives[name])
    for each in ALL:
        above = paired(lives[each.name], lives[BARE[each.home]], lambda a, b: a - b)
        report.add(f"{each.name}: import", "ms", above)
        if each in OURS:
            text = f"{each.name}: import above bare Python, ms"
            report.goals.append(Goal(text, Spread.of(above).median, 40.0))


def _starts(
    report: Report, ground: Ground, repetitions: int, progress: Callable[[str], None]
) -> None:
    """Modules and memory of the import, and the way to the first answer."""
    for each in ALL:
        progress(f"modules and memory of {each.name}")
        seen = [ground.fresh(each.home, "import", each.statement) for _ in range(repetitions)]
        report.add(f"{each.name}: import, CPU", "ms", [one["cpu"] * MILLI for one in seen])
        report.add(f"{each.name}: modules", "", [one["modules"] for one in seen])
        report.add(f"{each.name}: memory", "KiB", [one["rss"] / KIBI for one in seen])
    for each in ALL:
        if each.thing is None:
            continue
        progress(f"first answer of {each.name}")
        arguments = ("answer", each.thing, ground.plain)
        ground.fresh(each.home, *arguments)
        seen = [ground.fresh(each.home, *arguments) for _ in range(repetitions)]
        report.add(f"{each.name}: to the first answer", "ms", [one["wall"] * MILLI for one in seen])


def _clients(
    report: Report, ground: Ground, repetitions: int, progress: Callable[[str], None]
) -> None:
    """A first client, a later one, and a later one with its first call."""
    makers = {each.name: each for each in ALL if each.client}

    def measure(each: Package) -> Callable[[], float]:
        def once() -> float:
            taken = ground.fresh(each.home, "clients", str(each.client), ground.secure)
            for what, values in seen[each.name].items():
                values.append(taken[what] * MILLI)
            return 0.0

        return once

    seen: dict[str, dict[str, list[float]]] = {
        name: {"first": [], "later": [], "used": []} for name in makers
    }
    runs = {name: measure(each) for name, each in makers.items()}
    interleave(runs, repetitions, lambda step: progress(f"clients, {step}"))
    for what, text in (
        ("first", "first client"),
        ("later", "second client"),
        ("used", "second client and its first call, TLS"),
    ):
        for name in makers:
            report.add(f"{name}: {text}", "ms", seen[name][what])
    for each in OURS:
        text = f"{each.name}: second client, ms"
        report.goals.append(Goal(text, Spread.of(seen[each.name]["later"]).median, 0.2))


def _churn(
    report: Report, ground: Ground, repetitions: int, progress: Callable[[str], None]
) -> None:
    """How much memory stays behind."""
    for each in [*OURS, ASYNC, *PUBLISHED, *OTHERS]:
        if not each.churn:
            continue
        progress(f"{each.churn} clients of {each.name}")
        arguments = ("churn", str(each.client), ground.plain, str(each.churn))
        times = repetitions if each.churn == CHURN else 1  # the others have no goal to meet
        seen = [ground.fresh(each.home, *arguments) for _ in range(times)]
        label = f"{each.name}: growth over {each.churn:,} clients"
        growth = [(one["after"] - one["before"]) / KIBI for one in seen]
        report.add(label, "KiB", growth)
        if each.churn == CHURN:
            report.goals.append(Goal(f"{label}, KiB", Spread.of(growth).median, FLAT))
