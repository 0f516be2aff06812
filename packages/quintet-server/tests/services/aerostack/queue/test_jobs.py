"""The four calls of the queue, without anybody who works on the jobs."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.services.aerostack.queue.tidying import tidy

FIELDS = {
    *("id", "type", "data", "status", "projectId", "createdAt"),
    *("attempts", "availableAt", "completedAt", "error", "result"),
}


async def test_enqueued_job_can_be_read(api, jobs):
    answer = await api.post("/queue/enqueue", {"type": "email.send", "data": {"to": "a@b.c"}})
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"jobId", "success"}
    job = await jobs.get(answer.json()["jobId"])
    assert job.keys() == FIELDS
    assert job["createdAt"] == job["availableAt"]
    assert job["createdAt"].endswith("Z")
    del job["createdAt"], job["availableAt"]
    assert job == {
        "id": answer.json()["jobId"],
        "type": "email.send",
        "data": {"to": "a@b.c"},
        "status": "queued",
        "projectId": api.project_id,
        "attempts": 0,
        "completedAt": None,
        "error": None,
        "result": None,
    }


@pytest.mark.parametrize(
    "data",
    [{}, [], None, False, "text\u0000\u2028", 2**80, -1.5, {"a": {"b": [None, "é"]}}],
    ids=repr,
)
async def test_data_of_any_kind_comes_back_as_it_was(api, data):
    answer = await api.ask("/queue/enqueue", {"type": "t", "data": data}, 201)
    found = await api.post("/queue/job", {"jobId": answer["jobId"]})
    assert found.json()["job"]["data"] == data


async def test_delay_makes_the_job_available_later(jobs):
    job = await jobs.get(await jobs.add(delay=3600))
    assert job["status"] == "queued"
    assert job["availableAt"] > job["createdAt"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "t"}, "data"),
        ({"type": "", "data": {}}, "type"),
        ({"type": "  ", "data": {}}, "type"),
        ({"type": "a\nb", "data": {}}, "type"),
        ({"type": "a\0", "data": {}}, "type"),
        ({"type": "x" * 256, "data": {}}, "type"),
        ({"type": 5, "data": {}}, "type"),
        ({"type": "t", "data": {}, "delay": -1}, "delay"),
        ({"type": "t", "data": {}, "delay": 1.5}, "delay"),
        ({"type": "t", "data": {}, "delay": True}, "delay"),
        ({"type": "t", "data": {}, "delay": "5"}, "delay"),
        ({"type": "t", "data": {}, "delay": 10**12}, "delay"),
    ],
)
async def test_bad_job_is_400_with_the_field(api, body, field):
    refused = await api.refused("/queue/enqueue", body, 400, "VALIDATION_ERROR")
    assert field in refused["details"]["fieldErrors"]
    assert refused["message"].startswith(f"{field}: ")


async def test_number_that_is_none_is_400(api):
    answer = await api.call(
        "POST", "/queue/enqueue", content=b'{"type": "t", "data": {"n": 1e999}}'
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_longest_type_and_delay_are_taken(jobs):
    job = await jobs.get(await jobs.add("x" * 255, delay=30 * 86_400))
    assert job["type"] == "x" * 255


async def test_data_beyond_the_bound_is_413(api):
    body = {"type": "t", "data": "x" * 200_000}
    refused = await api.refused(
        "/queue/enqueue", body, 413, "VALIDATION_ERROR", "QUEUE_ENQUEUE_FAILED"
    )
    assert "131072 bytes" in refused["message"]


async def test_idempotency_key_enqueues_once(api):
    body, headers = {"type": "t", "data": 1}, {"Idempotency-Key": "k"}
    first = await api.ask("/queue/enqueue", body, 201, headers=headers)
    again = await api.ask("/queue/enqueue", body, 201, headers=headers)
    assert first == again
    assert len((await api.ask("/queue/jobs"))["jobs"]) == 1
    other = await api.ask("/queue/enqueue", {**body, "data": 2}, 409, headers=headers)
    assert other["details"]["reason"] == "IDEMPOTENCY_KEY_REUSED"


async def test_many_keys_at_a_time_enqueue_each_once(api):
    async def add(number):
        headers = {"Idempotency-Key": f"k{number % 20}"}
        body = {"type": "t", "data": number % 20}
        return await api.ask("/queue/enqueue", body, 201, headers=headers)

    answers = await asyncio.gather(*(add(number) for number in range(60)))
    assert len({answer["jobId"] for answer in answers}) == 20
    assert answers[:20] == answers[20:40] == answers[40:]
    assert len((await api.ask("/queue/jobs"))["jobs"]) == 20


async def test_one_key_with_two_bodies_at_a_time_enqueues_one_and_refuses_the_other(api):
    headers = {"Idempotency-Key": "k"}
    bodies = [{"type": "t", "data": number} for number in range(2)]
    calls = [api.post("/queue/enqueue", body, headers=headers) for body in bodies]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*calls))
    assert statuses == [201, 409]


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
async def test_bad_key_is_400(api, key):
    headers = {"Idempotency-Key": key.encode()}
    answer = await api.post("/queue/enqueue", {"type": "t", "data": 1}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_many_at_a_time_all_get_their_own_job(api, jobs):
    ids = await asyncio.gather(*(jobs.add(data=number) for number in range(60)))
    assert len(set(ids)) == 60
    found = await asyncio.gather(*(jobs.get(job_id) for job_id in ids))
    assert [job["data"] for job in found] == list(range(60))


@pytest.mark.parametrize("job_id", ["none", "job_01", "a\0b", "x" * 200, "é"])
async def test_unknown_job_does_not_exist(api, job_id):
    answer = await api.post("/queue/job", {"jobId": job_id})
    assert (answer.status_code, answer.json()) == (200, {"job": None, "exists": False})
    refused = await api.refused(
        "/queue/cancel", {"jobId": job_id}, 404, "VALIDATION_ERROR", "QUEUE_JOB_NOT_FOUND"
    )
    assert refused["message"] == "There is no such job in this project."


async def test_job_of_another_project_does_not_exist(api, jobs):
    job_id = await jobs.add()
    other = await api.other_project()
    assert await other.ask("/queue/job", {"jobId": job_id}) == {"job": None, "exists": False}
    await other.refused("/queue/cancel", {"jobId": job_id}, 404, "VALIDATION_ERROR")
    assert (await other.ask("/queue/jobs"))["jobs"] == []


async def test_job_id_is_required(api):
    for path in ("/queue/job", "/queue/cancel"):
        for body in ({}, {"jobId": ""}, {"jobId": 1}, {"jobId": "x" * 201}):
            refused = await api.refused(path, body, 400, "VALIDATION_ERROR")
            assert "jobId" in refused["details"]["fieldErrors"]


async def test_listing_is_newest_first_in_pages(api, jobs):
    ids = [await jobs.add(data=number) for number in range(7)]
    seen, cursor, pages = [], None, []
    while True:
        body = {"limit": 3} if cursor is None else {"limit": 3, "cursor": cursor}
        page = await api.ask("/queue/jobs", body)
        seen += [job["id"] for job in page["jobs"]]
        pages.append(page)
        if page["list_complete"]:
            break
        cursor = page["cursor"]
        await jobs.add()  # newer ones neither shift nor repeat what comes
    assert seen == ids[::-1]
    assert [len(page["jobs"]) for page in pages] == [3, 3, 1]
    assert "cursor" not in pages[-1]
    assert pages[0]["jobs"][0].keys() == FIELDS


async def test_page_that_ends_exactly_at_the_last_job_is_complete(api, jobs):
    for _ in range(2):
        await jobs.add()
    page = await api.ask("/queue/jobs", {"limit": 2})
    assert (len(page["jobs"]), page["list_complete"]) == (2, True)


async def test_listing_filters_by_type_and_status(api, jobs):
    waiting = await jobs.add("a", delay=100)
    cancelled = await jobs.add("a")
    other = await jobs.add("b")
    await api.ask("/queue/cancel", {"jobId": cancelled})

    async def ids(**body):
        return [job["id"] for job in (await api.ask("/queue/jobs", body))["jobs"]]

    assert await ids(type="a") == [cancelled, waiting]
    assert await ids(type="a\0") == []
    assert await ids(status="queued") == [other, waiting]
    assert await ids(status="cancelled") == [cancelled]
    assert await ids(status="queued", type="b") == [other]
    for status in ("processing", "completed", "failed"):
        assert await ids(status=status) == []
    assert len(await ids()) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"status": "pending"}, "status"),
        ({"type": ""}, "type"),
        ({"cursor": "nonsense!"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "eyJhIjoxfQ"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": "x" * 2000}, "cursor"),
    ],
)
async def test_bad_listing_is_400_with_the_field(api, body, field):
    refused = await api.refused("/queue/jobs", body, 400, "VALIDATION_ERROR")
    assert field in refused["details"]["fieldErrors"]


async def test_page_ends_early_when_its_jobs_are_large(started):
    async with started(queue_page_max_bytes=5_000) as api:
        for number in range(4):
            await api.ask("/queue/enqueue", {"type": "t", "data": f"{number}" * 2_000}, 201)
        first = await api.ask("/queue/jobs")
        assert ([job["data"][0] for job in first["jobs"]], first["list_complete"]) == (
            ["3", "2"],
            False,
        )
        second = await api.ask("/queue/jobs", {"cursor": first["cursor"]})
        assert [job["data"][0] for job in second["jobs"]] == ["1", "0"]
        assert second["list_complete"]


async def test_cancelled_job_is_cancelled_once_and_stays_so(api, jobs):
    job_id = await jobs.add()
    assert await api.ask("/queue/cancel", {"jobId": job_id}) == {"success": True}
    job = await jobs.get(job_id)
    assert (job["status"], job["completedAt"] is not None) == ("cancelled", True)
    assert await api.ask("/queue/cancel", {"jobId": job_id}) == {
        "success": True,
        "note": "The job was cancelled before.",
    }


async def test_cancel_with_a_key_is_answered_the_same_again(api, jobs):
    body, headers = {"jobId": await jobs.add()}, {"Idempotency-Key": "c"}
    first = await api.ask("/queue/cancel", body, headers=headers)
    assert await api.ask("/queue/cancel", body, headers=headers) == first == {"success": True}


async def test_ended_jobs_are_forgotten_after_seven_days_and_waiting_ones_are_not(alone, advance):
    waiting = await alone.ask("/queue/enqueue", {"type": "t", "data": 1}, 201)
    ended = await alone.ask("/queue/enqueue", {"type": "t", "data": 2}, 201)
    await alone.ask("/queue/cancel", {"jobId": ended["jobId"]})
    await advance(7 * 86_400 - 60)
    assert (await alone.ask("/queue/job", {"jobId": ended["jobId"]}))["exists"]
    assert await tidy(alone.runtime.db, 7 * 86_400.0) == 0
    await advance(120)
    assert not (await alone.ask("/queue/job", {"jobId": ended["jobId"]}))["exists"]
    await alone.refused("/queue/cancel", {"jobId": ended["jobId"]}, 404, "VALIDATION_ERROR")
    listed = (await alone.ask("/queue/jobs"))["jobs"]
    assert [job["id"] for job in listed] == [waiting["jobId"]]
    assert await tidy(alone.runtime.db, 7 * 86_400.0) == 1
    rows = await alone.sql("SELECT id FROM work_jobs")
    assert rows == [(waiting["jobId"],)]


async def test_key_needs_the_scope_queue(api):
    public = await api.with_scopes("public")
    answer = await public.ask("/queue/enqueue", {"type": "t", "data": {}}, 201)
    other = await api.with_scopes("cache")
    for path, body in (
        ("/queue/enqueue", {"type": "t", "data": {}}),
        ("/queue/job", {"jobId": answer["jobId"]}),
        ("/queue/jobs", {}),
        ("/queue/cancel", {"jobId": answer["jobId"]}),
    ):
        assert (await other.ask(path, body, 403))["code"] == "FORBIDDEN"
