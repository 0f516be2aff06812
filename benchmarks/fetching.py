"""Contenders that fetch one thing from the peer: their CPU and wall time per call, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.authority import Authority
from benchmarks.libraries import Home, python_in
from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report, Row
from benchmarks.statistics import Spread, interleave, paired

MICRO = 1e6


@dataclass(frozen=True)
class Contender:
    """One line of the table.

    Attributes:
        name: What the table calls it.
        who: What `contenders/fetch.py` calls it.
        versus: Name of an earlier line that it is compared with.
        home: The environment it lives in.
        tasks: How many calls it makes at a time.
        what: What it fetches, if not what the others do.
        share: Of the calls that the others make in a repetition; less for one that is slow.
    """

    name: str
    who: str
    versus: str | None = None
    home: Home = "ours"
    tasks: int = 1
    what: str | None = None
    share: float = 1.0


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
    authority: Authority | None = None,
    closes: bool = False,
) -> Measured:
    """Measure; the contenders share a core, the peer has another.

    With an `authority` they speak TLS; if the peer `closes`, each call has a connection of its own.
    """
    client_core, peer_core = cores()
    measured = Measured(wall={each.name: [] for each in contenders})
    with ExitStack() as stack:
        answers = peer_arguments(authority, closes=closes)
        peer = stack.enter_context(Process("benchmarks.peer", *answers, core=peer_core))
        scheme = "https" if authority else "http"

        def run_of(each: Contender) -> Callable[[], float]:
            process = stack.enter_context(
                Process(
                    "benchmarks.contenders.fetch",
                    each.what or what,
                    each.who,
                    f"{scheme}://127.0.0.1:{peer.first_line}",
                    str(each.tasks),
                    python=python_in(each.home),
                    core=client_core,
                    environ=authority.environ if authority else None,
                )
            )
            calls = calls_of(each, count)
            process.work(max(calls // 4, each.tasks))  # connections made, code warm

            def measure() -> float:
                seen = process.work(calls)
                measured.wall[each.name].append(seen["wall"] / calls * MICRO)
                return float(seen["cpu"]) / calls * MICRO

            return measure

        runs = {each.name: run_of(each) for each in contenders}
        measured.cpu = interleave(runs, repetitions, progress)
    return measured


def calls_of(contender: Contender, count: int) -> int:
    """Return how many calls it makes, every task as many."""
    return max(1, round(count * contender.share / contender.tasks)) * contender.tasks


def peer_arguments(authority: Authority | None, *, closes: bool = False) -> list[str]:
    """Return the command line of a peer."""
    secure = ["--tls", str(authority.server)] if authority else []
    return [*secure, *["--close"] * closes]


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


def expect_times(
    report: Report,
    measured: Measured,
    mine: str,
    other: str,
    times: float,
    kinds: Sequence[Literal["cpu", "wall"]] = ("cpu", "wall"),
) -> None:
    """Add goals: at least so many times as quick as another contender, by CPU and by wall time."""
    for kind in kinds:
        samples = measured.cpu if kind == "cpu" else measured.wall
        ratio = paired(samples[other], samples[mine], lambda a, b: a / b)
        text = f"{mine}, times as quick as {other}, {kind}"
        report.goals.append(Goal(text, Spread.of(ratio).median, times, at_least=True))
