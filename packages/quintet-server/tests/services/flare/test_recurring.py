"""`/recurring` and the schedules of a registration (contract §7.1, §9)."""

from __future__ import annotations

import pytest

BODY = {"job_type": "report", "cron_expression": "*/5 * * * *"}
FIELDS = {
    "id",
    "job_type",
    "queue",
    "cron_expression",
    "timezone",
    "enabled",
    "last_run_at",
    "next_run_at",
    "max_attempts",
    "timeout_seconds",
    "created_at",
    "updated_at",
    "payload",
}


def registration(*schedules, worker="w1"):
    return {
        "worker_id": worker,
        "queues": ["default"],
        "job_types": ["t"],
        "recurring_schedules": list(schedules),
    }


async def test_put_creates_with_defaults(api):
    answer = await api.put("/recurring/rjob_report", BODY)
    assert answer.status_code == 200
    schedule = answer.json()
    assert set(schedule) == FIELDS
    wanted = {
        "id": "rjob_report",
        "queue": "default",
        "timezone": "UTC",
        "enabled": True,
        "max_attempts": 3,
        "timeout_seconds": 1800,
        "last_run_at": None,
        "payload": {},
    }
    assert {name: schedule[name] for name in wanted} == wanted
    assert schedule["next_run_at"].endswith(":00.000000Z")
    assert (await api.get("/recurring/rjob_report")).json() == schedule


async def test_put_again_replaces_but_keeps_attempts_and_timeout(api):
    full = {
        **BODY,
        "queue": "q",
        "payload": {"a": 1},
        "timezone": "Europe/Berlin",
        "max_attempts": 7,
        "timeout_seconds": 60,
    }
    first = (await api.put("/recurring/rjob_x", full)).json()
    assert first["payload"] == {"a": 1}
    second = (await api.put("/recurring/rjob_x", BODY)).json()
    assert (second["queue"], second["payload"], second["timezone"]) == ("default", {}, "UTC")
    assert (second["max_attempts"], second["timeout_seconds"]) == (7, 60)
    assert second["created_at"] == first["created_at"]


async def test_a_disabled_schedule_has_no_next_run(api):
    schedule = (await api.put("/recurring/rjob_x", {**BODY, "enabled": False})).json()
    assert (schedule["enabled"], schedule["next_run_at"]) == (False, None)


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/15 * * * * *",
        "0 9 * * MON-FRI",
        "0 0 L * ?",
        "0 0 15W * *",
        "0 0 * * 5#2",
        "0 0 * * 7",
    ],
)
async def test_good_expressions_are_accepted(api, expression):
    body = {"job_type": "t", "cron_expression": expression}
    assert (await api.put("/recurring/rjob_x", body)).status_code == 200


@pytest.mark.parametrize(
    "expression",
    ["", "x", "* * * *", "61 * * * *", "0 0 31 2 *", "* * * * * * *", "*/0 * * * *", "\x00"],
)
async def test_bad_expressions_are_refused_with_their_own_code(api, expression):
    body = {"job_type": "t", "cron_expression": expression}
    answer = await api.put("/recurring/rjob_x", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_cron_expression")
    assert answer.json()["error"]["details"][0]["field"] == "cron_expression"
    assert (await api.get("/recurring/rjob_x")).status_code == 404


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "\x00", "UTC+1"])
async def test_bad_time_zones_are_refused_with_their_own_code(api, zone):
    answer = await api.put("/recurring/rjob_x", {**BODY, "timezone": zone})
    if zone == "":
        assert answer.json()["timezone"] == "UTC"
        return
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_timezone")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_type", None),
        ("job_type", ""),
        ("cron_expression", None),
        ("cron_expression", 5),
        ("cron_expression", "*" * 501),
        ("queue", 3),
        ("timezone", 1),
        ("enabled", "yes"),
        ("enabled", 1),
        ("max_attempts", 0),
        ("max_attempts", True),
        ("timeout_seconds", 86_401),
    ],
)
async def test_bad_fields_are_refused_by_name(api, field, value):
    answer = await api.put("/recurring/rjob_x", {**BODY, field: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"] == field


@pytest.mark.parametrize("schedule_id", ["a%20b", "%00", "x" * 201, "%F0%9F%A6%86"])
async def test_bad_ids_are_refused_on_put_and_unknown_elsewhere(api, schedule_id):
    answer = await api.put(f"/recurring/{schedule_id}", BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/trigger")):
        answer = await api.call(method, f"/recurring/{schedule_id}{tail}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "recurring_job_not_found"


async def test_one_schedule_per_job_type(api):
    await api.put("/recurring/rjob_a", BODY)
    answer = await api.put("/recurring/rjob_b", BODY)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "recurring_job_type_conflict"
    assert (await api.get("/recurring/rjob_b")).status_code == 404


async def test_schedules_of_another_project_are_unknown(api):
    await api.put("/recurring/rjob_a", BODY)
    other = await api.other_project()
    async with other.http:
        assert (await other.get("/recurring/rjob_a")).status_code == 404
        assert (await other.delete("/recurring/rjob_a")).status_code == 404
        assert (await other.get("/recurring")).json()["recurring"] == []
        assert (await other.put("/recurring/rjob_a", BODY)).status_code == 200


async def test_delete_is_204_once_and_keeps_the_jobs(api):
    await api.put("/recurring/rjob_a", BODY)
    job = (await api.post("/recurring/rjob_a/trigger")).json()
    answer = await api.delete("/recurring/rjob_a")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await api.delete("/recurring/rjob_a")).status_code == 404
    assert (await api.job(job["id"]))["recurring_job_id"] == "rjob_a"


async def test_trigger_makes_a_job_like_a_tick_would(api):
    body = {**BODY, "queue": "q", "payload": {"n": 1}, "max_attempts": 2, "timeout_seconds": 9}
    await api.put("/recurring/rjob_a", {**body, "enabled": False})
    answer = await api.post("/recurring/rjob_a/trigger")
    assert answer.status_code == 201
    job = answer.json()
    assert answer.headers["location"] == f"/flare/v1/jobs/{job['id']}"
    wanted = {
        "state": "pending",
        "job_type": "report",
        "queue": "q",
        "payload": {"n": 1},
        "max_attempts": 2,
        "timeout_seconds": 9,
        "recurring_job_id": "rjob_a",
    }
    assert {name: job[name] for name in wanted} == wanted


async def test_a_keyed_trigger_makes_one_job(api):
    await api.put("/recurring/rjob_a", BODY)
    headers = {"Idempotency-Key": "go"}
    first = await api.post("/recurring/rjob_a/trigger", headers=headers)
    again = await api.post("/recurring/rjob_a/trigger", headers=headers)
    assert (again.status_code, again.content) == (201, first.content)


async def test_the_list_is_paged_in_order_of_id(api):
    for name in ("c", "a", "b"):
        await api.put(f"/recurring/rjob_{name}", {**BODY, "job_type": name})
    first = (await api.get("/recurring", params={"limit": 2})).json()
    assert [one["id"] for one in first["recurring"]] == ["rjob_a", "rjob_b"]
    assert first["has_more"]
    rest = (await api.get("/recurring", params={"cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in rest["recurring"]] == ["rjob_c"]
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    assert (await api.get("/recurring", params={"cursor": "%%"})).status_code == 400


async def test_ticks_enqueue_once_and_catch_up_once(alone, advance):
    body = {**BODY, "cron_expression": "0 0 1 * *"}
    first = (await alone.put("/recurring/rjob_a", body)).json()
    await advance(31 * 86_400)
    await alone.eventually("SELECT 1 FROM work_jobs WHERE schedule_id = 'rjob_a'")
    [job] = (await alone.get("/jobs")).json()["jobs"]
    assert job["recurring_job_id"] == "rjob_a"
    after = (await alone.get("/recurring/rjob_a")).json()
    assert after["last_run_at"] is not None
    assert after["next_run_at"] > first["next_run_at"]
    await advance(366 * 86_400)  # twelve ticks missed
    await alone.eventually("SELECT 1 FROM work_jobs HAVING count(*) = 2")
    await alone.put("/recurring/rjob_a", {**body, "enabled": False})
    await advance(31 * 86_400)
    assert len((await alone.get("/jobs")).json()["jobs"]) == 2


async def test_ticks_and_triggers_count_as_created_jobs_but_are_never_refused(started, advance):
    async with started(jobs_per_day=1) as api:
        await api.put("/recurring/rjob_a", {**BODY, "cron_expression": "* * * * * *"})
        await advance(2)
        await api.eventually("SELECT 1 FROM work_jobs")
        await api.put("/recurring/rjob_a", {**BODY, "enabled": False})
        assert (await api.post("/recurring/rjob_a/trigger")).status_code == 201
        answer = await api.post("/jobs", {"job_type": "t"})
        assert answer.status_code == 402
        assert int(answer.headers["x-quota-used"]) >= 2


async def test_registering_creates_schedules_under_derived_ids(api):
    answer = await api.post(
        "/workers/register",
        registration(
            {"job_type": "email.digest", "cron_expression": "0 9 * * *", "timezone": "Europe/Rome"},
            {"job_type": "email_digest", "cron_expression": "0 9 * * *"},
            {"job_type": "nächtlich", "cron_expression": "0 0 * * *", "queue": "q"},
        ),
    )
    assert answer.json() == {"status": "registered"}
    found = {one["job_type"]: one for one in (await api.get("/recurring")).json()["recurring"]}
    assert found["email.digest"]["id"] == "rjob_email_digest"
    assert found["email.digest"]["timezone"] == "Europe/Rome"
    assert found["nächtlich"]["id"] == "rjob_n_chtlich"
    # The same id for two job types: the second one is told apart.
    assert found["email_digest"]["id"].startswith("rjob_email_digest_")


async def test_registering_again_keeps_what_an_operator_did(api):
    entry = {"job_type": "report", "cron_expression": "0 9 * * *", "max_attempts": 9}
    await api.post("/workers/register", registration(entry))
    await api.put(
        "/recurring/rjob_report",
        {"job_type": "report", "cron_expression": "0 9 * * *", "queue": "slow", "enabled": False},
    )
    lean = {"job_type": "report", "cron_expression": "0 9 * * *"}
    await api.post("/workers/register", registration(lean))
    schedule = (await api.get("/recurring/rjob_report")).json()
    assert (schedule["enabled"], schedule["queue"], schedule["max_attempts"]) == (False, "slow", 9)


async def test_registering_unchanged_keeps_the_next_run(alone, advance):
    entry = {"job_type": "report", "cron_expression": "0 0 1 1 *"}
    await alone.post("/workers/register", registration(entry))
    first = (await alone.get("/recurring/rjob_report")).json()
    await advance(10)
    await alone.post("/workers/register", registration(entry))
    assert (await alone.get("/recurring/rjob_report")).json()["next_run_at"] == first["next_run_at"]


async def test_schedules_no_longer_listed_stay(api):
    entry = {"job_type": "report", "cron_expression": "0 9 * * *"}
    await api.post("/workers/register", registration(entry))
    await api.post("/workers/register", registration())
    assert (await api.get("/recurring/rjob_report")).status_code == 200


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        (
            {"job_type": "b", "cron_expression": "nope"},
            "invalid_cron_expression",
            "cron_expression",
        ),
        (
            {"job_type": "b", "cron_expression": "* * * * *", "timezone": "Nowhere"},
            "invalid_timezone",
            "timezone",
        ),
        ({"job_type": "", "cron_expression": "* * * * *"}, "invalid_request", "job_type"),
    ],
)
async def test_one_bad_schedule_names_its_index_and_nothing_is_applied(api, bad, code, field):
    good = {"job_type": "a", "cron_expression": "* * * * *"}
    answer = await api.post("/workers/register", registration(good, bad))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["details"][0]["field"] == f"recurring_schedules.1.{field}"
    assert (await api.get("/recurring")).json()["recurring"] == []
    rows = await api.sql("SELECT 1 FROM flare_workers WHERE project_id = %s", api.project_id)
    assert rows == []
