"""Contenders that fetch one thing from the peer: their CPU and wall time per call, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report, Row
from benchmarks.statistics import Spread, interleave, paired
from tests.support.published import published_python

MICRO = 1e6


@dataclass(frozen=True)
class Contender:
    """One line of the table.

    Attributes:
        name: What the table calls it.
        who: What `contenders/fetch.py` calls it.
        versus: Name of an earlier line that it is compared with.
        is_published: Whether it lives in the venv of the published packages.
        tasks: How many calls it makes at a time.
    """

    name: str
    who: str
    versus: str | None = None
    is_published: bool = False
    tasks: int = 1


@dataclass
class Measured:
    """Microseconds per call, by name, one for each repetition."""

    cpu: dict[str, list[float]] = field(default_factory=dict)
    wall: dict[str, list[float]] = field(default_factory=dict)


def fetch(
    what: str,
    contenders: Sequence[Contender],
    *,
    count: int,
    repetitions: int,
    progress: Callable[[str], None],
) -> Measured:
    """Measure; the contenders share a core, the peer has another."""
    client_core, peer_core = cores()
    measured = Measured(wall={each.name: [] for each in contenders})
    with ExitStack() as stack:
        peer = stack.enter_context(Process("benchmarks.peer", core=peer_core))

        def run_of(each: Contender) -> Callable[[], float]:
            process = stack.enter_context(
                Process(
                    "benchmarks.contenders.fetch",
                    what,
                    each.who,
                    peer.first_line,
                    str(each.tasks),
                    python=published_python() if each.is_published else None,
                    core=client_core,
                )
            )
            process.work(count // 4)  # connections made, code warm

            def measure() -> float:
                seen = process.work(count)
                measured.wall[each.name].append(seen["wall"] / count * MICRO)
                return float(seen["cpu"]) / count * MICRO

            return measure

        runs = {each.name: run_of(each) for each in contenders}
        measured.cpu = interleave(runs, repetitions, progress)
    return measured


def tabulate(report: Report, contenders: Sequence[Contender], measured: Measured) -> None:
    """Add a line of CPU and one of wall time for every contender."""
    rows: dict[str, Row] = {}
    for each in contenders:
        versus = rows[each.versus] if each.versus else None
        rows[each.name] = report.add(each.name, "µs CPU", measured.cpu[each.name], versus=versus)
    for name, values in measured.wall.items():
        report.add(f"{name}, wall", "µs", values)


def expect_above(report: Report, measured: Measured, mine: str, other: str, micros: float) -> None:
    """Add a line and a goal: at most so many microseconds of CPU above another contender."""
    above = paired(measured.cpu[mine], measured.cpu[other], lambda a, b: a - b)
    report.add(f"{mine} − {other}", "µs CPU", above)
    report.goals.append(Goal(f"{mine} above {other}, µs", Spread.of(above).median, micros))


def expect_less(
    report: Report, measured: Measured, mine: str, other: str, what: Literal["cpu", "wall"]
) -> None:
    """Add a goal: less `cpu` or `wall` than another contender, repetition by repetition."""
    samples = measured.cpu if what == "cpu" else measured.wall
    ratio = paired(samples[mine], samples[other], lambda a, b: a / b)
    report.goals.append(Goal(f"{mine} / {other}, {what}", Spread.of(ratio).median, 1.0))


def expect_share(
    report: Report,
    measured: Measured,
    ours: tuple[str, str],
    theirs: tuple[str, str],
    share: float,
) -> None:
    """Add a goal: what ours costs above its baseline is at most a share of what theirs does.

    Each pair is a contender and the baseline under it. Less than the baseline counts as nothing.
    """
    values = measured.cpu
    mine = paired(values[ours[0]], values[ours[1]], lambda a, b: a - b)
    other = paired(values[theirs[0]], values[theirs[1]], lambda a, b: a - b)
    shown = {row.label for row in report.rows}
    for pair, above in ((ours, mine), (theirs, other)):
        if (label := f"{pair[0]} − {pair[1]}") not in shown:
            report.add(label, "µs CPU", above)
    # Of the medians: a single difference of two like numbers can be of any size.
    ratio = max(0.0, Spread.of(mine).median) / Spread.of(other).median
    report.goals.append(Goal(f"layer of {ours[0]} / of {theirs[0]}", ratio, share))


def expect_ratio(report: Report, measured: Measured, mine: str, other: str, bound: float) -> None:
    """Add a goal: at most so many times the CPU of another contender."""
    ratio = paired(measured.cpu[mine], measured.cpu[other], lambda a, b: a / b)
    report.goals.append(Goal(f"{mine} / {other}, cpu", Spread.of(ratio).median, bound))
