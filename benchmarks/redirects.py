"""How many people can follow links, when every click is on disk before its answer leaves?

The baselines, in turns with it and under the same load (`contenders/clicks.py`): the same route of
the same process with a writer that returns at once, so that it recognises the visitor, flags
robots, chooses the offer, fills in its URL, and forgets; and nginx answering a bare 302. Clicks
come as fast as they are answered; then some hundred a second at random moments, for the time that
one takes where there is time. In the end every answered redirect must have its row, and no other.

Load, server and PostgreSQL share the cores; a round begins when the rollups have caught up with the
one before.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg

from benchmarks.bare_nginx import is_installed, running_nginx
from benchmarks.proc import cpu_seconds
from benchmarks.process import Process
from benchmarks.report import Goal, Report, Row
from benchmarks.statistics import Spread, interleave, paired, percentile
from tests.support.postgres import cluster, new_database
from tests.support.waiting import until

QUESTION = "links followed per second, every click on disk before its answer"
RATE = 300
PATHS = {"unstored": "/unstored", "stored": "/c"}
LABELS = {
    "nginx": "nginx, a bare 302",
    "unstored": "nothing stored",
    "stored": "every click stored",
}
CLICKS = {1: 1_000, 32: 10_000}
"""Of a round, by connections."""
NGINX_TIMES = 10
"""So many more for nginx, which would be done before anything can be measured."""
_FOLDED = "SELECT NOT EXISTS (SELECT FROM ghostflow_deltas)"
_STORED = "SELECT count(*), count(DISTINCT sub1) FROM ghostflow_clicks"


@dataclass
class Seen:
    """What one server did with one number of connections, a value for each round."""

    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, taken: dict[str, Any], cpu: float) -> float:
        """Take a round in; return its clicks per second."""
        millis = [seconds * 1e3 for seconds in taken["seconds"]]
        self.rate.append(len(millis) / taken["wall"])
        self.p50.append(percentile(millis, 50))
        self.p99.append(percentile(millis, 99))
        self.cpu.append(cpu / len(millis) * 1e6)
        return self.rate[-1]


class Links:
    """The servers that are asked, who asks them, and what was seen of it."""

    def __init__(self, stack: ExitStack) -> None:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="quintet-bench-"))
        url = stack.enter_context(new_database(stack.enter_context(cluster())))
        self._server = stack.enter_context(
            Process("benchmarks.contenders.click_server", url, folder)
        )
        port, self._slug = self._server.first_line.split()
        self._db = stack.enter_context(psycopg.connect(url, autocommit=True))
        ports = dict.fromkeys(PATHS, port)
        if is_installed():
            ports["nginx"] = str(stack.enter_context(running_nginx()))
        self.names = [name for name in LABELS if name in ports]
        self._crowds = {
            (one, connections): stack.enter_context(
                Process("benchmarks.contenders.clicks", one, str(connections))
            )
            for one in set(ports.values())
            for connections in CLICKS
        }
        self._ports = ports
        self._answered = 0
        self.seen: dict[tuple[str, int], Seen] = defaultdict(Seen)
        self.paced: dict[str, Seen] = defaultdict(Seen)

    def follow(self, name: str, connections: int, count: int) -> float:
        """Click so often, as fast as possible; return the answers per second."""
        return self.seen[name, connections].add(*self._click(name, connections, count))

    def pace(self, name: str, count: int) -> float:
        """Click so often, at random moments."""
        return self.paced[name].add(*self._click(name, max(CLICKS), count, RATE))

    def _click(
        self, name: str, connections: int, count: int, *rate: int
    ) -> tuple[dict[str, Any], float]:
        until(lambda: self._one(_FOLDED)[0], seconds=120)
        before = cpu_seconds(self._server.pid)
        words = (f"{PATHS.get(name, '/c')}/{self._slug}", count, *rate)
        taken = self._crowds[self._ports[name], connections].work_on(" ".join(map(str, words)))
        self._answered += count if name == "stored" else 0
        return taken, cpu_seconds(self._server.pid) - before

    def ledger(self) -> str:
        """Say how many clicks are stored; raises as `expect_all` does."""
        return expect_all(self._answered, *self._one(_STORED))

    def _one(self, statement: str) -> tuple[Any, ...]:
        row = self._db.execute(statement.encode()).fetchone()
        assert row is not None
        return row


def expect_all(answered: int, rows: int, different: int) -> str:
    """Say what is stored; raises `RuntimeError` if a click is missing, or there twice.

    Args:
        answered: Redirects that were answered.
        rows: Clicks that are stored.
        different: How many of them are not the same request.
    """
    if not answered == rows == different:
        raise RuntimeError(f"{rows} rows of {different} clicks, but {answered} were answered")
    return f"{answered:,} redirects that store were answered; as many clicks are stored, none twice"


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes shorter and fewer rounds."""
    part, repetitions = (5, 3) if quick else (1, 9)
    report = Report("redirects", QUESTION)
    with ExitStack() as stack:
        links = Links(stack)

        def follow(name: str, connections: int) -> Callable[[], float]:
            count = CLICKS[connections] * (NGINX_TIMES if name == "nginx" else 1) // part
            return lambda: links.follow(name, connections, count)

        for name in links.names:
            follow(name, max(CLICKS))()
        links.seen.clear()
        pairs = [(name, connections) for connections in CLICKS for name in links.names]
        interleave({f"{one} {n}": follow(one, n) for one, n in pairs}, repetitions, progress)

        def pace(name: str) -> Callable[[], float]:
            return lambda: links.pace(name, RATE * 5 // part)

        interleave({f"{one} at {RATE}/s": pace(one) for one in PATHS}, repetitions, progress)
        report.notes.append(links.ledger())
    for connections in CLICKS:
        _tabulate(report, links, connections)
    for name in PATHS:
        report.add(f"{LABELS[name]}: p50 at {RATE}/s", "ms", links.paced[name].p50)
        report.add(f"{LABELS[name]}: p99 at {RATE}/s", "ms", links.paced[name].p99)
    most = max(CLICKS)
    share = Spread.of(_shares(links, most)).median
    report.goals.append(Goal(f"stored / not stored, {most} conn.", share, 0.6, at_least=True))
    slowest = Spread.of(links.paced["stored"].p99).median
    report.goals.append(Goal(f"p99 in ms at {RATE}/s", slowest, 5.0))
    if "nginx" not in links.names:
        report.notes.append("without the baseline of nginx, which is not installed")
    report.notes.append("load, server and PostgreSQL share the cores listed in the file")
    return report


def _tabulate(report: Report, links: Links, connections: int) -> None:
    seen = {name: links.seen[name, connections] for name in links.names}
    label = {name: f"{LABELS[name]}, {connections} conn." for name in links.names}
    rows: dict[str, Row] = {}
    for name, each in seen.items():
        rows[name] = report.add(label[name], "/s", each.rate, versus=rows.get("nginx"))
    report.add(f"stored / not stored, {connections} conn.", "×", _shares(links, connections))
    for name, each in seen.items():
        report.add(f"{label[name]}: p50", "ms", each.p50)
        report.add(f"{label[name]}: p99", "ms", each.p99)
    for name in PATHS:
        report.add(f"{label[name]}: CPU of the server's process", "µs", seen[name].cpu)


def _shares(links: Links, connections: int) -> list[float]:
    stored, unstored = (links.seen[name, connections].rate for name in ("stored", "unstored"))
    return paired(stored, unstored, lambda mine, other: mine / other)
