"""`GET /metrics/...`: counts, durations and depths, computed from the jobs themselves.

A period covers the jobs created in it, by the state they are in now. Throughput puts jobs into
buckets twice: under the time they were created and under the time they were completed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.responses import json_response
from quintet_server.services.flare.context import call_of
from quintet_server.services.flare.errors import invalid_field
from quintet_server.services.flare.query import clamped_limit, one_of
from quintet_server.services.flare.timestamps import render_timestamp

PERIODS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
GRANULARITIES = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_MOST_BUCKETS = 1500
_TOP_DEFAULT = 10
_COUNTED = (
    "pending",
    "scheduled",
    "processing",
    "succeeded",
    "failed",
    "cancelled",
    "dead_letter",
)

_SUMMARY = """
SELECT work_state(j.state, j.blocked, j.due_at) AS state, count(*),
       sum(duration_ms)::float8, count(duration_ms)
FROM work_jobs AS j
WHERE lane = %(lane)s AND created_at >= quintet_now() - %(period)s
GROUP BY 1
"""
_JOB_TYPES = """
SELECT job_type, count(*),
       count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'),
       count(*) FILTER (WHERE state = 'dead_letter'),
       avg(duration_ms)::float8
FROM work_jobs
WHERE lane = %(lane)s AND created_at >= quintet_now() - %(period)s
GROUP BY job_type ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""
_QUEUES = """
SELECT queue, count(*) FILTER (WHERE state = 'pending'),
       count(*) FILTER (WHERE state = 'scheduled'), count(*) FILTER (WHERE state = 'processing'),
       min(since) FILTER (WHERE state = 'pending' AND since <= quintet_now())
FROM (SELECT queue, work_state(j.state, j.blocked, j.due_at) AS state,
             greatest(j.due_at, j.created_at) AS since
      FROM work_jobs AS j
      WHERE lane = %(lane)s AND j.state IN ('pending', 'scheduled', 'processing')) AS open
GROUP BY queue ORDER BY queue
"""
_THROUGHPUT = """
WITH bounds AS (
    SELECT date_bin(%(step)s, quintet_now() - %(period)s, 'epoch'::timestamptz) AS first,
           date_bin(%(step)s, quintet_now(), 'epoch'::timestamptz) AS last
), created AS (
    SELECT date_bin(%(step)s, created_at, 'epoch'::timestamptz) AS starts, count(*) AS jobs
    FROM work_jobs, bounds WHERE lane = %(lane)s AND created_at >= first GROUP BY 1
), completed AS (
    SELECT date_bin(%(step)s, completed_at, 'epoch'::timestamptz) AS starts, count(*) AS jobs,
           count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE state = 'failed') AS failed,
           count(*) FILTER (WHERE state = 'dead_letter') AS dead_letter,
           count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
           percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms) AS latency
    FROM work_jobs, bounds WHERE lane = %(lane)s AND completed_at >= first GROUP BY 1
)
SELECT starts, coalesce(created.jobs, 0), coalesce(completed.jobs, 0), coalesce(succeeded, 0),
       coalesce(failed, 0), coalesce(dead_letter, 0), coalesce(cancelled, 0), latency
FROM bounds, generate_series(first, last, %(step)s) AS starts
LEFT JOIN created USING (starts) LEFT JOIN completed USING (starts)
ORDER BY starts
"""


async def summary(request: Request) -> Response:
    """`GET /metrics/summary`."""
    period = _period(request)
    rows = await _rows(request, _SUMMARY, period=PERIODS[period])
    counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    total_ms, timed = 0.0, 0
    for state, jobs, duration_ms, durations in rows:
        counts[state] = jobs
        total_ms, timed = total_ms + (duration_ms or 0.0), timed + durations
    return json_response(
        {
            "period": period,
            "total": sum(counts.values()),
            **counts,
            "success_rate": _success_rate(
                counts["succeeded"], counts["failed"], counts["dead_letter"]
            ),
            "avg_duration_ms": round(total_ms / timed, 2) if timed else None,
        }
    )


async def throughput(request: Request) -> Response:
    """`GET /metrics/throughput`."""
    period = _period(request)
    granularity = one_of(request, "granularity", tuple(GRANULARITIES)) or "hour"
    step = GRANULARITIES[granularity]
    if PERIODS[period] / step > _MOST_BUCKETS:
        raise invalid_field("granularity", f"{granularity} is too fine for {period}")
    rows = await _rows(request, _THROUGHPUT, period=PERIODS[period], step=step)
    return json_response(
        {
            "period": period,
            "granularity": granularity,
            "buckets": [_bucket(row) for row in rows],
        }
    )


async def queues(request: Request) -> Response:
    """`GET /metrics/queues`: every queue that has unfinished jobs."""
    rows = await _rows(request, _QUEUES)
    return json_response(
        {
            "queues": [
                {
                    "queue": queue,
                    "depth": pending + scheduled,
                    "pending": pending,
                    "scheduled": scheduled,
                    "processing": processing,
                    "oldest_pending_at": render_timestamp(oldest),
                }
                for queue, pending, scheduled, processing, oldest in rows
            ]
        }
    )


async def job_types(request: Request) -> Response:
    """`GET /metrics/job-types`: the busiest `limit` job types."""
    period = _period(request)
    limit = clamped_limit(request, call_of(request).flare.settings, default=_TOP_DEFAULT)
    rows = await _rows(request, _JOB_TYPES, period=PERIODS[period], limit=limit)
    return json_response(
        {
            "period": period,
            "job_types": [
                {
                    "job_type": job_type,
                    "total": total,
                    "succeeded": succeeded,
                    "failed": failed,
                    "dead_letter": dead,
                    "success_rate": _success_rate(succeeded, failed, dead),
                    "avg_duration_ms": None if average is None else round(average, 2),
                }
                for job_type, total, succeeded, failed, dead, average in rows
            ],
        }
    )


def _period(request: Request) -> str:
    return one_of(request, "period", tuple(PERIODS)) or "24h"


def _success_rate(succeeded: int, failed: int, dead_letter: int) -> float:
    """Of the jobs that ended by running; 0 while none has."""
    ended = succeeded + failed + dead_letter
    return round(succeeded / ended, 4) if ended else 0.0


def _bucket(row: tuple[Any, ...]) -> dict[str, Any]:
    starts, created, completed, succeeded, failed, dead, cancelled, latency = row
    p50, p95, p99 = latency or (None, None, None)
    return {
        "timestamp": render_timestamp(starts),
        "created": created,
        "completed": completed,
        "succeeded": succeeded,
        "failed": failed,
        "dead_letter": dead,
        "cancelled": cancelled,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
    }


async def _rows(request: Request, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    call = call_of(request)
    async with call.db.connection() as conn:
        return await (await conn.execute(statement, {"lane": call.lane, **values})).fetchall()
