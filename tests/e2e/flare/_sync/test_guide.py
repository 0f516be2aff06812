# Generated from tests/e2e/flare/_async/test_guide.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What the guide shows, call by call, with nothing but the key and the URL in the environment."""

from __future__ import annotations

import uuid

import pytest

from tests.support.server import ServerProcess
from zeridion_flare import (
    AuthError,
    ConflictError,
    FlareClient,
    FlareError,
    NotFoundError,
    QuotaError,
    RateLimitError,
    verify_webhook,
)

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flare")]


def test_jobs_are_enqueued_looked_up_listed_cancelled_and_retried(
    server: ServerProcess,
) -> None:
    queue = uuid.uuid4().hex
    with FlareClient() as flare:
        job = flare.create_job(
            job_type="SendWelcomeEmail",
            payload={"email": "alice@example.com", "name": "Alice"},
            queue=queue,
            max_attempts=3,
        )
        assert job["id"].startswith("job_")
        assert job["state"] == "pending"
        detail = flare.get_job(job["id"])
        assert detail is not None
        assert detail["payload"] == {"email": "alice@example.com", "name": "Alice"}
        page = flare.list_jobs(state="pending", queue=queue, limit=25)
        assert [listed["id"] for listed in page["jobs"]] == [job["id"]]
        assert (page["has_more"], page["next_cursor"]) == (False, None)
        cancelled = flare.cancel_job(job["id"])
        assert cancelled is not None
        assert cancelled["state"] == "cancelled"
        with pytest.raises(ConflictError) as caught:
            flare.retry_job(job["id"])
        assert caught.value.code == "invalid_state"


def test_same_key_and_body_give_the_original_answer(server: ServerProcess) -> None:
    key = uuid.uuid4().hex
    with FlareClient() as flare:
        first = flare.create_job(job_type="T", payload={"n": 1}, idempotency_key=key)
        assert flare.last_response is not None
        assert not flare.last_response.idempotent_replay
        again = flare.create_job(job_type="T", payload={"n": 1}, idempotency_key=key)
        assert again == first
        assert (flare.last_response.status_code, flare.last_response.idempotent_replay) == (
            201,
            True,
        )
        with pytest.raises(ConflictError) as caught:
            flare.create_job(job_type="T", payload={"n": 2}, idempotency_key=key)
        assert caught.value.code == "idempotency_key_reuse"


def test_request_id_is_echoed_or_generated(server: ServerProcess) -> None:
    with FlareClient() as flare:
        flare.create_job(job_type="T", request_id="trace-42")
        assert flare.last_response is not None
        assert flare.last_response.request_id == "trace-42"
        flare.list_jobs(limit=1)
        assert len(flare.last_response.request_id) == 26


def test_errors_are_the_documented_classes(server: ServerProcess) -> None:
    with FlareClient() as flare:
        assert flare.get_job("job_abc123") is None
        with pytest.raises(NotFoundError) as caught:
            flare.cancel_job("job_abc123")
        assert caught.value.code == "job_not_found"
        assert caught.value.request_id
    with FlareClient(api_key="zf_live_sk_" + "0" * 32) as stranger:
        with pytest.raises(AuthError) as refused:
            stranger.list_jobs()
        assert refused.value.status_code == 401
    for kind in (AuthError, ConflictError, NotFoundError, QuotaError, RateLimitError):
        assert issubclass(kind, FlareError)


def test_wrong_prefix_is_no_missing_job(server: ServerProcess) -> None:
    with FlareClient(base_url=f"{server.url}/elsewhere") as flare:
        with pytest.raises(NotFoundError):
            flare.get_job("job_abc123")


def test_webhook_verification_reads_the_documented_header() -> None:
    assert not verify_webhook(payload=b"{}", header="t=1,v1=00", secret="whsec_x")
