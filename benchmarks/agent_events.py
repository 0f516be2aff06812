"""How long after an event of an agent is written does a client that streams the run have it?

A content writer is left waiting for its answer, so its stream stays open. Events are appended to
its log as the engine does, in one committed statement; the clock stops when our client hands the
event out. The baseline is the way itself: two connections to the same PostgreSQL, a committed
insert with a notification, a look on the other side.
"""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
from psycopg.types.json import Jsonb

from amdahl import AmdahlClient, ClientClosedError, start_agent, wait_for_agent
from benchmarks.execution_start import bare_notification
from benchmarks.interactions import SETTINGS, client_of, project_of
from benchmarks.report import Report
from benchmarks.service import running_server
from benchmarks.statistics import percentile

QUESTION = "from an agent's event being written to a client that streams the run"
MILLI = 1e3
WARM_UP = 5
WAIT_SECONDS = 120
_APPEND = """
INSERT INTO events (project_id, stream, type, data, terminal)
SELECT %s, %s, 'message.delta', %s, false
  FROM (SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))) AS turn
"""


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` writes fewer events."""
    count = 40 if quick else 1000
    report = Report("agent_events", QUESTION)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        client = stack.enter_context(client_of(server))
        progress("starting")
        session_id = _waiting_agent(client)
        seen: queue.Queue[tuple[str, float]] = queue.Queue()
        threading.Thread(target=_read, args=(client, session_id, seen), daemon=True).start()
        writing, listening = (
            stack.enter_context(psycopg.connect(server.database_url, autocommit=True))
            for _ in range(2)
        )
        writing.execute("CREATE TABLE bare_events (id int PRIMARY KEY, data text)")
        listening.execute("LISTEN bare")
        project_id = project_of(server)
        bare: list[float] = []
        ours: list[float] = []
        for number in range(-WARM_UP, count):
            progress(f"{max(number, 0)}/{count}")
            one = bare_notification(writing, listening, number)
            text = f"bench {number}"
            data = Jsonb({"message_id": "msg_bench", "text": text})
            started = time.perf_counter()
            writing.execute(_APPEND, [project_id, session_id, data, session_id])
            arrived = _arrival(seen, text)
            if number >= 0:
                bare.append(one * MILLI)
                ours.append((arrived - started) * MILLI)
            time.sleep(0.01 + random.random() * 0.02)
    base = report.add("bare psycopg: insert, notify, look", "ms", bare)
    report.add("write to our client", "ms", ours, versus=base)
    for percent in (50, 99):
        report.add(f"{base.label}, p{percent}", "ms", [percentile(bare, percent)])
        report.add(f"write to our client, p{percent}", "ms", [percentile(ours, percent)])
    return report


def _waiting_agent(client: AmdahlClient) -> str:
    task = "Write a blog post about what customers say."
    session_id = str(start_agent(client, profile_id="content_writer", task=task)["session_id"])
    status = wait_for_agent(client, session_id, timeout_s=WAIT_SECONDS)["status"]
    if status != "awaiting_input":
        raise RuntimeError(f"the agent is {status}")
    return session_id


def _read(client: AmdahlClient, session_id: str, seen: queue.Queue[tuple[str, float]]) -> None:
    with contextlib.suppress(ClientClosedError):  # how it ends
        for event in client.agents.stream(session_id):
            now = time.perf_counter()
            seen.put((str(event["data"].get("text")), now))


def _arrival(seen: queue.Queue[tuple[str, float]], text: str) -> float:
    """When the event with this text came; what the run itself told before is passed over."""
    while True:
        found, at = seen.get(timeout=10)
        if found == text:
            return at
