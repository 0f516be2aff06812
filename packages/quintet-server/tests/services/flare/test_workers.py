"""`/workers`: register, poll, heartbeat, ack (contract §7)."""

from __future__ import annotations

import asyncio

import pytest


async def test_register_is_idempotent_and_optional(api):
    body = {"worker_id": "wrk_host_1_ab", "queues": ["a", "b"], "job_types": ["t"]}
    for _ in range(2):
        answer = await api.post("/workers/register", {**body, "hostname": "h", "sdk_version": "1"})
        assert (answer.status_code, answer.json()) == (200, {"status": "registered"})
    rows = await api.sql(
        "SELECT queues, job_types, hostname, online FROM flare_workers WHERE project_id = %s",
        api.project_id,
    )
    assert rows == [(["a", "b"], ["t"], "h", True)]
    await api.create()
    assert len(await api.poll("never-registered")) == 1


async def test_register_without_job_types_in_the_list_is_fine(api):
    answer = await api.post(
        "/workers/register", {"worker_id": "w", "queues": ["default"], "job_types": []}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("worker_id", None),
        ("worker_id", ""),
        ("worker_id", "w" * 201),
        ("worker_id", "a.b"),
        ("worker_id", "a b"),
        ("worker_id", "a\x00"),
        ("worker_id", 1),
        ("queues", None),
        ("queues", []),
        ("queues", "default"),
        ("queues", [1]),
        ("queues", ["q" * 101]),
        ("queues", ["a\x00"]),
        ("queues", ["q"] * 201),
        ("job_types", None),
        ("job_types", [""]),
        ("job_types", {"a": 1}),
        ("hostname", 3),
        ("recurring_schedules", {}),
        ("recurring_schedules", [{}]),
        ("recurring_schedules", ["x"]),
    ],
)
async def test_register_with_a_bad_field_is_refused_by_name(api, field, value):
    body = {"worker_id": "w", "queues": ["default"], "job_types": ["t"], field: value}
    answer = await api.post("/workers/register", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"].startswith(field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("worker_id", None),
        ("worker_id", "ä"),
        ("queues", []),
        ("queues", None),
        ("capacity", 0),
        ("capacity", 51),
        ("capacity", -1),
        ("capacity", True),
        ("capacity", "5"),
        ("capacity", 10**40),
        ("job_types", "t"),
        ("job_types", [1]),
        ("wait_seconds", "0"),
        ("wait_seconds", True),
    ],
)
async def test_poll_with_a_bad_field_is_refused_and_claims_nothing(api, field, value):
    job = await api.create()
    answer = await api.post(
        "/workers/poll", {"worker_id": "w", "queues": ["default"], field: value}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert (await api.job(job["id"]))["attempt"] == 0


async def test_a_poll_item_has_what_a_worker_needs(api):
    job = await api.create(payload={"a": 1}, tags={"env": "dev"}, max_attempts=4, timeout_seconds=9)
    [item] = await api.poll()
    assert item == {
        "id": job["id"],
        "job_type": "t",
        "payload": {"a": 1},
        "attempt": 1,
        "max_attempts": 4,
        "timeout_seconds": 9,
        "enqueued_at": job["created_at"],
        "queue": "default",
        "tags": {"env": "dev"},
        "parent_job_id": None,
    }
    claimed = await api.job(job["id"])
    assert (claimed["state"], claimed["attempt"], claimed["worker_id"]) == ("processing", 1, "w1")
    assert claimed["started_at"] is not None
    assert claimed["completed_at"] is None


async def test_jobs_come_oldest_first_across_the_listed_queues(api):
    ids = [(await api.create(queue=queue))["id"] for queue in ("b", "a", "b", "c")]
    found = await api.poll(queues=["a", "b"], capacity=50)
    assert [item["id"] for item in found] == ids[:3]


async def test_capacity_bounds_a_poll_and_defaults_to_one(api):
    for _ in range(4):
        await api.create()
    assert len(await api.poll()) == 1
    assert len(await api.poll(capacity=2)) == 2
    assert len(await api.poll(capacity=50)) == 1
    assert await api.poll() == []


async def test_job_types_narrow_a_poll(api):
    await api.create("a")
    b = await api.create("b")
    assert [item["id"] for item in await api.poll(job_types=["b", "x"], capacity=5)] == [b["id"]]
    assert len(await api.poll(job_types=[], capacity=5)) == 1


async def test_blank_queue_names_are_trimmed_like_those_of_jobs(api):
    await api.create(queue=" q ")
    assert len(await api.poll(queues=["q"])) == 1
    await api.create()
    assert len(await api.poll(queues=[""])) == 1


async def test_no_job_is_given_twice(api):
    ids = {(await api.create())["id"] for _ in range(30)}
    polls = [api.poll(f"w{n}", capacity=4) for n in range(10)]
    found = [item["id"] for items in await asyncio.gather(*polls) for item in items]
    assert len(found) == len(set(found)) == 30
    assert set(found) == ids


async def test_a_held_poll_is_woken_by_an_enqueue(api):
    waiting = asyncio.create_task(api.poll(wait_seconds=20))
    await api.eventually("SELECT 1 FROM flare_workers WHERE project_id = %s", api.project_id)
    job = await api.create()
    [item] = await waiting
    assert item["id"] == job["id"]


async def test_a_held_poll_is_woken_when_a_job_falls_due(alone, advance):
    await alone.create(run_at="2999-01-01T00:00:00Z")
    await alone.sql("UPDATE work_jobs SET due_at = quintet_now() + interval '1 hour'")
    waiting = asyncio.create_task(alone.poll(wait_seconds=20))
    await alone.eventually("SELECT 1 FROM flare_workers")
    await advance(3601)
    assert len(await waiting) == 1


@pytest.mark.parametrize("wait", [0, -3, 0.001])
async def test_a_poll_with_nothing_to_do_answers_empty(api, wait):
    answer = await api.post(
        "/workers/poll", {"worker_id": "w", "queues": ["none"], "wait_seconds": wait}
    )
    assert (answer.status_code, answer.json()) == (200, {"jobs": []})


async def test_wait_seconds_cannot_lengthen_the_hold(started):
    async with started(poll_hold_seconds=0.01) as api:
        assert await api.poll(wait_seconds=1e300) == []
        body = {"worker_id": "w", "queues": ["default"]}
        assert (await api.post("/workers/poll", body)).json() == {"jobs": []}


async def test_a_worker_that_hangs_up_while_waiting_claims_nothing(wire):
    waiting = asyncio.create_task(wire.poll("leaver", wait_seconds=25))
    await wire.eventually("SELECT 1 FROM flare_workers WHERE project_id = %s", wire.project_id)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    # The server learns of it from the socket; a poll that came later is served after that.
    job = await wire.create()
    items = await wire.poll("stayer", wait_seconds=20)
    assert [item["id"] for item in items] == [job["id"]]
    assert items[0]["attempt"] == 1


async def test_progress_is_monotonic_clamped_and_visible(api):
    job_id = await api.running()
    for sent, stored in [
        (None, None),
        (0.25, 0.25),
        (0.1, 0.25),
        (0, 0.25),
        (-4, 0.25),
        (0.5, 0.5),
        (1e300, 1.0),
        (0.7, 1.0),
    ]:
        answer = await api.beat(job_id, progress=sent)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        job = await api.job(job_id)
        assert job["progress"] == stored
        assert job["last_heartbeat_at"] is not None


async def test_progress_starts_over_with_each_attempt(alone, advance):
    job_id = await alone.running()
    await alone.beat(job_id, progress=0.9)
    await alone.ack(job_id, "failed")
    await advance(3600)
    assert (await alone.poll())[0]["attempt"] == 2
    assert (await alone.job(job_id))["progress"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_id", None),
        ("job_id", 4),
        ("worker_id", None),
        ("worker_id", "a/b"),
        ("progress", "0.5"),
        ("progress", True),
        ("progress", []),
        ("attempt", 0),
        ("attempt", 2**40),
        ("attempt", True),
    ],
)
async def test_heartbeat_with_a_bad_field_is_refused(api, field, value):
    body = {"job_id": "job_x", "worker_id": "w", field: value}
    answer = await api.post("/workers/heartbeat", body)
    if field in {"attempt", "progress"} or field != "job_id" or value is not None:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("job_id", ["job_x", "", "a\x00b", "x" * 5000, "🦆"])
@pytest.mark.parametrize("path", ["/workers/heartbeat", "/workers/ack"])
async def test_reports_about_an_unknown_job_are_404_and_do_not_disturb_others(api, path, job_id):
    mine = await api.running()
    bad = api.post(path, {"job_id": job_id, "worker_id": "w1", "status": "succeeded"})
    answer, good = await asyncio.gather(bad, api.beat(mine))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")
    assert good.json() == {"status": "ok"}


@pytest.mark.parametrize("state", ["pending", "scheduled", "succeeded", "cancelled", "dead_letter"])
async def test_reports_about_a_job_that_is_not_running_are_409(api, state):
    job_id = await api.in_state(state)
    answer = await api.beat(job_id, worker="w9")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")
    answer = await api.ack(job_id, "failed", worker="w9")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")


async def test_reports_of_another_worker_are_409(api):
    job_id = await api.running(worker="w1")
    for answer in (await api.beat(job_id, worker="w2"), await api.ack(job_id, worker="w2")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "worker_mismatch")
    assert (await api.job(job_id))["state"] == "processing"


async def test_reports_of_an_earlier_attempt_are_409(api):
    job_id = await api.running()
    for answer in (await api.beat(job_id, attempt=2), await api.ack(job_id, attempt=2)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")
    assert (await api.ack(job_id, attempt=1)).status_code == 200


async def test_a_job_past_its_timeout_is_told_to_stop(alone, advance):
    job_id = await alone.running(timeout_seconds=100)
    await advance(50)
    assert (await alone.beat(job_id)).json() == {"status": "ok"}
    await advance(51)
    assert (await alone.beat(job_id)).json() == {"status": "cancel"}


async def test_ack_succeeded_ends_the_job(api):
    job_id = await api.running()
    answer = await api.ack(job_id, duration_ms=1234)
    assert (answer.status_code, answer.json()) == (200, {"action": "done", "children_activated": 0})
    job = await api.job(job_id)
    assert (job["state"], job["duration_ms"], job["error"]) == ("succeeded", 1234, None)


async def test_ack_failed_waits_one_minute_and_keeps_the_error(api):
    job_id = await api.running(max_attempts=2)
    error = {"type": "ValueError", "message": "no", "stack_trace": "line 1\nline 2"}
    answer = (await api.ack(job_id, "failed", error=error)).json()
    assert answer["action"] == "retry"
    job = await api.job(job_id)
    assert (job["state"], job["attempt"], job["run_at"]) == ("pending", 1, answer["retry_at"])
    assert (job["error"], job["error_message"]) == (error, "no")
    [[wait]] = await api.sql(
        "SELECT extract(epoch FROM due_at - started.at)::float8 FROM work_jobs, "
        "(SELECT max(created_at) AS at FROM events WHERE stream = %s) started WHERE id = %s",
        job_id,
        job_id,
    )
    assert 60 <= wait <= 63.1
    assert await api.poll() == []


async def test_the_last_failed_attempt_is_a_dead_letter(api):
    job_id = await api.running(max_attempts=1)
    assert (await api.ack(job_id, "failed")).json() == {"action": "done"}
    job = await api.job(job_id)
    assert job["state"] == "dead_letter"
    assert job["completed_at"] is not None


async def test_a_failure_that_is_not_retryable_fails_for_good(api):
    job_id = await api.running(max_attempts=5)
    answer = await api.ack(job_id, "failed", error={"type": "Bad", "retryable": False})
    assert answer.json() == {"action": "done"}
    assert (await api.job(job_id))["state"] == "failed"


async def test_ack_cancelled_cancels(api):
    job_id = await api.running()
    assert (await api.ack(job_id, "cancelled")).json() == {"action": "done"}
    assert (await api.job(job_id))["state"] == "cancelled"


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
async def test_repeating_the_accepted_ack_gets_the_same_answer(api, status):
    job_id = await api.running()
    first = await api.ack(job_id, status)
    before = await api.job(job_id)
    again = await api.ack(job_id, status)
    assert (again.status_code, again.json()) == (200, first.json())
    assert await api.job(job_id) == before
    other = "failed" if status != "failed" else "succeeded"
    assert (await api.ack(job_id, other)).json()["error"]["code"] == "invalid_state"


async def test_an_ack_after_the_next_claim_is_refused(alone, advance):
    job_id = await alone.running(worker="w1")
    await alone.ack(job_id, "failed", worker="w1")
    await advance(3600)
    assert len(await alone.poll("w2")) == 1
    answer = await alone.ack(job_id, "failed", worker="w1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "worker_mismatch")


async def test_ack_released_hands_the_job_back_with_its_attempt(api):
    job_id = await api.running(max_attempts=1)
    assert (await api.ack(job_id, "released")).json() == {"action": "retry"}
    job = await api.job(job_id)
    assert (job["state"], job["attempt"], job["started_at"]) == ("pending", 0, None)
    [item] = await api.poll("w2")
    assert (item["id"], item["attempt"]) == (job_id, 1)
    answer = await api.ack(job_id, "released", worker="w1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "worker_mismatch")
    answer = await api.ack(job_id, "released", worker="w2", attempt=7)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")


async def test_releasing_a_job_that_is_not_running_is_refused(api):
    job = await api.create()
    answer = await api.ack(job["id"], "released")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")
    answer = await api.ack("job_nobody", "released")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")


async def test_releasing_a_job_whose_cancel_was_asked_for_ends_it(api):
    job_id = await api.running()
    await api.post(f"/jobs/{job_id}/cancel")
    assert (await api.ack(job_id, "released")).json() == {"action": "done"}
    assert (await api.job(job_id))["state"] == "cancelled"


async def test_long_errors_are_cut_not_refused(api):
    job_id = await api.running()
    error = {"type": "T" * 900, "message": "m" * 9000, "stack_trace": "ü" * 40_000}
    assert (await api.ack(job_id, "failed", error=error)).status_code == 200
    stored = (await api.job(job_id))["error"]
    assert len(stored["type"]) == 500
    assert len(stored["message"]) == 4000
    assert len(stored["stack_trace"].encode()) == 32 * 1024


async def test_nul_characters_in_an_error_are_replaced(api):
    job_id = await api.running()
    await api.ack(job_id, "failed", error={"message": "a\x00b", "type": "\x00"})
    assert (await api.job(job_id))["error_message"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", None),
        ("status", "done"),
        ("status", 1),
        ("job_id", 1),
        ("worker_id", ""),
        ("duration_ms", -1),
        ("duration_ms", True),
        ("duration_ms", 1.5),
        ("duration_ms", 10**30),
        ("attempt", -1),
        ("error", "boom"),
        ("error", {"message": 3}),
        ("error", {"retryable": "no"}),
    ],
)
async def test_ack_with_a_bad_field_is_refused_and_changes_nothing(api, field, value):
    job_id = await api.running()
    body = {"job_id": job_id, "worker_id": "w1", "status": "failed", field: value}
    answer = await api.post("/workers/ack", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"].startswith(field)
    assert (await api.job(job_id))["state"] == "processing"


async def test_an_expired_lease_counts_as_a_failed_attempt(alone, advance):
    job_id = await alone.running(max_attempts=2, timeout_seconds=600)
    await advance(301)
    await alone.eventually("SELECT 1 FROM work_jobs WHERE state = 'pending' AND attempt = 1")
    job = await alone.job(job_id)
    assert job["error"]["type"] == "LeaseExpired"
    stale = await alone.beat(job_id)
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "invalid_state")


async def test_keyed_reports_are_replayed(api):
    job_id = await api.running()
    headers = {"Idempotency-Key": "ack-1"}
    body = {"job_id": job_id, "worker_id": "w1", "status": "succeeded"}
    first = await api.post("/workers/ack", body, headers=headers)
    assert "idempotent-replay" not in first.headers
    again = await api.post("/workers/ack", body, headers=headers)
    assert again.headers["idempotent-replay"] == "true"
    assert again.content == first.content


async def test_a_keyed_poll_is_answered_at_once_and_replayed(api):
    job = await api.create()
    body = {"worker_id": "w1", "queues": ["default"]}
    first = await api.post("/workers/poll", body, headers={"Idempotency-Key": "poll-1"})
    assert [item["id"] for item in first.json()["jobs"]] == [job["id"]]
    again = await api.post("/workers/poll", body, headers={"Idempotency-Key": "poll-1"})
    assert (again.headers["idempotent-replay"], again.content) == ("true", first.content)
    empty = await api.post("/workers/poll", body, headers={"Idempotency-Key": "poll-2"})
    assert empty.json() == {"jobs": []}


async def test_a_crowd_of_keyed_reports_does_not_run_out_of_connections(api):
    for _ in range(40):
        await api.create()
    items = await api.poll(capacity=40)
    answers = await asyncio.gather(
        *(
            api.post(
                "/workers/ack",
                {"job_id": item["id"], "worker_id": "w1", "status": "succeeded"},
                headers={"Idempotency-Key": item["id"]},
            )
            for item in items
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 40
