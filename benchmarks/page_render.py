"""How long does it take to render a page with a table and two charts, next to its queries alone?

As JSON and as a document, by our client. The baseline runs the same three statements at once, each
on a psycopg connection as the tenant's own role.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import psycopg

from benchmarks.interactions import SETTINGS, client_of, fill, tenant_conninfo
from benchmarks.report import Report
from benchmarks.service import running_server
from benchmarks.statistics import interleave, percentile

QUESTION = "a page with a table and two charts, rendered"
MILLI = 1e3
QUERIES = {
    "by_channel": "SELECT channel, COUNT(*) AS events FROM interactions GROUP BY channel "
    "ORDER BY channel",
    "by_owner": "SELECT owner, SUM(amount) AS amount FROM interactions GROUP BY owner "
    "ORDER BY owner",
    "newest": "SELECT id, channel, company_name, owner FROM interactions "
    "ORDER BY timestamp DESC, id LIMIT 100",
}
PAGE: dict[str, Any] = {
    "name": "Benchmark",
    "declared_queries": [
        {"name": name, "source": "sql", "sql": sql} for name, sql in QUERIES.items()
    ],
    "spec": {
        "version": 1,
        "root": {
            "type": "Section",
            "children": [
                {
                    "type": "BarChart",
                    "props": {"data": {"$query": "by_channel"}, "x": "channel", "y": "events"},
                },
                {
                    "type": "LineChart",
                    "props": {"data": {"$query": "by_owner"}, "x": "owner", "y": "amount"},
                },
                {"type": "Table", "props": {"data": {"$query": "newest"}}},
            ],
        },
    },
}


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` renders less often."""
    rows, repetitions = (10_000, 20) if quick else (100_000, 200)
    report = Report("page_render", QUESTION)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        progress("filling")
        fill(server, rows)
        client = stack.enter_context(client_of(server))
        page_id = client.post("/pages", PAGE)["id"]
        conninfo = tenant_conninfo(server)
        connections = [
            stack.enter_context(psycopg.connect(conninfo, autocommit=True)) for _ in QUERIES
        ]
        pool = stack.enter_context(ThreadPoolExecutor(len(QUERIES)))

        def alone() -> bool:
            found = pool.map(
                lambda conn, sql: conn.execute(sql.encode()).fetchall(),
                connections,
                QUERIES.values(),
            )
            return all(found)

        def as_json() -> bool:
            results: dict[str, Any] = dict(client.pages.render(page_id)["results"])
            return all(outcome["error"] is None for outcome in results.values())

        def as_html() -> bool:
            return client.pages.render_html(page_id).count("<svg") >= 2

        ways = {"alone": alone, "json": as_json, "html": as_html}
        for way in ways.values():
            way()
        taken = interleave(
            {name: _timed(name, way) for name, way in ways.items()}, repetitions, progress
        )
    base = report.add("its queries alone, at once", "ms", taken["alone"])
    for name, label in (("json", "render, JSON"), ("html", "render, HTML")):
        report.add(label, "ms", taken[name], versus=base)
        for percent in (50, 99):
            report.add(f"{label}, p{percent}", "ms", [percentile(taken[name], percent)])
    return report


def _timed(name: str, way: Callable[[], bool]) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        is_right = way()
        taken = (time.perf_counter() - started) * MILLI
        if not is_right:
            raise RuntimeError(f"{name}: not what was expected")
        return taken

    return measure
