"""What does a small GET cost, one after the other over a kept connection, from socket to SDK?

Every contender of the first part makes the same request, for a model object of a hundred bytes,
the smallest that one of them (the `openai` package) asks for by itself; the raw socket is the
floor. `engine` is our transport alone, `ours` the client that every SDK stands on. Then each SDK
with a call of its own API, beside httpx making the very same request, and the published package
where there is one. CPU is of the client's process; wall time has the peer in it, the same for all.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fetching import Contender, expect_ratio, expect_times, fetch, tabulate
from benchmarks.libraries import Home
from benchmarks.report import Report

QUESTION = "CPU and wall time per small GET, blocking, one kept connection"
LIBRARIES: Home = "libraries"
SAME = [
    Contender("socket", "socket"),
    Contender("engine", "engine", versus="socket"),
    Contender("httpx", "httpx", home=LIBRARIES, versus="socket"),
    Contender("ours", "api-client", versus="httpx"),
    Contender("http.client", "http.client", versus="httpx"),
    Contender("urllib3", "urllib3", home=LIBRARIES, versus="httpx"),
    Contender("httpx2", "httpx2", home=LIBRARIES, versus="httpx"),
    Contender("requests", "requests", home=LIBRARIES, versus="httpx", share=0.5),
    Contender("openai", "client", home=LIBRARIES, versus="httpx", share=0.5),
]
# An SDK, what it fetches, and whether there is a published package.
SDKS = [
    ("GhostFlow", "campaign", False),
    ("Amdahl", "me", False),
    ("Aerostack, POST", "chat", True),
    ("Flare", "job", True),
    ("FlowMaestro", "execution", True),
]


def of_sdk(name: str, what: str, is_published: bool) -> list[Contender]:
    """Return httpx, our SDK and the published one, fetching the same."""
    base = f"httpx for {name}"
    made = [
        Contender(base, "httpx", home=LIBRARIES, what=what),
        Contender(name, "client", versus=base, what=what),
    ]
    if is_published:
        published = f"published {name}"
        made.append(Contender(published, "client", versus=base, home="published", what=what))
    return made


WHO = [*SAME, *[each for sdk in SDKS for each in of_sdk(*sdk)]]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer and shorter repetitions."""
    count, repetitions = (200, 5) if quick else (1000, 11)
    report = Report("native_get", QUESTION)
    measured = fetch("model", WHO, count=count, repetitions=repetitions, progress=progress)
    tabulate(report, WHO, measured)
    expect_ratio(report, measured, "engine", "socket", 2.0)
    expect_times(report, measured, "ours", "httpx", 2.5)
    for name, _, _ in SDKS:
        expect_times(report, measured, name, f"httpx for {name}", 2.5)
    return report
