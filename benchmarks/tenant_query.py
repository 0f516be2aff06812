"""How long does a tenant's group-by over a million rows take over HTTP, next to psql?

Twenty tenants share the table; the others have a million rows together. The statement goes through
`POST /data/query` by our client. Baselines, in turns with it: psql, kept running, logged in as the
tenant's own role and sending the same text; and the database's owner on the table itself, with the
tenant written into the statement. psql parses and prints another tiny statement each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.interactions import (
    SETTINGS,
    SUPERUSER_FILTER,
    client_of,
    fill,
    project_of,
    psql,
    tenant_conninfo,
)
from benchmarks.report import Goal, Report
from benchmarks.service import running_server
from benchmarks.statistics import interleave, paired, percentile

QUESTION = "a group-by over the million rows of one tenant among twenty"
MILLI = 1e3
STATEMENT = (
    "SELECT channel, COUNT(*) AS events FROM {table} {where}"
    "GROUP BY channel ORDER BY events DESC LIMIT 5"
)
GROUPS = 5


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` has fewer rows and asks less often."""
    rows, repetitions = (50_000, 20) if quick else (1_000_000, 100)
    report = Report("tenant_query", QUESTION)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        progress("filling")
        fill(server, rows)
        client = stack.enter_context(client_of(server))
        tenant = stack.enter_context(psql(tenant_conninfo(server)))
        owner = stack.enter_context(psql(server.database_url))
        inside: list[float] = []

        def over_http() -> int:
            found = client.data.query(plain)
            inside.append(float(found["duration_ms"]))
            return len(found.rows)

        plain = STATEMENT.format(table="interactions", where="")
        where = f"WHERE {SUPERUSER_FILTER.format(project_id=project_of(server))} "
        direct = STATEMENT.format(table="amdahl_interactions", where=where)
        ways = {
            "tenant": lambda: tenant.run(plain),
            "owner": lambda: owner.run(direct),
            "http": over_http,
        }
        for _ in range(3):
            for way in ways.values():
                way()
        inside.clear()
        taken = interleave({name: _timed(way) for name, way in ways.items()}, repetitions, progress)
    base = report.add(f"{tenant.name} as the tenant", "ms", taken["tenant"])
    report.add(f"{owner.name} as the owner, WHERE project_id", "ms", taken["owner"], versus=base)
    ours = report.add("POST /data/query by our client", "ms", taken["http"], versus=base)
    report.add("of it, in the database (duration_ms)", "ms", inside, versus=base)
    added = paired(taken["http"], taken["tenant"], lambda mine, other: mine - other)
    report.add("what server and client add", "ms", added)
    for percent in (50, 99):
        mine, other = (percentile(values, percent) for values in (ours.samples, base.samples))
        report.add(f"{base.label}, p{percent}", "ms", [other])
        report.add(f"{ours.label}, p{percent}", "ms", [mine])
        report.goals.append(Goal(f"/data/query / {base.label}, p{percent}", mine / other, 1.3))
    report.notes.append(f"{rows:,} rows of the tenant, {rows:,} of nineteen others")
    return report


def _timed(way: Callable[[], int]) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        count = way()
        taken = (time.perf_counter() - started) * MILLI
        if count != GROUPS:
            raise RuntimeError(f"{count} groups of {GROUPS}")
        return taken

    return measure
