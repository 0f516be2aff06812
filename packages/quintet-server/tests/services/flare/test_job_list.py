"""`GET /jobs`: filters, pages, cursors (contract §5.3)."""

from __future__ import annotations

import base64

import pytest


async def ids(api, **params):
    answer = await api.get("/jobs", params=params)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["jobs"]]


async def test_an_empty_project_lists_nothing(api):
    assert (await api.get("/jobs")).json() == {
        "jobs": [],
        "has_more": False,
        "next_cursor": None,
        "cursor": None,
    }


async def test_items_are_job_objects_without_payload_newest_first(api):
    created = [await api.create(f"t{n}", payload={"n": n}) for n in range(3)]
    jobs = (await api.get("/jobs")).json()["jobs"]
    assert [job["id"] for job in jobs] == [job["id"] for job in reversed(created)]
    newest = {name: value for name, value in created[-1].items() if name != "payload"}
    assert jobs[0] == newest


async def test_pages_neither_repeat_nor_skip_while_jobs_arrive(api):
    old = [(await api.create())["id"] for _ in range(7)]
    seen, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await api.get("/jobs", params=params)).json()
        assert page["cursor"] == page["next_cursor"]
        seen += [job["id"] for job in page["jobs"]]
        await api.create("late")
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert cursor is None
    assert seen == list(reversed(old))


async def test_jobs_of_one_instant_are_paged_by_id(api):
    for _ in range(5):
        await api.create()
    await api.sql(
        "UPDATE work_jobs SET created_at = '2030-01-01T00:00:00Z' WHERE project_id = %s",
        api.project_id,
    )
    everything = await ids(api)
    assert everything == sorted(everything, reverse=True)
    first = (await api.get("/jobs", params={"limit": 2})).json()
    second = await ids(api, cursor=first["next_cursor"])
    assert [job["id"] for job in first["jobs"]] + second == everything


@pytest.mark.parametrize(
    ("limit", "count"), [(None, 20), ("0", 1), ("-5", 1), ("2", 2), ("100", 100), ("5000", 100)]
)
async def test_limit_defaults_to_20_and_is_clamped(api, limit, count):
    await api.sql(
        "INSERT INTO work_jobs (id, lane, project_id, queue, job_type, payload, state, due_at, "
        "created_at, max_attempts, timeout_seconds) SELECT p.id || n, 'flare:' || p.id, p.id, "
        "'default', 't', '{}', 'pending', quintet_now(), quintet_now(), 3, 60 "
        "FROM generate_series(1, 101) n, projects p WHERE p.id = %s",
        api.project_id,
    )
    assert len(await ids(api, **({} if limit is None else {"limit": limit}))) == count


async def test_filters_combine(api):
    wanted = await api.create("a", queue="q1")
    await api.create("a", queue="q2")
    await api.create("b", queue="q1")
    assert await ids(api, job_type="a", queue="q1") == [wanted["id"]]
    assert await ids(api, job_type="a", queue="q1", state="pending") == [wanted["id"]]
    assert await ids(api, job_type="a", queue="q1", state="succeeded") == []


@pytest.mark.parametrize(
    "state", ["pending", "scheduled", "succeeded", "failed", "cancelled", "dead_letter"]
)
async def test_each_state_can_be_listed(api, state):
    job_id = await api.in_state(state)
    await api.in_state("pending" if state != "pending" else "scheduled")
    assert await ids(api, state=state) == [job_id]


async def test_processing_can_be_listed(api):
    job_id = await api.running()
    assert await ids(api, state="processing") == [job_id]


async def test_a_due_scheduled_job_is_listed_as_pending(alone, advance):
    api = alone
    job = await api.create(run_at="2999-01-01T00:00:00Z")
    await api.sql("UPDATE work_jobs SET due_at = quintet_now() + interval '1 hour'")
    assert await ids(api, state="scheduled") == [job["id"]]
    await advance(3601)
    assert await ids(api, state="scheduled") == []
    assert await ids(api, state="pending") == [job["id"]]


async def test_created_after_is_inclusive_created_before_exclusive(api):
    job = await api.create()
    at = job["created_at"]
    assert await ids(api, created_after=at) == [job["id"]]
    assert await ids(api, created_before=at) == []
    assert await ids(api, created_after="2000-01-01", created_before="2999-01-01") == [job["id"]]
    assert await ids(api, created_after="2999-01-01T00:00:00+02:00") == []


async def test_an_unescaped_plus_of_an_offset_is_understood(api):
    job = await api.create()
    answer = await api.call("GET", "/jobs?created_after=2000-01-01T00:00:00+02:00")
    assert [found["id"] for found in answer.json()["jobs"]] == [job["id"]]


async def test_tags_filter_by_every_pair(api):
    both = await api.create(tags={"env": "dev", "team": "a:b"})
    await api.create(tags={"env": "dev"})
    await api.create()
    assert len(await ids(api, tag="env:dev")) == 2
    assert await ids(api, tag=["env:dev", "team:a:b"]) == [both["id"]]
    assert await ids(api, tag="env:prod") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "DeadLettered"),
        ("state", "pending\x00"),
        ("queue", "a\x00"),
        ("queue", "q" * 2000),
        ("job_type", "\x00"),
        ("created_after", "yesterday"),
        ("created_before", "2030-02-30"),
        ("created_after", "0001-01-01T00:00:00+10:00"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", "٣"),
        ("limit", "9" * 40),
        ("cursor", "!!!"),
        ("cursor", "abc"),
        ("cursor", "x" * 900),
        ("cursor", base64.b64encode(b"2030-01-01T00:00:00Z").decode()),
        ("cursor", base64.b64encode(b"soon|job_1").decode()),
        ("cursor", base64.b64encode(b"2030-01-01T00:00:00Z|a\x00").decode()),
        ("cursor", base64.b64encode(b"\xff\xfe|").decode()),
        ("tag", "novalue"),
        ("tag", ":v"),
        ("tag", "a:\x00"),
        ("tag", ["a:1", "a:2"]),
    ],
)
async def test_a_bad_parameter_is_refused_by_name(api, name, value):
    answer = await api.get("/jobs", params={name: value})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert error["details"][0]["field"] == name


async def test_unknown_and_empty_parameters_are_ignored(api):
    job = await api.create()
    assert await ids(api, sort="asc", state="", cursor="", limit="") == [job["id"]]
    answer = await api.call("GET", "/jobs?&&=&%ff=%fe&a&limit=5")
    assert answer.status_code == 200


async def test_a_cursor_with_padding_or_of_the_other_alphabet_is_read(api):
    for _ in range(3):
        await api.create()
    page = (await api.get("/jobs", params={"limit": 1})).json()
    cursor = page["next_cursor"]
    rest = await ids(api, cursor=cursor)
    assert await ids(api, cursor=cursor + "=" * (-len(cursor) % 4)) == rest
    assert len(rest) == 2
