# Generated from tests/unit/_async/test_errors.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What becomes of answers that are errors, and of bodies that are too long."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.testing import reply
from zeridion_flare import (
    AuthError,
    ConflictError,
    FlareConnectionError,
    FlareDecodeError,
    FlareError,
    FlareTimeoutError,
    InvalidRequestError,
    NotFoundError,
    QuotaError,
    QuotaRateLimitError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
)

from .rig import JOB, client, error


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", InvalidRequestError),
        (401, "unauthorized", AuthError),
        (402, "billing_state_blocked", QuotaError),
        (404, "webhook_not_found", NotFoundError),
        (409, "parent_terminal", ConflictError),
        (413, "payload_too_large", InvalidRequestError),
        (418, "teapot", FlareError),
        (429, "rate_limit_exceeded", RateLimitError),
        (500, "internal_error", ServerError),
    ],
)
def test_error_statuses_become_their_class(status: int, code: str, kind: type[FlareError]) -> None:
    flare, _ = client(reply(status, json=error(code, details=[{"field": "x"}])), max_retries=0)
    with pytest.raises(kind) as caught:
        flare.create_job(job_type="T")
    found = caught.value
    assert isinstance(found, FlareError)
    assert (found.status_code, found.code) == (status, code)
    assert (found.request_id, found.details) == ("req_body", [{"field": "x"}])
    assert found.response is not None
    assert "no" in found.message
    assert found.code in repr(found)


def test_c11_request_id_falls_back_to_the_header() -> None:
    answer = {"error": {"code": "internal_error", "message": "x"}}
    flare, _ = client(
        reply(500, json=answer, headers={"X-Request-Id": "from_header"}), max_retries=0
    )
    with pytest.raises(ServerError) as caught:
        flare.get_job("job_1")
    assert caught.value.request_id == "from_header"


def test_c11_circumstances_of_an_answer_are_kept() -> None:
    headers = {
        "X-Request-Id": "01J",
        "Idempotent-Replay": "true",
        "Location": "/flare/v1/jobs/job_1",
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "999",
        "X-RateLimit-Reset": "1700000060",
        "X-Quota-Limit": "50",
        "X-Quota-Used": "3",
        "X-Quota-Reset": "1700086400",
    }
    flare, _ = client(reply(201, json=JOB, headers=headers))
    assert flare.last_response is None
    flare.create_job(job_type="T")
    seen = flare.last_response
    assert seen is not None
    assert (seen.status_code, seen.request_id, seen.idempotent_replay) == (201, "01J", True)
    assert seen.rate_limit is not None
    assert (seen.rate_limit.limit, seen.rate_limit.remaining) == (1000, 999)
    assert seen.rate_limit.reset_after == 60.0
    assert seen.quota is not None
    assert (seen.quota.limit, seen.quota.used, seen.quota.reset_at) == (50, 3, 1700086400)
    assert (seen.location, seen.attempts) == ("/flare/v1/jobs/job_1", 1)
    assert seen.headers["x-quota-used"] == "3"


def test_c11_answers_of_views_are_kept_apart() -> None:
    flare, _ = client(reply(200, json=JOB), reply(404, json=error("job_not_found")))
    view = flare.with_options(max_retries=0)
    flare.get_job("job_1")
    view.get_job("job_2")
    assert flare.last_response is not None
    assert view.last_response is not None
    assert (flare.last_response.status_code, view.last_response.status_code) == (200, 404)


@pytest.mark.parametrize("junk", ["", "abc", "-3", "1e400", "12;w=3, x", "²"])
def test_c7_odd_rate_limit_headers_do_not_hide_the_error(junk: str) -> None:
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")
    flare, _ = client(
        reply(429, json=error("rate_limit_exceeded"), headers=dict.fromkeys(names, junk)),
        max_retries=0,
    )
    with pytest.raises(RateLimitError):
        flare.get_job("job_1")


def test_c7_retry_after_is_in_seconds_and_the_epoch_is_reset_at() -> None:
    headers = {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1700000042",
    }
    limited = error("rate_limit_exceeded")
    flare, _ = client(
        reply(429, json=limited, headers={**headers, "Retry-After": "7"}),
        reply(429, json=limited, headers=headers),
        max_retries=0,
    )
    with pytest.raises(RateLimitError) as caught:
        flare.get_job("job_1")
    found = caught.value
    assert (found.retry_after, found.limit, found.remaining) == (7.0, 1000, 0)
    assert found.reset_at == 1700000042.0


def test_c8_used_up_quota_is_not_retried_and_is_both_errors() -> None:
    for code in ("daily_quota_exceeded", "monthly_allowance_exceeded", "spend_cap_reached"):
        flare, transport = client(reply(429, json=error(code)))
        with pytest.raises(QuotaRateLimitError) as caught:
            flare.create_job(job_type="T")
        assert isinstance(caught.value, RateLimitError)
        assert isinstance(caught.value, QuotaError)
        assert caught.value.status_code == 429
        assert not caught.value.is_retryable
        assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "builtin"),
    [
        (ConnectionFailure("refused"), FlareConnectionError, ConnectionError),
        (TimeoutFailure("late", phase="read"), FlareTimeoutError, TimeoutError),
        (reply(200, body=b"<html>"), FlareDecodeError, ValueError),
        (reply(200, json=[]), FlareDecodeError, ValueError),
        (reply(200, body=b""), FlareDecodeError, ValueError),
        (reply(200, body=b"{" + b" " * 2000), ResponseTooLargeError, ValueError),
    ],
)
def test_c2_every_failure_is_a_flare_error_and_its_builtin(
    answer: Any, kind: type[FlareError], builtin: type[Exception]
) -> None:
    flare, _ = client(answer, max_retries=0, max_response_bytes=1000)
    with pytest.raises(kind) as caught:
        flare.get_job("job_1")
    assert isinstance(caught.value, FlareError)
    assert isinstance(caught.value, builtin)
    assert caught.value.status_code in (0, 200)


def test_c1_body_is_refused_at_the_cap_while_it_is_read() -> None:
    pulled = 0

    def chunks() -> Any:
        nonlocal pulled
        for _ in range(1000):
            pulled += 1
            yield b" " * 1000

    class Lazy:
        def __init__(self) -> None:
            self._chunks = chunks()

        def popleft(self) -> bytes:
            return next(self._chunks)  # type: ignore[no-any-return]

        def __bool__(self) -> bool:
            return True

    answer = reply(500)
    flare, transport = client(answer, max_retries=0, max_response_bytes=5000)
    original = transport.send

    def send(*arguments: Any) -> Any:
        exchange = original(*arguments)
        exchange._chunks = Lazy()
        return exchange

    transport.send = send  # type: ignore[method-assign]
    with pytest.raises(FlareError):
        flare.get_job("job_1")
    assert pulled < 20
    assert transport.open_exchanges == 0


def test_c1_declared_length_and_inflated_size_count() -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    flare, _ = client(
        reply(200, body=b"x", headers={"Content-Length": "99999999"}),
        reply(200, body=bomb, headers={"Content-Encoding": "gzip"}),
        max_response_bytes=1_000_000,
    )
    for _ in range(2):
        with pytest.raises(ResponseTooLargeError):
            flare.get_job("job_1")


def test_max_response_bytes_zero_means_no_bound() -> None:
    flare, _ = client(reply(200, json={"x": "y" * 100}), max_response_bytes=0)
    assert flare.get_job("job_1")
