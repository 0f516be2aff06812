"""How long does `import zeridion_flare` take, and how long does a client take to make?

Every sample is a fresh process. The import is measured twice: the bare statement, and up to the
client class being at hand (names are loaded when first used, and nobody imports the package for
less than that); and up to the first answer of a peer, because what is loaded late is paid late. The
published package is measured in its own venv. Byte code is written before, on both sides, into a
folder of its own: a checkout whose byte code nobody wrote would be compiled anew each time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.fresh import fresh
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, interleave
from tests.support.published import published_python

QUESTION = "import of zeridion_flare, and making a client, in fresh processes"
MODULE = "benchmarks.contenders.fresh_start"
MILLI = 1e3


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer processes."""
    with tempfile.TemporaryDirectory() as byte_code:
        return _run(byte_code, quick=quick, progress=progress)


def _run(byte_code: str, *, quick: bool, progress: Callable[[str], None]) -> Report:
    repetitions = 5 if quick else 21
    report = Report("import_time", QUESTION)
    seen: dict[str, list[dict[str, Any]]] = {}

    def contender(name: str, python: Path, *what: str) -> Callable[[], float]:
        def measure() -> float:
            seen.setdefault(name, []).append(fresh(byte_code, python, MODULE, *what))
            return 0.0

        return measure

    ours, published = Path(sys.executable), published_python()
    with Process("benchmarks.peer") as peer:
        answer = ("answer", peer.first_line)
        for python in (ours, published):  # byte code written, files in the page cache
            fresh(byte_code, python, MODULE, *answer)
        interleave(
            {
                "published": contender("published", published, "import"),
                "ours": contender("ours", ours, "import"),
                "published answer": contender("published answer", published, *answer),
                "our answer": contender("our answer", ours, *answer),
                "published client": contender("published client", published, "client"),
                "our client": contender("our client", ours, "client"),
            },
            repetitions,
            progress,
        )

    def compare(text: str, key: str, unit: str, scale: float, names: tuple[str, str]) -> float:
        base = report.add(f"{names[0]}, {text}", unit, [s[key] * scale for s in seen[names[0]]])
        row = report.add(
            f"{names[1]}, {text}", unit, [s[key] * scale for s in seen[names[1]]], versus=base
        )
        assert row.ratio is not None
        return row.ratio

    who = ("published", "ours")
    compare("import", "wall", "ms", MILLI, who)
    bare = compare("import, CPU", "cpu", "ms", MILLI, who)
    compare("import to client class", "with_client_wall", "ms", MILLI, who)
    full = compare("import to client class, CPU", "with_client_cpu", "ms", MILLI, who)
    compare("modules loaded", "with_client_modules", "", 1, who)
    answers = ("published answer", "our answer")
    compare("import to first answer", "wall", "ms", MILLI, answers)
    used = compare("import to first answer, CPU", "cpu", "ms", MILLI, answers)
    clients = ("published client", "our client")
    compare("first", "first", "ms", MILLI, clients)
    later = compare("each later one", "later", "ms", MILLI, clients)
    report.goals += [
        Goal("import, CPU, ours / published", bare, 1.0),
        Goal("import to client class, CPU, ours / published", full, 1.0),
        Goal("import to first answer, CPU, ours / published", used, 1.0),
        Goal("second client, ours / published", later, 1.0),
        Goal(
            "import to client class, ms CPU (principle: an SDK imports in under 100 ms)",
            Spread.of([s["with_client_cpu"] * MILLI for s in seen["ours"]]).median,
            100.0,
        ),
    ]
    return report
