"""How many rows per second does our client get, next to bare psycopg fetching them as dicts?

Results of 10,000 rows, the most that the API gives: eight columns of usual types. The baseline is
one psycopg connection as the tenant's own role, the same statement, `dict_row`. It has no JSON in
between, and gets timestamps as objects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
from psycopg.rows import dict_row

from benchmarks.interactions import SETTINGS, client_of, fill, tenant_conninfo
from benchmarks.proc import cpu_seconds
from benchmarks.report import Report
from benchmarks.service import running_server
from benchmarks.statistics import interleave

QUESTION = "rows per second of a 10,000-row result"
MICRO = 1e6
LIMIT = 10_000
STATEMENT = (
    "SELECT id, timestamp, channel, company_name, content, sentiment, amount, owner "
    "FROM interactions ORDER BY id LIMIT 10000"
)


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer repetitions."""
    rows, repetitions = (LIMIT, 5) if quick else (100_000, 41)
    report = Report("tenant_rows", QUESTION)
    cpu: dict[str, list[float]] = {"http": [], "psycopg": [], "server": []}
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        progress("filling")
        fill(server, rows)
        client = stack.enter_context(client_of(server))
        conn = stack.enter_context(
            psycopg.connect(tenant_conninfo(server), autocommit=True, row_factory=dict_row)
        )

        def rate(name: str, fetch: Callable[[], Sequence[Any]]) -> Callable[[], float]:
            def measure() -> float:
                theirs = cpu_seconds(server.pid)
                wall, own = time.perf_counter(), time.process_time()
                count = len(fetch())
                own, wall = time.process_time() - own, time.perf_counter() - wall
                if count != LIMIT:
                    raise RuntimeError(f"{count} rows of {LIMIT}")
                cpu[name].append(own / count * MICRO)
                if name == "http":
                    cpu["server"].append((cpu_seconds(server.pid) - theirs) / count * MICRO)
                return count / wall

            return measure

        ways: dict[str, Callable[[], Sequence[Any]]] = {
            "psycopg": lambda: conn.execute(STATEMENT).fetchall(),
            "http": lambda: client.data.query(STATEMENT, limit=LIMIT).rows,
        }
        for way in ways.values():
            way()
        rates = interleave(
            {name: rate(name, way) for name, way in ways.items()}, repetitions, progress
        )
    base = report.add("bare psycopg, dict rows", "rows/s", rates["psycopg"])
    report.add("our client", "rows/s", rates["http"], versus=base)
    base = report.add("bare psycopg, dict rows: CPU", "µs/row", cpu["psycopg"])
    report.add("our client: CPU", "µs/row", cpu["http"], versus=base)
    report.add("server: CPU", "µs/row", cpu["server"])
    return report
