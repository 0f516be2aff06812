"""The published `FlareClient`, unmodified, against our server."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.compat.published_client import FLARE, Interpreter, PublishedClient, PublishedError
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("published")]


def test_create_job_with_every_field_returns_and_stores_it(
    published: PublishedClient, queue: str
) -> None:
    body = {
        "job_type": "email.send",
        "payload": {"to": "reader@example.com", "n": [1, 2.5, None, "ü"]},
        "queue": queue,
        "max_attempts": 7,
        "timeout_seconds": 90,
        "tags": {"env": "compat"},
    }
    job = published.create_job(body)
    assert job["state"] == "pending"
    assert {name: job[name] for name in body} == body
    assert published.get_job(job["id"]) == job


def test_create_job_with_only_a_type_gets_the_defaults(published: PublishedClient) -> None:
    job = published.create_job({"job_type": f"plain-{time.time_ns()}"})
    assert (job["queue"], job["max_attempts"], job["timeout_seconds"]) == ("default", 3, 1800)
    assert job["payload"] == {}
    published.cancel_job(job["id"])


def test_create_job_for_later_is_scheduled(published: PublishedClient, queue: str) -> None:
    job = published.create_job(
        {"job_type": "later", "queue": queue, "run_at": "2099-01-02T03:04:05Z"}
    )
    assert job["state"] == "scheduled"
    assert job["run_at"].startswith("2099-01-02T03:04:05")


def test_get_job_of_an_unknown_id_returns_none(published: PublishedClient) -> None:
    assert published.get_job("job_01J00000000000000000000000") is None
    assert published.get_job("no/such?job") is None


def test_list_jobs_filters_by_state_queue_and_type(published: PublishedClient, queue: str) -> None:
    waiting = published.create_job({"job_type": "a", "queue": queue})
    later = published.create_job(
        {"job_type": "b", "queue": queue, "run_at": "2099-01-01T00:00:00Z"}
    )
    ended = published.create_job({"job_type": "a", "queue": queue})
    published.cancel_job(ended["id"])

    def ids(**filters: Any) -> list[str]:
        return [job["id"] for job in published.list_jobs(queue=queue, **filters)["jobs"]]

    assert ids() == [ended["id"], later["id"], waiting["id"]]
    assert ids(state="pending") == [waiting["id"]]
    assert ids(state="scheduled") == [later["id"]]
    assert ids(state="cancelled", job_type="a") == [ended["id"]]
    assert ids(job_type="b") == [later["id"]]


def test_list_jobs_filters_by_creation_time(published: PublishedClient, queue: str) -> None:
    first = published.create_job({"job_type": "t", "queue": queue})
    second = published.create_job({"job_type": "t", "queue": queue})
    after = published.list_jobs(queue=queue, created_after=second["created_at"])
    before = published.list_jobs(queue=queue, created_before=second["created_at"])
    assert [job["id"] for job in after["jobs"]] == [second["id"]]
    assert [job["id"] for job in before["jobs"]] == [first["id"]]


@pytest.mark.parametrize("cursor_name", ["cursor", "next_cursor"])
def test_list_jobs_walks_pages_by_either_cursor_name(
    published: PublishedClient, queue: str, cursor_name: str
) -> None:
    made = [published.create_job({"job_type": "page", "queue": queue})["id"] for _ in range(7)]
    seen: list[str] = []
    cursor = None
    for expected in (3, 3, 1):
        page = published.list_jobs(queue=queue, limit=3, cursor=cursor)
        assert len(page["jobs"]) == expected
        assert page["has_more"] is (expected == 3)
        seen += [job["id"] for job in page["jobs"]]
        cursor = page[cursor_name]
        # A newer job belongs to an earlier page: it must neither shift nor repeat what follows.
        published.create_job({"job_type": "page", "queue": queue})
    assert cursor is None
    assert seen == made[::-1]


def test_cancel_job_that_waits_cancels_it_and_a_second_time_returns_none(
    published: PublishedClient, queue: str
) -> None:
    job = published.create_job({"job_type": "c", "queue": queue})
    cancelled = published.cancel_job(job["id"])
    assert cancelled["state"] == "cancelled"
    assert cancelled["completed_at"] is not None
    assert cancelled["started_at"] is None
    assert published.cancel_job(job["id"]) is None  # the package's word for 409 invalid_state


def test_retry_job_in_the_dead_letter_runs_again_and_otherwise_returns_none(
    published: PublishedClient, queue: str
) -> None:
    job = published.create_job({"job_type": "r", "queue": queue, "max_attempts": 1})
    assert published.retry_job(job["id"]) is None
    poll = {"worker_id": "wrk_compat_1", "queues": [queue]}
    assert [item["id"] for item in published.poll_workers(poll)["jobs"]] == [job["id"]]
    error = {"type": "ValueError", "message": "broken", "stack_trace": "…"}
    ack = {"job_id": job["id"], "worker_id": "wrk_compat_1", "status": "failed", "error": error}
    assert published.ack_worker(ack)["action"] == "done"
    assert published.get_job(job["id"])["state"] == "dead_letter"
    again = published.retry_job(job["id"])
    assert (again["state"], again["attempt"]) == ("pending", 0)
    assert [item["id"] for item in published.poll_workers(poll)["jobs"]] == [job["id"]]


def test_worker_calls_made_by_hand_follow_the_protocol(
    published: PublishedClient, queue: str
) -> None:
    worker = "wrk_compat_hand"
    job = published.create_job(
        {"job_type": "hand", "queue": queue, "payload": {"a": 1}, "timeout_seconds": 60}
    )
    registered = published.register_worker(
        {"worker_id": worker, "queues": [queue], "job_types": ["hand"], "hostname": "here"}
    )
    assert registered == {"status": "registered"}
    items = published.poll_workers(
        {"worker_id": worker, "queues": [queue], "capacity": 5, "job_types": ["hand"]}
    )["jobs"]
    assert len(items) == 1
    assert items[0].pop("enqueued_at") == job["created_at"]
    expected = {
        "id": job["id"],
        "job_type": "hand",
        "payload": {"a": 1},
        "attempt": 1,
        "max_attempts": 3,
        "timeout_seconds": 60,
    }
    assert items[0].items() >= expected.items()
    beat = {"job_id": job["id"], "worker_id": worker, "progress": 0.5}
    assert published.heartbeat_worker(beat) == {"status": "ok"}
    assert published.get_job(job["id"])["progress"] == 0.5
    with pytest.raises(PublishedError, match="ConflictError") as stranger:
        published.heartbeat_worker({**beat, "worker_id": "wrk_other"})
    assert stranger.value.code == "worker_mismatch"
    done = {"job_id": job["id"], "worker_id": worker, "status": "succeeded", "duration_ms": 12}
    first = published.ack_worker(done)
    assert first["action"] == "done"
    assert published.ack_worker(done) == first
    assert published.get_job(job["id"])["state"] == "succeeded"


def test_idempotency_key_repeated_returns_the_same_job_and_reused_conflicts(
    published: PublishedClient, queue: str
) -> None:
    body = {"job_type": "once", "queue": queue}
    key = f"key-{queue}"
    first = published.create_job(body, idempotency_key=key)
    assert published.create_job(body, idempotency_key=key) == first
    assert len(published.list_jobs(queue=queue)["jobs"]) == 1
    with pytest.raises(PublishedError) as reused:
        published.create_job({**body, "job_type": "other"}, idempotency_key=key)
    assert (reused.value.kind, reused.value.code) == ("ConflictError", "idempotency_key_reuse")


def test_idempotency_key_in_the_body_means_the_same(published: PublishedClient, queue: str) -> None:
    body = {"job_type": "once", "queue": queue, "idempotency_key": f"body-{queue}"}
    assert published.create_job(body)["id"] == published.create_job(body)["id"]


def test_continuation_waits_for_its_parent(published: PublishedClient, queue: str) -> None:
    parent = published.create_job({"job_type": "p", "queue": queue})
    child = published.create_job({"job_type": "c", "queue": queue, "parent_job_id": parent["id"]})
    assert (child["state"], child["parent_job_id"]) == ("scheduled", parent["id"])
    poll = {"worker_id": "wrk_compat_p", "queues": [queue], "capacity": 5}
    assert [item["id"] for item in published.poll_workers(poll)["jobs"]] == [parent["id"]]
    ack = {"job_id": parent["id"], "worker_id": "wrk_compat_p", "status": "succeeded"}
    assert published.ack_worker(ack)["children_activated"] == 1
    assert [item["id"] for item in published.poll_workers(poll)["jobs"]] == [child["id"]]


def test_errors_arrive_in_the_class_of_their_status(
    published: PublishedClient, interpreter: Interpreter, server: ServerProcess, queue: str
) -> None:
    stranger = PublishedClient(
        interpreter,
        FLARE,
        api_key="zf_live_sk_00000000000000000000000000000000",
        base_url=f"{server.url}/flare/v1",
    )
    dead = published.create_job({"job_type": "p", "queue": queue})
    published.cancel_job(dead["id"])
    child = {"job_type": "c", "queue": queue}
    cases: list[tuple[PublishedClient, dict[str, Any], str, int, str]] = [
        (stranger, child, "AuthError", 401, "unauthorized"),
        (published, {"queue": queue}, "FlareError", 400, "invalid_request"),
        (published, {**child, "max_attempts": 0}, "FlareError", 400, "invalid_request"),
        (published, {**child, "parent_job_id": "job_none"}, "NotFoundError", 404,
         "job_not_found"),
        (published, {**child, "parent_job_id": dead["id"]}, "ConflictError", 409,
         "parent_terminal"),
        (published, {**child, "payload": {"x": "y" * 1_100_000}}, "FlareError", 413,
         "payload_too_large"),
    ]  # fmt: skip
    for client, body, kind, status, code in cases:
        with pytest.raises(PublishedError) as raised:
            client.create_job(body, request_id="compat-1")
        error = raised.value
        assert (error.kind, error.status_code, error.code) == (kind, status, code)
        assert "FlareError" in error.bases
        assert error.request_id == "compat-1"
        assert error.message


def test_request_id_is_minted_where_none_is_given(published: PublishedClient) -> None:
    with pytest.raises(PublishedError) as raised:
        published.list_jobs(state="sleepy")
    assert len(raised.value.request_id) == 26


def test_quota_and_rate_limit_errors_carry_their_numbers(
    interpreter: Interpreter, strict_server: ServerProcess
) -> None:
    client = PublishedClient(
        interpreter,
        FLARE,
        api_key=strict_server.key("flare"),
        base_url=f"{strict_server.url}/flare/v1",
        max_retries=0,
    )
    for _ in range(2):
        client.create_job({"job_type": "metered"})
    with pytest.raises(PublishedError) as quota:
        client.create_job({"job_type": "metered"})
    assert (quota.value.kind, quota.value.code) == ("QuotaError", "billing_state_blocked")
    with pytest.raises(PublishedError) as limited:
        for _ in range(10):
            client.list_jobs()
    error = limited.value
    assert (error.kind, error.code) == ("RateLimitError", "rate_limit_exceeded")
    assert (error.limit, error.remaining) == (10, 0)
    # The package gives an epoch second; the server forgets up to a minute late, never early.
    assert 0 < error.retry_after - time.time() <= 3661
