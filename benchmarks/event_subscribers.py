"""What do a thousand subscribers of running executions cost, next to one for each execution?

Executions wait for a person until everybody who wants to follow them is there; then they are all
resumed and run through a loop, whose events everybody gets. The baseline is the same with one
subscriber for each execution. Subscribers read in this process, which shares the machine's cores
with the server and the database. Memory is the server's own pages (USS).
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.event_streams import Stream, open_stream
from benchmarks.http_load import Connection
from benchmarks.proc import cpu_seconds, own_mib
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave
from benchmarks.workflows import SETTINGS, apply, workflow
from tests.support.server import ServerProcess

QUESTION = "event throughput and memory with many subscribers of running executions"
EXECUTIONS = 50
ROUNDS = 20
END_SECONDS = 120


@dataclass(slots=True)
class Seen:
    """What one round was like."""

    events: int
    seconds: float
    cpu: float
    mib: float


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` has fewer subscribers and repetitions."""
    many, repetitions = (200, 2) if quick else (1000, 5)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    report = Report("event_subscribers", QUESTION)
    seen: dict[int, list[Seen]] = {EXECUTIONS: [], many: []}
    with running_server(SETTINGS) as server:
        apply(server, _definition())

        def contender(subscribers: int) -> Callable[[], float]:
            def measure() -> float:
                one = asyncio.run(_round(server, subscribers))
                seen[subscribers].append(one)
                return one.events / one.seconds

            return measure

        measured = {subscribers: contender(subscribers) for subscribers in seen}
        measured[EXECUTIONS]()  # whatever is loaded when first used, is
        seen[EXECUTIONS].clear()
        idle = own_mib(server.pid)
        rates = interleave(
            {str(subscribers): measure for subscribers, measure in measured.items()},
            repetitions,
            progress,
        )
    few = f"{EXECUTIONS} executions, a subscriber each"
    crowd = f"{EXECUTIONS} executions, {many} subscribers"
    base = report.add(few, "events/s", rates[str(EXECUTIONS)])
    row = report.add(crowd, "events/s", rates[str(many)], versus=base)
    report.goals.append(Goal("events/s, many / one each", row.ratio or 0.0, 3.0, at_least=True))
    base = report.add(
        f"{few}: resume to the last event", "s", [one.seconds for one in seen[EXECUTIONS]]
    )
    report.add(
        f"{crowd}: resume to the last event", "s", [one.seconds for one in seen[many]], versus=base
    )
    base = report.add(f"{few}: server CPU", "µs/event", _cpu(seen[EXECUTIONS]))
    report.add(f"{crowd}: server CPU", "µs/event", _cpu(seen[many]), versus=base)
    report.add("server, no subscribers", "MiB", [idle])
    report.add(f"server, {many} subscribers", "MiB", [one.mib for one in seen[many]])
    each = [max(0.0, one.mib - idle) * 1024 / many for one in seen[many]]
    report.add("each subscriber", "KiB", each)
    report.goals.append(Goal("each subscriber, KiB", Spread.of(each).median, 100.0))
    report.notes.append(
        "a round is some 100 events a subscriber; idle is read before the first crowd"
    )
    return report


def _definition() -> dict[str, object]:
    return workflow(
        "crowd",
        {
            "in": {"type": "input", "config": {"inputName": "name", "required": False}},
            "ask": {
                "type": "humanReview",
                "config": {"prompt": "Go?", "variableName": "go", "inputType": "text"},
            },
            "each": {"type": "loop", "config": {"loopType": "count", "count": ROUNDS}},
            "say": {
                "type": "templateOutput",
                "config": {"outputName": "t", "template": "round {{loop.index}}"},
            },
            "out": {"type": "output", "config": {"outputName": "x", "value": "{{t}}"}},
        },
        ["in ask", "ask each", "each say body", "say each", "each out done"],
    )


def _cpu(rounds: list[Seen]) -> list[float]:
    return [one.cpu / one.events * 1e6 for one in rounds]


async def _round(server: ServerProcess, subscribers: int) -> Seen:
    """Start, pause, subscribe, resume, read everything."""
    port, key = port_of(server), server.key("flowmaestro")
    connection = await Connection.open(port, key)
    ids = []
    for _ in range(EXECUTIONS):
        answer = await connection.post("/api/v1/workflows/wf_crowd/execute", {"inputs": {}})
        ids.append(answer["data"]["execution_id"])
    streams: list[Stream] = []
    for number in range(subscribers):
        path = f"/api/v1/executions/{ids[number % EXECUTIONS]}/events"
        reader, writer = await open_stream(port, key, path)
        await reader.readuntil(b"event: execution:paused")
        streams.append((reader, writer))
    mib, cpu = own_mib(server.pid), cpu_seconds(server.pid)
    rests = asyncio.gather(*(reader.read() for reader, _ in streams))
    started = time.monotonic()
    for execution_id in ids:
        await connection.post(f"/api/v1/executions/{execution_id}/resume", {"input": "yes"})
    texts = await asyncio.wait_for(rests, END_SECONDS)
    seconds, cpu = time.monotonic() - started, cpu_seconds(server.pid) - cpu
    if not all(b"event: execution:completed" in text for text in texts):
        raise RuntimeError("a stream ended without its last event")
    for _, writer in streams:
        writer.close()
    connection.close()
    return Seen(sum(text.count(b"\nevent: ") for text in texts), seconds, cpu, mib)
