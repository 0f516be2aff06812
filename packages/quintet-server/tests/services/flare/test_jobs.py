"""`/jobs`: enqueue, look up, cancel, retry, continuations (contract §5, §6, §8)."""

from __future__ import annotations

import json

import pytest

DEFAULTS = {
    "state": "pending",
    "queue": "default",
    "payload": {},
    "run_at": None,
    "started_at": None,
    "completed_at": None,
    "attempt": 0,
    "max_attempts": 3,
    "timeout_seconds": 1800,
    "progress": None,
    "error": None,
    "error_message": None,
    "tags": None,
    "parent_job_id": None,
    "recurring_job_id": None,
    "worker_id": None,
    "duration_ms": None,
    "last_heartbeat_at": None,
    "cancel_requested_at": None,
}


async def test_create_with_only_a_type_gets_every_default(api):
    answer = await api.post("/jobs", {"job_type": "email.send"})
    assert answer.status_code == 201
    job = answer.json()
    assert answer.headers["location"] == f"/flare/v1/jobs/{job['id']}"
    assert answer.headers["content-type"] == "application/json"
    assert job["id"].startswith("job_")
    assert len(job["id"]) == 30
    assert {name: job[name] for name in DEFAULTS} == DEFAULTS
    assert job["created_at"].endswith("Z")
    assert set(job) == {*DEFAULTS, "id", "job_type", "created_at"}


async def test_create_with_every_field_keeps_every_field(api):
    job = await api.create(
        "email.send",
        payload={"to": "u@example.com", "n": [1, 2.5, None]},
        queue="  email  ",
        run_at="2999-01-31T12:00:00.1234567+02:00",
        max_attempts=5,
        timeout_seconds=60,
        tags={"env": "dev"},
    )
    assert job["payload"] == {"to": "u@example.com", "n": [1, 2.5, None]}
    assert job["queue"] == "email"
    assert job["run_at"] == "2999-01-31T10:00:00.123456Z"
    assert job["state"] == "scheduled"
    assert (job["max_attempts"], job["timeout_seconds"], job["tags"]) == (5, 60, {"env": "dev"})
    assert await api.job(job["id"]) == job


@pytest.mark.parametrize("queue", ["", "   ", None])
async def test_create_with_a_blank_queue_uses_the_default_one(api, queue):
    assert (await api.create(queue=queue))["queue"] == "default"


async def test_queue_names_are_not_folded(api):
    assert (await api.create(queue="Email"))["queue"] == "Email"


async def test_null_fields_count_as_absent(api):
    nothing = dict.fromkeys(
        ["queue", "run_at", "max_attempts", "timeout_seconds", "tags", "parent_job_id"]
    )
    job = await api.create(idempotency_key=None, **nothing)
    assert {name: job[name] for name in DEFAULTS} == DEFAULTS


async def test_unknown_fields_are_ignored(api):
    job = await api.create(priority=7, id="job_mine", state="succeeded")
    assert job["state"] == "pending"
    assert job["id"] != "job_mine"


@pytest.mark.parametrize("run_at", ["2001-01-01T00:00:00Z", "2001-01-01T00:00:00", "2001-01-01"])
async def test_a_past_run_at_means_now(api, run_at):
    job = await api.create(run_at=run_at)
    assert job["state"] == "pending"
    assert [item["id"] for item in await api.poll()] == [job["id"]]


@pytest.mark.parametrize(
    "payload",
    [
        b'"text"',
        b"[]",
        b"null",
        b"17",
        b"true",
        b'{"n":123456789012345678901234567890}',
        b'{"nul":"a\\u0000b"}',
        '{"emoji":"🦆","grüße":"ß"}'.encode(),
        b'{"a":1e300,"b":-0.5}',
    ],
)
async def test_any_json_is_a_payload_and_comes_back_exactly(api, payload):
    body = b'{"job_type":"t","payload":' + payload + b"}"
    answer = await api.call("POST", "/jobs", content=body)
    assert answer.status_code == 201
    assert answer.json()["payload"] == json.loads(payload)
    [item] = await api.poll()
    assert item["payload"] == json.loads(payload)
    assert type(item["payload"]) is type(json.loads(payload))


async def test_payload_of_exactly_the_limit_is_accepted_one_more_is_413(started):
    async with started(payload_max_bytes=1000) as api:
        fits = "x" * 998
        assert (await api.post("/jobs", {"job_type": "t", "payload": fits})).status_code == 201
        answer = await api.post("/jobs", {"job_type": "t", "payload": fits + "x"})
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "payload_too_large"
        assert answer.headers["x-quota-used"] == "1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_type", None),
        ("job_type", ""),
        ("job_type", "x" * 501),
        ("job_type", 7),
        ("job_type", "a\x00b"),
        ("queue", "q" * 101),
        ("queue", 1),
        ("queue", "a\x00"),
        ("run_at", "soon"),
        ("run_at", 1700000000),
        ("run_at", "2030-13-01T00:00:00Z"),
        ("run_at", "9999-12-31T23:59:59-23:59"),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("max_attempts", True),
        ("max_attempts", "3"),
        ("max_attempts", 2.5),
        ("max_attempts", 10**30),
        ("timeout_seconds", 0),
        ("timeout_seconds", 86_401),
        ("timeout_seconds", False),
        ("tags", ["a"]),
        ("tags", {"a": 1}),
        ("tags", {"a": None}),
        ("tags", {"": "x"}),
        ("tags", {"k" * 101: "v"}),
        ("tags", {"k": "v" * 501}),
        ("tags", {"k": "\x00"}),
        ("tags", {str(n): "v" for n in range(51)}),
        ("parent_job_id", "p" * 37),
        ("parent_job_id", ""),
        ("parent_job_id", 5),
        ("idempotency_key", 5),
        ("idempotency_key", "k" * 201),
        ("idempotency_key", "schlüssel"),
    ],
)
async def test_create_with_a_bad_field_is_refused_by_name_and_writes_nothing(api, field, value):
    body = {"job_type": "t", field: value}
    answer = await api.post("/jobs", body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert error["request_id"] == answer.headers["x-request-id"]
    if field != "idempotency_key" or value == 5:
        assert error["details"][0]["field"].startswith(field)
    assert (await api.get("/jobs")).json()["jobs"] == []


async def test_limits_are_inclusive(api):
    job = await api.create(
        "x" * 500,
        queue="q" * 100,
        max_attempts=100,
        timeout_seconds=86_400,
        tags={"k" * 100: "v" * 500, **{str(n): "" for n in range(49)}},
    )
    assert len(job["job_type"]) == 500
    assert len(job["tags"]) == 50


async def test_several_bad_fields_are_all_named(api):
    answer = await api.post("/jobs", {"max_attempts": True, "tags": 3})
    fields = {detail["field"] for detail in answer.json()["error"]["details"]}
    assert fields == {"job_type", "max_attempts", "tags"}


async def test_a_payload_nested_too_deeply_is_400(api):
    deep = b"[" * 600 + b"]" * 600
    answer = await api.call("POST", "/jobs", content=b'{"job_type":"t","payload":' + deep + b"}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("job_id", ["job_unknown", "..%2f", "%00", "x" * 3000, "jöb"])
@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("GET", "/events")]
)
async def test_an_unknown_job_is_404(api, method, tail, job_id):
    answer = await api.call(method, f"/jobs/{job_id}{tail}")
    assert answer.status_code == 404
    if job_id != "..%2f":
        assert answer.json()["error"]["code"] == "job_not_found"


async def test_a_job_of_another_project_is_404_everywhere(api):
    job_id = await api.running()
    other = await api.other_project()
    async with other.http:
        for method, tail in (
            ("GET", ""),
            ("POST", "/cancel"),
            ("POST", "/retry"),
            ("GET", "/events"),
        ):
            answer = await other.call(method, f"/jobs/{job_id}{tail}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")
        assert (await other.beat(job_id)).json()["error"]["code"] == "job_not_found"
        assert (await other.ack(job_id)).json()["error"]["code"] == "job_not_found"
        child = await other.post("/jobs", {"job_type": "t", "parent_job_id": job_id})
        assert (child.status_code, child.json()["error"]["code"]) == (404, "job_not_found")
        assert (await other.get("/jobs")).json()["jobs"] == []
        assert await other.poll() == []
    assert (await api.job(job_id))["state"] == "processing"


@pytest.mark.parametrize("state", ["pending", "scheduled"])
async def test_cancel_of_a_waiting_job_is_200_and_final(api, state):
    job_id = await api.in_state(state)
    answer = await api.post(f"/jobs/{job_id}/cancel")
    assert answer.status_code == 200
    job = answer.json()
    assert job["state"] == "cancelled"
    assert job["completed_at"] is not None
    assert job["started_at"] is None
    assert job["payload"] == {}
    assert await api.poll() == []


async def test_cancel_of_a_running_job_is_202_and_told_at_the_next_beat(api):
    job_id = await api.running()
    assert (await api.beat(job_id)).json() == {"status": "ok"}
    for _ in range(2):  # asking again changes nothing
        answer = await api.post(f"/jobs/{job_id}/cancel")
        assert answer.status_code == 202
        assert answer.json()["state"] == "processing"
        assert answer.json()["cancel_requested_at"] is not None
    assert (await api.beat(job_id)).json() == {"status": "cancel"}
    assert (await api.ack(job_id, "failed")).json()["action"] == "done"
    job = await api.job(job_id)
    assert job["state"] == "cancelled"
    assert job["completed_at"] is not None


async def test_a_job_that_succeeds_despite_a_cancel_request_has_succeeded(api):
    job_id = await api.running()
    await api.post(f"/jobs/{job_id}/cancel")
    assert (await api.ack(job_id)).json()["action"] == "done"
    assert (await api.job(job_id))["state"] == "succeeded"


async def test_cancel_of_running_jobs_can_be_switched_off(started):
    async with started(cancel_processing=False) as api:
        job_id = await api.running()
        answer = await api.post(f"/jobs/{job_id}/cancel")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")
        assert (await api.job(job_id))["cancel_requested_at"] is None
        assert (await api.beat(job_id)).json() == {"status": "ok"}


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "dead_letter"])
async def test_cancel_of_an_ended_job_is_409(api, state):
    job_id = await api.in_state(state)
    before = await api.job(job_id)
    answer = await api.post(f"/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")
    assert await api.job(job_id) == before


@pytest.mark.parametrize("state", ["failed", "dead_letter"])
async def test_retry_of_a_failed_job_starts_it_over(api, state):
    job_id = await api.in_state(state)
    answer = await api.post(f"/jobs/{job_id}/retry")
    assert answer.status_code == 200
    job = answer.json()
    assert job["state"] == "pending"
    assert (job["attempt"], job["run_at"], job["completed_at"], job["progress"]) == (
        0,
        None,
        None,
        None,
    )
    assert job["error_message"] == "it broke"
    assert job["error"] == {"type": "Boom", "message": "it broke", "stack_trace": None}
    [item] = await api.poll()
    assert (item["id"], item["attempt"]) == (job_id, 1)
    await api.ack(job_id)
    assert (await api.job(job_id))["error"] is None


@pytest.mark.parametrize("state", ["pending", "scheduled", "succeeded", "cancelled"])
async def test_retry_of_any_other_job_is_409(api, state):
    job_id = await api.in_state(state)
    answer = await api.post(f"/jobs/{job_id}/retry")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")


async def test_retry_of_a_running_job_is_409(api):
    answer = await api.post(f"/jobs/{await api.running()}/retry")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_state")


@pytest.mark.parametrize(
    ("state", "has_started", "has_completed"),
    [
        ("pending", False, False),
        ("scheduled", False, False),
        ("succeeded", True, True),
        ("failed", True, True),
        ("dead_letter", True, True),
        ("cancelled", False, True),
    ],
)
async def test_the_timing_matrix_holds(api, state, has_started, has_completed):
    job = await api.job(await api.in_state(state))
    assert (job["started_at"] is not None, job["completed_at"] is not None) == (
        has_started,
        has_completed,
    )


async def test_a_child_waits_for_its_parent_and_is_counted_when_released(api):
    parent = await api.running()
    child = await api.create("child", parent_job_id=parent)
    assert (child["state"], child["parent_job_id"]) == ("scheduled", parent)
    grandchild = await api.create("grandchild", parent_job_id=child["id"])
    assert await api.poll() == []
    assert (await api.ack(parent)).json() == {"action": "done", "children_activated": 1}
    assert (await api.job(child["id"]))["state"] == "pending"
    assert (await api.job(grandchild["id"]))["state"] == "scheduled"


async def test_a_late_child_of_a_succeeded_parent_is_pending(api):
    parent = await api.in_state("succeeded")
    assert (await api.create(parent_job_id=parent))["state"] == "pending"


@pytest.mark.parametrize("state", ["failed", "cancelled", "dead_letter"])
async def test_a_child_of_a_parent_that_ended_badly_is_409(api, state):
    parent = await api.in_state(state)
    answer = await api.post("/jobs", {"job_type": "t", "parent_job_id": parent})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "parent_terminal")


async def test_a_child_of_an_unknown_parent_is_404(api):
    answer = await api.post("/jobs", {"job_type": "t", "parent_job_id": "job_nobody"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")
    assert "x-quota-limit" in answer.headers


async def test_cancelling_a_parent_cancels_every_descendant(api):
    parent = await api.create()
    child = await api.create(parent_job_id=parent["id"])
    grandchild = await api.create(parent_job_id=child["id"])
    await api.post(f"/jobs/{parent['id']}/cancel")
    for job_id in (child["id"], grandchild["id"]):
        job = await api.job(job_id)
        assert job["state"] == "cancelled"
        assert job["completed_at"] is not None
        assert job["started_at"] is None


@pytest.mark.parametrize("retryable", [True, False])
async def test_a_parent_that_fails_for_good_cancels_its_children(api, retryable):
    parent = await api.running(max_attempts=1)
    child = await api.create(parent_job_id=parent)
    await api.ack(parent, "failed", error={"message": "no", "retryable": retryable})
    assert (await api.job(child["id"]))["state"] == "cancelled"
    assert (await api.post(f"/jobs/{parent}/retry")).status_code == 200
    assert (await api.job(child["id"]))["state"] == "cancelled"


async def test_a_parent_with_attempts_left_keeps_its_children_waiting(api):
    parent = await api.running(max_attempts=2)
    child = await api.create(parent_job_id=parent)
    assert (await api.ack(parent, "failed")).json()["action"] == "retry"
    assert (await api.job(child["id"]))["state"] == "scheduled"


async def test_a_scheduled_job_becomes_pending_when_its_time_has_come(alone, advance):
    api = alone
    job = await api.create(run_at="2999-01-01T00:00:00Z")
    assert await api.poll() == []
    [[seconds]] = await api.sql(
        "SELECT extract(epoch FROM run_at - quintet_now())::float8 FROM work_jobs"
    )
    await advance(seconds + 1)
    assert (await api.job(job["id"]))["state"] == "pending"
    assert [item["id"] for item in await api.poll()] == [job["id"]]
