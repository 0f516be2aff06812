"""What does `from aerostack import SDK` take, next to the published package and to httpx alone?

Every sample is a fresh process. Measured inside it: CPU and wall of the statement, the modules and
the memory it brings; the same up to an SDK with all its resources, and up to the first answer of a
peer, because what is loaded late is paid late. Measured from outside: the life of a process that
does nothing but import, from its start to its end, less that of a bare interpreter. The published
package and httpx are in the venv of the published packages, ours is in the repository's.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.fresh import fresh, lifetime
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.statistics import Spread, interleave, paired
from tests.support.published import published_python

QUESTION = "import of aerostack.SDK, up to use, and a cold process, in fresh processes"
MODULE = "benchmarks.contenders.aerostack_start"
IMPORT = "from aerostack import SDK"
MEASURES = [("CPU", "cpu", "ms", 1e3), ("wall", "wall", "ms", 1e3)]
MEASURES += [("modules", "modules", "", 1), ("memory", "rss", "MiB", 1 / 1024**2)]


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer processes."""
    with tempfile.TemporaryDirectory() as byte_code:
        return _run(byte_code, quick=quick, progress=progress)


def _run(byte_code: str, *, quick: bool, progress: Callable[[str], None]) -> Report:
    repetitions = 5 if quick else 21
    seen: dict[str, list[dict[str, Any]]] = {}
    ours, published = Path(sys.executable), published_python()

    def inside(name: str, python: Path, *what: str) -> Callable[[], float]:
        def measure() -> float:
            seen.setdefault(name, []).append(fresh(byte_code, python, MODULE, *what))
            return 0.0

        return measure

    def outside(python: Path, statements: str) -> Callable[[], float]:
        return lambda: lifetime(byte_code, python, statements) * 1e3

    with Process("benchmarks.peer") as peer:
        answer = ("answer", peer.first_line)
        runs = {
            "httpx, import": inside("httpx, import", published, "httpx"),
            "published, import": inside("published, import", published, "sdk"),
            "ours, import": inside("ours, import", ours, "sdk"),
            "published, all resources": inside("published, all resources", published, "ready"),
            "ours, all resources": inside("ours, all resources", ours, "ready"),
            "published, first answer": inside("published, first answer", published, *answer),
            "ours, first answer": inside("ours, first answer", ours, *answer),
            "interpreter alone": outside(ours, ""),
            "published interpreter alone": outside(published, ""),
            "httpx": outside(published, "import httpx"),
            "published": outside(published, IMPORT),
            "ours": outside(ours, IMPORT),
        }
        for prepare in runs.values():  # byte code written, files in the page cache
            prepare()
        seen.clear()
        lives = interleave(runs, repetitions, progress)
    report = Report("aerostack_import_time", QUESTION)
    _inside(report, seen)
    _outside(report, lives)
    return report


def _inside(report: Report, seen: dict[str, list[dict[str, Any]]]) -> None:
    for text, key, unit, scale in MEASURES:
        values = {name: [each[key] * scale for each in all_] for name, all_ in seen.items()}
        httpx = report.add(f"httpx, import: {text}", unit, values["httpx, import"])
        for step in ("import", "all resources", "first answer"):
            theirs = values[f"published, {step}"]
            base = report.add(f"published, {step}: {text}", unit, theirs)
            label = f"ours, {step}: {text}"
            row = report.add(label, unit, values[f"ours, {step}"], versus=base)
            assert row.ratio is not None
            if step == "import":
                report.goals.append(Goal(f"import, {text}, ours / published", row.ratio, 0.5))
            else:
                report.goals.append(Goal(f"{step}, {text}, ours / published", row.ratio, 1.0))
        share = paired(values["ours, import"], httpx.samples, lambda mine, other: mine / other)
        report.goals.append(Goal(f"import, {text}, ours / httpx", Spread.of(share).median, 1.0))


def _outside(report: Report, lives: dict[str, list[float]]) -> None:
    """Lives of whole processes; each less the bare interpreter of its own environment."""

    def above(name: str, bare: str) -> list[float]:
        return paired(lives[name], lives[bare], lambda whole, alone: whole - alone)

    report.add("cold process: interpreter alone", "ms", lives["interpreter alone"])
    report.add("cold process: import httpx", "ms", lives["httpx"])
    base = report.add("cold process: published", "ms", lives["published"])
    report.add("cold process: ours", "ms", lives["ours"], versus=base)
    bare = "published interpreter alone"
    report.add("above the interpreter: httpx", "ms", above("httpx", bare))
    less = report.add("above the interpreter: published", "ms", above("published", bare))
    mine = above("ours", "interpreter alone")
    row = report.add("above the interpreter: ours", "ms", mine, versus=less)
    assert row.ratio is not None
    report.goals.append(
        Goal("cold process above the interpreter, ours / published", row.ratio, 0.5)
    )
