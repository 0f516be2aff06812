"""`/metrics/...` and `/activity` (contract §11)."""

from __future__ import annotations

import json
import re

import pytest

HOUR = 3600


async def ended(api, status, duration_ms, job_type="t"):
    job_id = await api.running(job_type, max_attempts=1)
    await api.ack(job_id, status, duration_ms=duration_ms)
    return job_id


async def test_the_summary_counts_by_state_now(api):
    await api.create()
    await api.create(run_at="2999-01-01T00:00:00Z")
    await api.post(f"/jobs/{(await api.create(queue='q'))['id']}/cancel")
    await api.poll()
    other = await api.other_project()
    async with other.http:
        await ended(other, "succeeded", 100)
        await ended(other, "succeeded", 201)
        await ended(other, "failed", 300)
        answer = (await other.get("/metrics/summary")).json()
    assert answer == {
        "period": "24h",
        "total": 3,
        "pending": 0,
        "scheduled": 0,
        "processing": 0,
        "succeeded": 2,
        "failed": 0,
        "cancelled": 0,
        "dead_letter": 1,
        "success_rate": 0.6667,
        "avg_duration_ms": 200.33,
    }
    answer = (await api.get("/metrics/summary", params={"period": "1h"})).json()
    counts = {name: answer[name] for name in ("total", "processing", "scheduled", "cancelled")}
    assert counts == {"total": 3, "processing": 1, "scheduled": 1, "cancelled": 1}
    assert (answer["success_rate"], answer["avg_duration_ms"]) == (0.0, None)


@pytest.mark.parametrize(("period", "hours"), [("1h", 1), ("24h", 24), ("7d", 168), ("30d", 720)])
async def test_a_period_covers_the_jobs_created_in_it(api, period, hours):
    for age in (hours - 0.1, hours + 0.1):
        job = await api.create()
        await api.sql(
            "UPDATE work_jobs SET created_at = quintet_now() - make_interval(secs => %s) "
            "WHERE id = %s",
            age * HOUR,
            job["id"],
        )
    assert (await api.get("/metrics/summary", params={"period": period})).json()["total"] == 1


async def test_throughput_puts_jobs_into_hours_with_interpolated_percentiles(api):
    for duration in (100, 200, 300, 400):
        await ended(api, "succeeded", duration)
    answer = (await api.get("/metrics/throughput")).json()
    assert (answer["period"], answer["granularity"]) == ("24h", "hour")
    assert len(answer["buckets"]) == 25
    last = answer["buckets"][-1]
    if last["created"] == 0:  # the hour ended in the middle of this test
        last = answer["buckets"][-2]
    assert last["timestamp"].endswith(":00:00.000000Z")
    assert (last["created"], last["completed"], last["succeeded"]) == (4, 4, 4)
    assert (last["p50_ms"], last["p95_ms"], last["p99_ms"]) == (250.0, 385.0, 397.0)
    first = answer["buckets"][0]
    assert (first["created"], first["p50_ms"]) == (0, None)


async def test_throughput_by_the_minute_and_by_the_day(api):
    for period, granularity, count in (
        ("1h", "minute", 61),
        ("24h", "minute", 1441),
        ("7d", "day", 8),
    ):
        params = {"period": period, "granularity": granularity}
        assert len((await api.get("/metrics/throughput", params=params)).json()["buckets"]) == count
    answer = await api.get("/metrics/throughput", params={"period": "30d", "granularity": "minute"})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "granularity"


async def test_queues_show_their_depth(api):
    for _ in range(3):
        await api.create(queue="b")
    await api.create(queue="a", run_at="2999-01-01T00:00:00Z")
    await api.poll(queues=["b"])
    a, b = (await api.get("/metrics/queues")).json()["queues"]
    assert a == {
        "queue": "a",
        "depth": 1,
        "pending": 0,
        "scheduled": 1,
        "processing": 0,
        "oldest_pending_at": None,
    }
    assert (b["queue"], b["depth"], b["pending"], b["processing"]) == ("b", 2, 2, 1)
    assert b["oldest_pending_at"].endswith("Z")


async def test_a_job_waits_since_it_came_however_old_its_time_is(api):
    job = await api.create(run_at="2001-01-01T00:00:00Z")
    [depth] = (await api.get("/metrics/queues")).json()["queues"]
    assert depth["oldest_pending_at"] == job["created_at"]


async def test_job_types_are_the_busiest_first(api):
    await ended(api, "succeeded", 10, "rare")
    for status in ("succeeded", "failed"):
        await ended(api, status, 30, "busy")
    answer = (await api.get("/metrics/job-types")).json()
    assert answer["job_types"] == [
        {
            "job_type": "busy",
            "total": 2,
            "succeeded": 1,
            "failed": 0,
            "dead_letter": 1,
            "success_rate": 0.5,
            "avg_duration_ms": 30.0,
        },
        {
            "job_type": "rare",
            "total": 1,
            "succeeded": 1,
            "failed": 0,
            "dead_letter": 0,
            "success_rate": 1.0,
            "avg_duration_ms": 10.0,
        },
    ]
    top = (await api.get("/metrics/job-types", params={"limit": 1})).json()["job_types"]
    assert [one["job_type"] for one in top] == ["busy"]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/metrics/summary", "period", "2h"),
        ("/metrics/throughput", "period", "\x00"),
        ("/metrics/throughput", "granularity", "second"),
        ("/metrics/job-types", "period", "1y"),
        ("/metrics/job-types", "limit", "x"),
        ("/activity", "limit", "x"),
        ("/activity", "cursor", "???"),
        ("/activity", "cursor", "LTE"),
    ],
)
async def test_a_bad_parameter_is_refused_by_name(api, path, name, value):
    answer = await api.get(path, params={name: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"] == name


async def test_activity_tells_what_happened_newest_first(api):
    job_id = await api.running(max_attempts=1)
    await api.beat(job_id, progress=0.5)
    await api.ack(job_id, "failed", error={"message": "no"})
    alert = {"alert_type": "worker_offline", "destination": "a@b.example"}
    alert_id = (await api.post("/alerts", alert)).json()["id"]
    answer = (await api.get("/activity")).json()
    assert [row["kind"] for row in answer["data"]] == [
        "alert_created",
        "job_dead_letter",
        "job_failed",
        "job_started",
        "job_created",
    ]
    assert (answer["has_more"], answer["next_cursor"]) == (False, None)
    alert_row, dead = answer["data"][:2]
    assert (alert_row["target_type"], alert_row["target_id"]) == ("alert", alert_id)
    assert set(dead) == {
        "id",
        "kind",
        "target_type",
        "target_id",
        "summary",
        "metadata",
        "created_at",
    }
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", dead["id"])
    assert (dead["target_type"], dead["target_id"]) == ("job", job_id)
    assert json.loads(dead["metadata"]) == {
        "job_type": "t",
        "queue": "default",
        "state": "dead_letter",
        "attempt": 1,
        "error": "no",
    }
    assert "t" in dead["summary"]


async def test_activity_is_paged_without_repeating(api):
    for _ in range(5):
        await api.create()
    first = (await api.get("/activity", params={"limit": 2})).json()
    await api.create()
    rows, cursor = first["data"], first["next_cursor"]
    while cursor:
        page = (await api.get("/activity", params={"limit": 2, "cursor": cursor})).json()
        rows, cursor = rows + page["data"], page["next_cursor"]
    assert len({row["id"] for row in rows}) == len(rows) == 5
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


async def test_activity_is_clamped_and_of_the_own_project(api):
    other = await api.other_project()
    async with other.http:
        await other.create()
    assert (await api.get("/activity", params={"limit": 1000})).json()["data"] == []
