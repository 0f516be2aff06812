"""Rate limits and quotas, and their headers (contract §2)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from types import SimpleNamespace

from quintet_server.services.flare.quotas import Quotas
from quintet_server.services.flare.settings import FlareSettings

UNLIMITED = str(2**31 - 1)


async def plan(api, **settings) -> None:
    """Give the project settings of its own."""
    from psycopg.types.json import Jsonb

    await api.sql(
        "UPDATE projects SET settings = %s WHERE id = %s", Jsonb(settings), api.project_id
    )
    api.runtime.keys.forget()


def next_midnight() -> int:
    return (int(time.time()) // 86_400 + 1) * 86_400


async def test_unlimited_projects_still_see_every_header(api):
    answer = await api.post("/jobs", {"job_type": "t"})
    assert answer.headers["x-ratelimit-limit"] == UNLIMITED
    assert answer.headers["x-ratelimit-remaining"] == UNLIMITED
    assert int(answer.headers["x-ratelimit-reset"]) > time.time()
    assert answer.headers["x-quota-limit"] == UNLIMITED
    assert answer.headers["x-quota-used"] == "1"
    assert int(answer.headers["x-quota-reset"]) == next_midnight()
    assert "x-quota-overage" not in answer.headers
    again = await api.post("/jobs", {"job_type": "t"}, headers={"Idempotency-Key": "k"})
    assert again.headers["x-quota-used"] == "2"


async def test_quota_headers_are_on_creates_only(api):
    job = await api.create()
    for answer in (await api.get("/jobs"), await api.post(f"/jobs/{job['id']}/cancel")):
        assert not [name for name in answer.headers if name.startswith("x-quota")]
        assert "x-ratelimit-limit" in answer.headers


async def test_the_day_is_used_up_at_the_limit_with_402(alone, advance):
    await plan(alone, jobs_per_day=2)
    used = [(await alone.post("/jobs", {"job_type": "t"})).headers["x-quota-used"] for _ in "ab"]
    assert used == ["1", "2"]
    answer = await alone.post("/jobs", {"job_type": "t"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "billing_state_blocked")
    assert answer.headers["x-quota-limit"] == "2"
    assert answer.headers["x-quota-used"] == "2"
    assert int(answer.headers["x-quota-reset"]) == next_midnight()
    assert len((await alone.get("/jobs")).json()["jobs"]) == 2
    # Work in flight, retries by hand and everything else go on.
    [item] = await alone.poll()
    assert (await alone.ack(item["id"], "failed", error={"retryable": False})).status_code == 200
    assert (await alone.post(f"/jobs/{item['id']}/retry")).status_code == 200
    await advance(86_400)
    fresh = await alone.post("/jobs", {"job_type": "t"})
    assert (fresh.status_code, fresh.headers["x-quota-used"]) == (201, "1")


async def test_a_refused_create_takes_nothing(api):
    await plan(api, jobs_per_day=5)
    await api.create()
    for body in ({"job_type": ""}, {"job_type": "t", "parent_job_id": "job_nobody"}):
        answer = await api.post("/jobs", body)
        assert answer.status_code in {400, 404}
        assert answer.headers["x-quota-used"] == "1"


async def test_the_last_place_is_given_once(api):
    await plan(api, jobs_per_day=3)
    answers = await asyncio.gather(*(api.post("/jobs", {"job_type": "t"}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [402] * 9


async def test_a_limit_of_zero_blocks_everything(api):
    await plan(api, jobs_per_day=0)
    assert (await api.post("/jobs", {"job_type": "t"})).status_code == 402


async def test_status_and_code_of_the_daily_model_are_settings(started):
    async with started(
        jobs_per_day=0, daily_quota_status=429, daily_quota_code="daily_quota_exceeded"
    ) as api:
        answer = await api.post("/jobs", {"job_type": "t"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "daily_quota_exceeded")


async def test_the_month_is_used_up_with_429(api):
    await plan(api, quota_model="monthly", jobs_per_month=1)
    first = await api.post("/jobs", {"job_type": "t"})
    assert first.headers["x-quota-overage"] == "0"
    assert first.headers["x-quota-overage-cost"] == "0"
    assert "x-quota-spend-cap" not in first.headers
    answer = await api.post("/jobs", {"job_type": "t"})
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "monthly_allowance_exceeded"
    now = datetime.now(UTC)
    month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    assert int(answer.headers["x-quota-reset"]) == int(month.timestamp())
    assert 0 < int(answer.headers["retry-after"]) <= 31 * 86_400


async def test_overage_is_priced_until_the_spend_cap(api):
    await plan(
        api,
        quota_model="monthly",
        jobs_per_month=1,
        overage_enabled=True,
        overage_cents_per_1000_jobs=1500,
        spend_cap_cents=3,
    )
    seen = []
    for _ in range(4):
        answer = await api.post("/jobs", {"job_type": "t"})
        seen.append(
            (
                answer.status_code,
                answer.headers["x-quota-overage"],
                answer.headers["x-quota-overage-cost"],
            )
        )
        assert answer.headers["x-quota-spend-cap"] == "3"
    assert seen == [(201, "0", "0"), (201, "1", "2"), (201, "2", "3"), (429, "2", "3")]
    assert answer.json()["error"]["code"] == "spend_cap_reached"


async def test_overage_without_a_cap_never_ends(api):
    await plan(api, quota_model="monthly", jobs_per_month=0, overage_enabled=True)
    answers = [await api.post("/jobs", {"job_type": "t"}) for _ in range(3)]
    assert [answer.headers["x-quota-overage"] for answer in answers] == ["1", "2", "3"]


async def test_informative_counts_survive_a_restart(started):
    async with started() as api:
        await asyncio.gather(*(api.create() for _ in range(10)))
    async with started() as api:
        assert (await api.post("/jobs", {"job_type": "t"})).headers["x-quota-used"] == "11"


async def test_the_informative_count_starts_over_with_the_day(alone, advance):
    await alone.create()
    await advance(86_400)
    assert (await alone.post("/jobs", {"job_type": "t"})).headers["x-quota-used"] == "1"


async def test_every_call_counts_against_the_rate_limit_until_the_window_moves(alone, advance):
    await plan(alone, requests_per_hour=3)
    left = [(await alone.get("/jobs")).headers["x-ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    body = {"worker_id": "w", "queues": ["default"]}
    answer = await alone.post("/workers/poll", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert answer.headers["x-ratelimit-limit"] == "3"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["x-ratelimit-reset"]) > time.time()
    assert 0 < int(answer.headers["retry-after"]) <= 3660
    assert "details" not in answer.json()["error"]
    await advance(3661)
    await alone.until(lambda: alone.runtime.clock.shift_seconds >= 3661)  # told by notification
    assert (await alone.get("/jobs")).status_code == 200


async def test_the_rate_limit_of_one_project_is_not_anothers(started):
    async with started(requests_per_hour=1) as api:
        other = await api.other_project()
        async with other.http:
            assert (await api.get("/jobs")).status_code == 200
            assert (await api.get("/jobs")).status_code == 429
            assert (await other.get("/jobs")).status_code == 200


async def test_health_is_public_and_unmetered(started):
    async with started(requests_per_hour=1) as api:
        for path in ("/flare/health/live", "/flare/health/ready") * 3:
            answer = await api.http.get(f"http://test{path}", headers={"Authorization": ""})
            assert answer.status_code == 200, path
            assert "x-ratelimit-limit" not in answer.headers


async def test_ready_is_503_when_the_database_is_away(started):
    async with started() as api:
        await api.runtime.db.close()
        answer = await api.http.get("http://test/flare/health/ready")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_unavailable")
        assert (await api.http.get("http://test/flare/health/live")).status_code == 200


async def test_the_informative_count_starts_over_at_midnight_without_a_word(alone, advance):
    """Nobody announces that real time has passed midnight, as the moved clock is announced."""
    clock = SimpleNamespace(now=lambda: time.time() + alone.runtime.clock.shift_seconds)
    quotas = Quotas(alone.runtime.db, clock, FlareSettings())
    plan_ = quotas.plan({})
    assert (await quotas.count("prj_x", plan_, 2)).used == 2
    await advance(86_400)
    await alone.until(lambda: alone.runtime.clock.shift_seconds == 86_400)
    fresh = await quotas.count("prj_x", plan_, 1)
    assert fresh.used == 1
    assert int(fresh.ends_at.timestamp()) == next_midnight() + 86_400


async def test_a_changed_plan_is_seen_at_once(api):
    await api.create()
    await plan(api, quota_model="monthly")
    answer = await api.post("/jobs", {"job_type": "t"})
    assert answer.headers["x-quota-overage"] == "0"


async def test_a_body_beyond_the_limit_still_shows_the_quota(api):
    async def chunks():
        for _ in range(40):
            yield b"x" * 65_536

    for content in (b"x" * 2_000_000, chunks()):
        answer = await api.call("POST", "/jobs", content=content)
        assert (answer.status_code, answer.headers["x-quota-used"]) == (413, "0")


async def test_a_counter_that_is_held_delays_a_create_and_refuses_none(api, monkeypatch):
    monkeypatch.setattr("quintet_server.store.idempotency._RECORD_PATIENCE", "1ms")
    await plan(api, jobs_per_day=5)
    await api.create()
    async with api.runtime.db.transaction() as conn:
        await conn.execute(
            "SELECT FROM flare_quota WHERE project_id = %s FOR UPDATE", (api.project_id,)
        )
        creating = asyncio.create_task(
            api.post("/jobs", {"job_type": "t"}, headers={"Idempotency-Key": "held"})
        )
        # The shared transaction has given up when a later one waits.
        await api.eventually(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE '%%flare_quota%%' AND clock_timestamp() - query_start > '20 ms' "
            "AND datname = current_database()"
        )
    assert (await creating).status_code == 201


async def test_counts_that_are_being_written_when_the_server_stops_are_counted(api):
    """Nothing ends a write half way, and what another project has counted is written too."""
    quotas = Quotas(api.runtime.db, api.runtime.clock, FlareSettings(quota_flush_seconds=0.001))
    others = [f"{api.project_id}-{name}" for name in "ab"]
    allowance = quotas.plan({})
    async with api.runtime.db.transaction() as conn:
        await conn.execute("LOCK TABLE flare_quota IN EXCLUSIVE MODE")
        for project in others:
            await quotas.count(project, allowance, 3)
        quotas.start()
        await api.eventually(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE '%%flare_quota%%' AND datname = current_database()"
        )
        stopping = asyncio.create_task(quotas.stop())
        await asyncio.sleep(0)
    await stopping
    for project in others:
        async with api.runtime.db.connection() as conn:
            assert (await quotas.read(conn, project, allowance)).used == 3


async def test_count_read_while_another_is_being_written_has_that_in_it(api):
    quotas = Quotas(api.runtime.db, api.runtime.clock, FlareSettings())
    project, allowance = f"{api.project_id}-c", quotas.plan({})
    await quotas.count(project, allowance, 5)
    async with api.runtime.db.transaction() as conn:
        await conn.execute("LOCK TABLE flare_quota IN EXCLUSIVE MODE")
        writing = asyncio.create_task(quotas._write())
        await api.eventually(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE '%%flare_quota%%' AND datname = current_database()"
        )
        quotas.forget()
        counting = asyncio.create_task(quotas.count(project, allowance, 1))
        # Everything it can do by itself.
        for _ in range(20):
            await asyncio.sleep(0)
    assert (await counting).used == 6
    await writing
