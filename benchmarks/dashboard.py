"""How long do the reports of a team with a million clicks take, next to the totals by hand?

Thirty days of clicks on twenty campaigns, one in fifty converted; see `ghostflow_traffic`. Reports
are asked for by our client. The baseline, in turns with them, is one statement over the rows that
gives the totals of the same days by bare psycopg, on a table just vacuumed; it must find the same
numbers. Of a dashboard these totals are a small part: it has a series by day and four rankings as
well, each of them with its different visitors.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.ghostflow_traffic import seed_traffic
from benchmarks.report import Report
from benchmarks.service import running_server
from benchmarks.statistics import interleave, percentile
from ghostflow import GhostFlowClient
from quintet_server.store.database import connect
from tests.support.server import ServerProcess
from tests.support.waiting import until

QUESTION = "reports of thirty days with a million clicks"
DAYS = 30
MILLI = 1e3
SETTINGS = {"QUINTET_GHOSTFLOW_REQUESTS_PER_MINUTE": "0"}
BASELINE = "the totals by psycopg, one statement"
DASHBOARD = "dashboard"
_SETTLED = """
SELECT NOT EXISTS (SELECT FROM ghostflow_deltas)
    AND NOT EXISTS (SELECT FROM ghostflow_seals WHERE NOT is_sealed)
"""
_TOTALS = """
SELECT clicks.*, conversions.* FROM (
    SELECT count(*) FILTER (WHERE NOT is_bot) AS clicks,
        count(*) FILTER (WHERE is_unique AND NOT is_bot) AS "uniqueClicks",
        count(DISTINCT visitor_id) FILTER (WHERE NOT is_bot) AS "uniqueVisitors",
        count(*) FILTER (WHERE is_bot) AS "botClicks",
        sum(cost) / 1000000 AS cost
    FROM ghostflow_clicks
    WHERE team_id = %(team)s AND at >= %(start)s AND at < %(end)s
) clicks, (
    SELECT count(*) FILTER (WHERE status = 'pending') AS pending,
        count(*) FILTER (WHERE status = 'approved') AS approved,
        count(*) FILTER (WHERE status = 'rejected') AS rejected,
        count(*) FILTER (WHERE status = 'reversed') AS reversed,
        sum(revenue) FILTER (WHERE status = 'approved') / 1000000 AS revenue,
        sum(revenue) FILTER (WHERE status = 'pending') / 1000000 AS "pendingRevenue"
    FROM ghostflow_conversions
    WHERE team_id = %(team)s AND click_at >= %(start)s AND click_at < %(end)s
) conversions
"""


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` has fewer clicks and asks less often."""
    clicks, repetitions = (50_000, 10) if quick else (1_000_000, 20)
    report = Report("dashboard", QUESTION)
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        team = fill(server, clicks, end, progress)
        client = stack.enter_context(
            GhostFlowClient(server.key("ghostflow"), f"{server.url}/ghostflow/api/v1", timeout=120)
        )
        conn = stack.enter_context(psycopg.connect(server.database_url, autocommit=True))
        first, last = (end - timedelta(days=DAYS)).date(), (end - timedelta(days=1)).date()
        params = {"team": team, "start": end - timedelta(days=DAYS), "end": end}

        def totals() -> dict[str, Any]:
            cursor = conn.execute(_TOTALS, params)
            assert cursor.description is not None
            names = [column.name for column in cursor.description]
            return dict(zip(names, cursor.fetchone() or (), strict=True))

        ways = {BASELINE: totals, **_reports(client, first, last)}
        expected = totals()
        for name, way in ways.items():
            if name != BASELINE:
                expect_same(name, way()["totals"], expected)
        timed = {name: _timed(way) for name, way in ways.items()}
        taken = interleave(timed, repetitions, progress)
    base = report.add(BASELINE, "ms", taken[BASELINE])
    for name, samples in taken.items():
        if name != BASELINE:
            report.add(name, "ms", samples, versus=base)
    for name, samples in taken.items():
        report.add(f"{name}, p99", "ms", [percentile(samples, 99)])
    report.notes.append(
        f"{clicks:,} clicks of {DAYS} days, {expected['pending'] + expected['approved']:,} "
        "conversions that count; everything is folded into the rollups, all hours are sealed"
    )
    return report


def fill(
    server: ServerProcess, clicks: int, end: datetime, progress: Callable[[str], None]
) -> UUID:
    """Give the team of the development key so many clicks, and wait until they are rolled up.

    Its hours are over, and sealed a minute after they came.
    """

    async def seed() -> UUID:
        conn = await connect(server.database_url, application_name="benchmark")
        try:
            rows = await conn.execute("SELECT id FROM ghostflow_teams")
            [(team,)] = await rows.fetchall()
            await seed_traffic(
                conn,
                team,
                clicks=clicks,
                to=end,
                days=DAYS,
                done=lambda count: progress(f"{count:,} clicks"),
            )
        finally:
            await conn.close()
        return UUID(str(team))

    team = asyncio.run(seed())
    progress("rolling up")
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        until(lambda: (conn.execute(_SETTLED).fetchone() or (False,))[0], seconds=600, pause=0.5)
        conn.execute("VACUUM ANALYZE")
        conn.execute("CHECKPOINT")
    return team


def _reports(
    client: GhostFlowClient, first: date, last: date
) -> dict[str, Callable[[], dict[str, Any]]]:
    reports: Any = client.reports
    days = {"from_": first, "to": last}
    return {
        DASHBOARD: lambda: reports.dashboard(**days),
        "breakdown by campaign": lambda: reports.breakdown("campaign", **days),
        "breakdown by country": lambda: reports.breakdown("country", **days),
        "breakdown by sub1, which no rollup has": lambda: reports.breakdown("sub1", **days),
        "timeseries by day": lambda: reports.timeseries("day", **days),
    }


def expect_same(name: str, found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Raise `RuntimeError` unless a report says what the rows say."""
    for metric, value in expected.items():
        if Decimal(found[metric]) != value:
            raise RuntimeError(f"{name}: {metric} is {found[metric]}, by the rows {value}")


def _timed(way: Callable[[], Any]) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        way()
        return (time.perf_counter() - started) * MILLI

    return measure
