"""How fast does one large file go up and come down, at what CPU and memory of the client?

Against a bare peer, which swallows and pours as fast as sockets can, and against our server, which
parses the form, hashes the file, writes it and makes it durable. The floor is a client that makes
the same request with a blocking socket and 1 MiB pieces; httpx and the published package (which
cannot download) stand beside ours. The file is random bytes in the page cache. Memory is the peak
of the process above what it had before, once it has moved a file already.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.proc import MEBI, cpu_seconds
from benchmarks.process import Process, cores
from benchmarks.report import Goal, Report, Row
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave, paired
from tests.support.published import published_python

QUESTION = "one large file up and down: throughput, CPU and memory of the client"
CLIENTS = ("socket", "httpx", "ours", "ours async", "published")
_WHO = {"ours": "client", "ours async": "client-async", "published": "client"}
KEY = "ac_secret_0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Way:
    """One table: a direction and whom it is to or from."""

    direction: str
    peer: str

    @property
    def text(self) -> str:
        """What the table calls it."""
        return f"{'up to' if self.direction == 'up' else 'down from'} {self.peer}"


PEER, SERVER = "a bare peer", "the server"
WAYS = [Way(direction, peer) for peer in (PEER, SERVER) for direction in ("up", "down")]

Samples = dict[str, list[float]]


@dataclass
class Measured:
    """What the clients of one way have shown, by their names."""

    rate: Samples = field(default_factory=dict)
    cpu: Samples = field(default_factory=dict)
    peer_cpu: Samples = field(default_factory=dict)
    memory: Samples = field(default_factory=dict)


@dataclass(frozen=True)
class Where:
    """Whom the clients talk to."""

    port: str
    key: str
    pid: int


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` moves a smaller file less often."""
    mebis, repetitions = (64, 3) if quick else (256, 9)
    report = Report("file_transfers", QUESTION)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="quintet-bench-"))
        file = _random_file(Path(folder) / "file", mebis)
        limit = {"QUINTET_AEROSTACK_UPLOAD_MAX_BYTES": str(mebis * MEBI)}
        server = stack.enter_context(running_server(limit))
        peer = stack.enter_context(Process("benchmarks.bulk_peer", core=cores()[1]))
        where = {
            PEER: Where(peer.first_line, KEY, peer.pid),
            SERVER: Where(str(port_of(server)), server.key("aerostack"), server.pid),
        }
        for way in WAYS:
            measured = _measure(way, where[way.peer], file, repetitions, progress)
            _tabulate(report, way, measured)
    report.notes.append(f"the file has {mebis} MiB; server and database share the clients' cores")
    return report


def _random_file(path: Path, mebis: int) -> Path:
    with path.open("wb") as out:
        for _ in range(mebis):
            out.write(os.urandom(MEBI))
    return path


def _measure(
    way: Way, where: Where, file: Path, repetitions: int, progress: Callable[[str], None]
) -> Measured:
    mebis = file.stat().st_size / MEBI
    measured = Measured()

    def contender(stack: ExitStack, who: str) -> Callable[[], float]:
        process = stack.enter_context(
            Process(
                "benchmarks.contenders.transfer",
                *(way.direction, _WHO.get(who, who), where.port, where.key, str(file)),
                python=published_python() if who == "published" else None,
                core=cores()[0],
            )
        )
        process.work(1)

        def measure() -> float:
            before = cpu_seconds(where.pid)
            seen = process.work(1)
            spent = cpu_seconds(where.pid) - before
            measured.peer_cpu.setdefault(who, []).append(spent / mebis * 1e6)
            measured.cpu.setdefault(who, []).append(seen["cpu"] / mebis * 1e6)
            measured.memory.setdefault(who, []).append(seen["growth"] / MEBI)
            return float(mebis / seen["wall"])

        return measure

    with ExitStack() as stack:
        clients = [who for who in CLIENTS if way.direction == "up" or who != "published"]
        runs = {who: contender(stack, who) for who in clients}
        measured.rate = interleave(runs, repetitions, lambda step: progress(f"{way.text}, {step}"))
    return measured


def _tabulate(report: Report, way: Way, measured: Measured) -> None:
    for samples, unit, what in [
        (measured.rate, "MiB/s", ""),
        (measured.cpu, "µs/MiB", ": CPU"),
        (measured.memory, "MiB", ": peak memory"),
    ]:
        floor: Row | None = None
        for who, values in samples.items():
            versus = None if unit == "MiB" else floor
            row = report.add(f"{way.text}, {who}{what}", unit, values, versus=versus)
            floor = floor or row
    if way.peer == SERVER:
        for who in ("socket", "ours"):
            label = f"{way.text}, {who}: CPU of the server"
            report.add(label, "µs/MiB", measured.peer_cpu[who])
    for who in ("ours", "ours async"):
        _expect(report, way, who, measured)


def _expect(report: Report, way: Way, who: str, measured: Measured) -> None:
    def times(samples: Samples, other: str) -> float:
        return Spread.of(paired(samples[who], samples[other], lambda a, b: a / b)).median

    def goal(text: str, value: float, bound: float, *, at_least: bool = False) -> None:
        report.goals.append(Goal(f"{way.text}: {who}{text}", value, bound, at_least=at_least))

    share = 0.9 if way.peer == SERVER else 0.5
    goal(" / socket, MiB/s", times(measured.rate, "socket"), share, at_least=True)
    goal(" / httpx, CPU", times(measured.cpu, "httpx"), 1.0)
    if way.direction == "up":
        goal(" / published, MiB/s", times(measured.rate, "published"), 1.0, at_least=True)
        goal(" / published, CPU", times(measured.cpu, "published"), 1.0)
    goal(", peak memory in MiB", Spread.of(measured.memory[who]).maximum, 32.0)
