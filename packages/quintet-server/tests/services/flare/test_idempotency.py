"""Idempotency keys (contract §3)."""

from __future__ import annotations

import asyncio

import pytest


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


async def listed(api) -> int:
    return len((await api.get("/jobs")).json()["jobs"])


async def test_the_same_request_is_answered_byte_for_byte_and_done_once(api):
    body = {"job_type": "t", "payload": {"a": 1, "b": [1, 2]}}
    first = await api.post("/jobs", body, headers=key("k1"))
    assert first.status_code == 201
    assert "idempotent-replay" not in first.headers
    again = await api.post("/jobs", body, headers=key("k1"))
    assert again.status_code == 201
    assert again.content == first.content
    assert again.headers["idempotent-replay"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await listed(api) == 1


async def test_the_same_json_spelled_differently_is_the_same_request(api):
    spellings = (
        b'{"job_type":"t","payload":{"a":1,"b":2}}',
        b'{ "payload": {"b": 2, "a": 1},\n "job_type": "\\u0074" }',
    )
    answers = [
        await api.call("POST", "/jobs", content=text, headers=key("k2")) for text in spellings
    ]
    assert answers[1].headers["idempotent-replay"] == "true"
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    "other",
    [
        b'{"job_type":"u"}',
        b'{"job_type":"t","payload":null}',
        b'{"job_type":"t","max_attempts":3}',
    ],
)
async def test_another_body_under_the_key_is_409(api, other):
    await api.call("POST", "/jobs", content=b'{"job_type":"t"}', headers=key("k3"))
    answer = await api.call("POST", "/jobs", content=other, headers=key("k3"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_reuse")
    assert "x-quota-limit" in answer.headers
    assert await listed(api) == 1


async def test_numbers_that_differ_beyond_64_bits_are_different_requests(api):
    text = b'{"job_type":"t","payload":1234567890123456789012345%d}'
    await api.call("POST", "/jobs", content=text % 1, headers=key("k4"))
    answer = await api.call("POST", "/jobs", content=text % 2, headers=key("k4"))
    assert answer.json()["error"]["code"] == "idempotency_key_reuse"


async def test_another_path_under_the_key_is_409(api):
    job = await api.create()
    await api.post(f"/jobs/{job['id']}/cancel", headers=key("k5"))
    other = await api.create()
    answer = await api.post(f"/jobs/{other['id']}/cancel", headers=key("k5"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_reuse")


async def test_keys_of_two_projects_have_nothing_to_do_with_each_other(api):
    other = await api.other_project()
    async with other.http:
        first = await api.post("/jobs", {"job_type": "t"}, headers=key("k6"))
        second = await other.post("/jobs", {"job_type": "t"}, headers=key("k6"))
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


async def test_the_body_field_means_the_same_as_the_header(api):
    first = await api.post("/jobs", {"job_type": "t", "idempotency_key": "k7"})
    again = await api.post("/jobs", {"job_type": "t", "idempotency_key": "k7"})
    assert (again.headers["idempotent-replay"], again.content) == ("true", first.content)
    by_header = await api.post("/jobs", {"job_type": "t"}, headers=key("k7"))
    assert by_header.content == first.content


async def test_the_header_wins_over_the_body_field(api):
    body = {"job_type": "t", "idempotency_key": "in-the-body"}
    await api.post("/jobs", body, headers=key("k8"))
    answer = await api.post("/jobs", {"job_type": "t", "idempotency_key": "in-the-body"})
    assert "idempotent-replay" not in answer.headers
    assert await listed(api) == 2


async def test_refusals_are_not_stored(api):
    parent = await api.create()
    body = {"job_type": "t", "parent_job_id": parent["id"]}
    await api.post(f"/jobs/{parent['id']}/cancel")
    answer = await api.post("/jobs", body, headers=key("k9"))
    assert answer.status_code == 409
    answer = await api.post("/jobs", {"job_type": "t"}, headers=key("k9"))
    assert answer.status_code == 201


async def test_cancel_and_retry_are_replayed(api):
    job_id = await api.in_state("dead_letter")
    first = await api.post(f"/jobs/{job_id}/retry", headers=key("k10"))
    again = await api.post(f"/jobs/{job_id}/retry", headers=key("k10"))
    assert (again.status_code, again.content) == (200, first.content)
    assert (await api.post(f"/jobs/{job_id}/retry")).status_code == 409
    first = await api.post(f"/jobs/{job_id}/cancel", headers=key("k11"))
    again = await api.post(f"/jobs/{job_id}/cancel", headers=key("k11"))
    assert (again.headers["idempotent-replay"], again.content) == ("true", first.content)


async def test_a_requested_cancel_replays_its_202(api):
    job_id = await api.running()
    for _ in range(2):
        answer = await api.post(f"/jobs/{job_id}/cancel", headers=key("k12"))
        assert answer.status_code == 202


async def test_concurrent_duplicates_make_one_job(api):
    answers = await asyncio.gather(
        *(api.post("/jobs", {"job_type": "t"}, headers=key("k13")) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replay" not in answer.headers for answer in answers) == 1
    assert await listed(api) == 1


async def test_a_duplicate_of_a_request_that_hangs_is_told_to_come_back(started):
    async with started() as api:
        api.runtime.idempotency._wait = 0.05
        body = {"job_type": "t"}
        async with api.runtime.db.transaction() as conn:
            # The counterpart: another process holds the key in an open transaction.
            await conn.execute(
                "INSERT INTO idempotency (project_id, key, fingerprint) VALUES (%s, 'k14', '')",
                (api.project_id,),
            )
            hanging = asyncio.create_task(api.post("/jobs", body, headers=key("k14")))
            # By itself: the transaction that it shared has given up.
            await api.eventually(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND query LIKE '%%INTO idempotency AS i (project_id, key, fingerprint) VALUES%%' "
                "AND datname = current_database()"
            )
            answer = await api.post("/jobs", body, headers=key("k14"))
            assert answer.status_code == 409
            assert answer.json()["error"]["code"] == "idempotency_in_progress"
            assert answer.headers["retry-after"] == "1"
            await conn.execute("DELETE FROM idempotency WHERE key = 'k14'")
        assert (await hanging).status_code == 201


async def test_a_key_is_forgotten_a_day_after_completion(alone, advance):
    first = await alone.post("/jobs", {"job_type": "t"}, headers=key("k15"))
    await advance(80_000)
    again = await alone.post("/jobs", {"job_type": "t"}, headers=key("k15"))
    assert again.content == first.content
    await advance(6_401)
    fresh = await alone.post("/jobs", {"job_type": "other"}, headers=key("k15"))
    assert fresh.status_code == 201
    assert "idempotent-replay" not in fresh.headers


async def test_a_replay_takes_nothing_from_the_quota(started):
    async with started(jobs_per_day=5) as api:
        first = await api.post("/jobs", {"job_type": "t"}, headers=key("k16"))
        again = await api.post("/jobs", {"job_type": "t"}, headers=key("k16"))
        assert (first.headers["x-quota-used"], again.headers["x-quota-used"]) == ("1", "1")


async def test_a_replay_counts_against_the_rate_limit(started):
    async with started(requests_per_hour=10) as api:
        answers = [await api.post("/jobs", {"job_type": "t"}, headers=key("k17")) for _ in range(2)]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["9", "8"]


@pytest.mark.parametrize("endpoint", ["/jobs", "/webhooks", "/recurring/deep"])
async def test_a_body_too_deep_to_compare_is_400(api, endpoint):
    # A number beyond 64 bits is what calls for the slower parser, which gives up sooner.
    body = b'{"job_type":"t","n":12345678901234567890,"deep":%s%s}' % (b"[" * 1000, b"]" * 1000)
    method = "PUT" if "recurring" in endpoint else "POST"
    answer = await api.call(method, endpoint, content=body, headers=key("k18"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"] == "body"


async def test_duplicates_of_a_poll_claim_once(api):
    for _ in range(10):
        await api.create()
    body = {"worker_id": "w1", "queues": ["default"], "capacity": 2}
    answers = await asyncio.gather(
        *(api.post("/workers/poll", body, headers=key("k19")) for _ in range(6))
    )
    assert len({answer.content for answer in answers}) == 1
    assert len((await api.get("/jobs?state=processing")).json()["jobs"]) == 2


async def test_another_request_under_the_key_of_a_poll_claims_nothing(api):
    for _ in range(10):
        await api.create()
    answers = await asyncio.gather(
        *(
            api.post(
                "/workers/poll",
                {"worker_id": "w1", "queues": ["default"], "capacity": capacity},
                headers=key("k20"),
            )
            for capacity in (1, 2, 3, 4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    [taken] = [answer.json()["jobs"] for answer in answers if answer.status_code == 200]
    claimed = (await api.get("/jobs?state=processing")).json()["jobs"]
    assert {job["id"] for job in claimed} == {item["id"] for item in taken}


async def test_a_poll_hands_back_what_another_process_answered_for(api, monkeypatch):
    job = await api.create()
    queue = api.runtime.queue
    claim = queue.claim_wait

    async def overtaken(*names, **values):
        found = await claim(*names, **values)
        # The counterpart: the same request, answered by another process in this very moment.
        await api.sql(
            "INSERT INTO idempotency (project_id, key, fingerprint, status, headers, body, "
            "completed_at) VALUES (%s, 'k21', 'x', 200, '[]', '{}', quintet_now())",
            api.project_id,
        )
        return found

    monkeypatch.setattr(
        type(queue), "claim_wait", lambda _, *names, **values: overtaken(*names, **values)
    )
    body = {"worker_id": "w1", "queues": ["default"]}
    answer = await api.post("/workers/poll", body, headers=key("k21"))
    assert answer.status_code == 409
    seen = await api.job(job["id"])
    assert (seen["state"], seen["attempt"]) == ("pending", 0)


async def test_another_report_under_the_key_of_an_ack_has_no_effect(api):
    jobs = [await api.running() for _ in range(4)]
    answers = await asyncio.gather(
        *(
            api.post(
                "/workers/ack",
                {"job_id": job, "worker_id": "w1", "status": "succeeded"},
                headers=key("k22"),
            )
            for job in jobs
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    states = [(await api.job(job))["state"] for job in jobs]
    assert sorted(states) == ["processing"] * 3 + ["succeeded"]
