"""How long after the call begins does the first event of an execution arrive, idle?

An execution is started over a kept-alive connection, its event stream is opened on another one as
soon as the id is known, and the clock stops when `execution:started` is there. The next one waits
until the last has ended and a random pause has passed. The baseline is the way itself without what
happens on it: two connections to the same PostgreSQL, a committed insert with a notification, a
look on the other side.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import psycopg

from benchmarks import workflows
from benchmarks.event_streams import open_stream
from benchmarks.http_load import Connection
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import percentile
from benchmarks.workflows import SETTINGS, apply
from tests.support.server import ServerProcess

QUESTION = "from the execute call to the first event on a stream, idle system"
MILLI = 1e3
WARM_UP = 5
INPUTS = {"inputs": {"name": "reader"}}


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` starts fewer executions."""
    count = 40 if quick else 400
    report = Report("execution_start", QUESTION)
    with running_server(SETTINGS) as server:
        apply(server, _definition())
        bare, first, last = asyncio.run(_measure(server, count, progress))
    base = report.add("bare psycopg: insert, notify, look", "ms", bare)
    report.add("execute to the first event", "ms", first, versus=base)
    report.add("execute to the last event", "ms", last, versus=base)
    for percent, bound in ((50, 20.0), (99, 80.0)):
        value = percentile(first, percent)
        report.add(f"execute to the first event, p{percent}", "ms", [value])
        report.goals.append(Goal(f"first event, p{percent}, ms", value, bound))
    return report


def _definition() -> dict[str, object]:
    return workflows.quick("bench5", 5)


async def _measure(
    server: ServerProcess, count: int, progress: Callable[[str], None]
) -> tuple[list[float], list[float], list[float]]:
    port, key = port_of(server), server.key("flowmaestro")
    connection = await Connection.open(port, key)
    bare: list[float] = []
    first: list[float] = []
    last: list[float] = []
    with (
        psycopg.connect(server.database_url, autocommit=True) as writing,
        psycopg.connect(server.database_url, autocommit=True) as listening,
    ):
        writing.execute("CREATE TABLE bare_events (id int PRIMARY KEY, data text)")
        listening.execute("LISTEN bare")
        for number in range(-WARM_UP, count):
            progress(f"{max(number, 0)}/{count}")
            one = await asyncio.to_thread(bare_notification, writing, listening, number)
            started = time.perf_counter()
            answer = await connection.post("/api/v1/workflows/wf_bench5/execute", INPUTS)
            path = f"/api/v1/executions/{answer['data']['execution_id']}/events"
            reader, writer = await open_stream(port, key, path)
            await reader.readuntil(b"event: execution:started")
            await reader.readuntil(b"\n\n")
            between = time.perf_counter()
            await reader.readuntil(b"event: execution:completed")
            ended = time.perf_counter()
            writer.close()
            if number >= 0:
                bare.append(one * MILLI)
                first.append((between - started) * MILLI)
                last.append((ended - started) * MILLI)
            await asyncio.sleep(0.02 + random.random() * 0.04)
    connection.close()
    return bare, first, last


def bare_notification(
    writing: psycopg.Connection[tuple[object, ...]],
    listening: psycopg.Connection[tuple[object, ...]],
    number: int,
) -> float:
    """Return the seconds that the way itself takes."""
    started = time.perf_counter()
    writing.execute(
        "WITH told AS (INSERT INTO bare_events VALUES (%s, 'started') RETURNING id) "
        "SELECT pg_notify('bare', id::text) FROM told",
        [number],
    )
    for _ in listening.notifies(timeout=5, stop_after=1):
        pass
    listening.execute("SELECT data FROM bare_events WHERE id = %s", [number]).fetchone()
    return time.perf_counter() - started
