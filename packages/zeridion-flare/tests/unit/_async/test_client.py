"""The client against a scripted service: what is sent, what comes back, what is repeated."""

from __future__ import annotations

import gzip
import inspect
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.testing import AsyncScriptedTransport, FakeClock, check_secret_hygiene, reply
from zeridion_flare import (
    AsyncFlareClient,
    AuthError,
    ConflictError,
    FlareConfigurationError,
    FlareConnectionError,
    FlareDecodeError,
    FlareError,
    FlareMisuseError,
    FlarePagingError,
    FlareTimeoutError,
    InvalidRequestError,
    NotFoundError,
    QuotaError,
    QuotaRateLimitError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
    WaitTimeoutError,
)

KEY = "zf_test_sk_0123456789abcdef0123456789abcdef"
JOB = {"id": "job_1", "state": "pending", "job_type": "T", "queue": "default"}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no", "request_id": "req_body", **more}}


def client(*script: Any, **options: Any) -> tuple[AsyncFlareClient, AsyncScriptedTransport]:
    transport = AsyncScriptedTransport(script)
    options.setdefault("clock", FakeClock())
    return AsyncFlareClient(KEY, transport=transport, **options), transport


def header(transport: AsyncScriptedTransport, name: str, index: int = -1) -> str | None:
    pairs = {key.lower(): value for key, value in transport.requests[index].headers}
    return pairs.get(name.lower())


def body(transport: AsyncScriptedTransport, index: int = -1) -> Any:
    return json.loads(transport.bodies[index])


# -- construction --------------------------------------------------------------------------------


def test_key_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FlareConfigurationError, match="FLARE_API_KEY"):
        AsyncFlareClient()
    monkeypatch.setenv("FLARE_API_KEY", KEY)
    AsyncFlareClient()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "https://api.zeridion.com/flare/v1"),
        ("https://api.zeridion.com", "https://api.zeridion.com/flare/v1"),
        ("http://localhost:5100/", "http://localhost:5100/flare/v1"),
        ("http://localhost:5100/flare/v1", "http://localhost:5100/flare/v1"),
        ("http://localhost:5100/flare/v1/", "http://localhost:5100/flare/v1"),
        ("https://proxy.example/zeridion", "https://proxy.example/zeridion/flare/v1"),
    ],
)
def test_base_url_carries_the_prefix_exactly_once(given: str | None, used: str) -> None:
    assert AsyncFlareClient(KEY, given).base_url == used


def test_c16_base_url_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLARE_BASE_URL", "http://127.0.0.1:8787")
    assert AsyncFlareClient(KEY).base_url == "http://127.0.0.1:8787/flare/v1"
    assert AsyncFlareClient(KEY, "http://other").base_url == "http://other/flare/v1"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "ftp://x"},
        {"base_url": "no url"},
        {"max_retries": -1},
        {"max_retries": True},
        {"timeout": 0},
        {"timeout": "30"},
        {"deadline": -1},
        {"max_response_bytes": -1},
        {"retry_base_delay_ms": -1},
        {"retry_max_delay_ms": "x"},
        {"http_client": object()},
    ],
)
def test_options_out_of_range_are_configuration_errors(options: dict[str, Any]) -> None:
    with pytest.raises(FlareConfigurationError) as caught:
        AsyncFlareClient(KEY, **options)
    assert isinstance(caught.value, ValueError)
    assert caught.value.status_code == 0


def test_constructor_has_the_documented_defaults() -> None:
    parameters = inspect.signature(AsyncFlareClient).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    assert defaults == {
        "api_key": None,
        "base_url": None,
        "max_retries": 3,
        "retry_base_delay_ms": 500,
        "retry_max_delay_ms": 30_000,
        "max_response_bytes": 10 * 1024 * 1024,
        "timeout": 30.0,
        "deadline": None,
        "http_client": None,
        "transport": None,
        "hooks": (),
        "clock": None,
    }


# -- jobs ----------------------------------------------------------------------------------------


async def test_create_job_sends_what_was_given_and_nothing_else() -> None:
    flare, transport = client(reply(201, json=JOB))
    job = await flare.create_job(
        job_type="SendWelcomeEmail",
        payload={"email": "a@b.c"},
        queue="default",
        max_attempts=3,
    )
    assert job == JOB
    assert transport.requests[0].method == "POST"
    assert transport.requests[0].url == "https://api.zeridion.com/flare/v1/jobs"
    assert body(transport) == {
        "job_type": "SendWelcomeEmail",
        "payload": {"email": "a@b.c"},
        "queue": "default",
        "max_attempts": 3,
    }
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    assert (header(transport, "User-Agent") or "").startswith("zeridion-flare-python/")
    assert header(transport, "Content-Type") == "application/json"


async def test_create_job_takes_one_mapping_by_position_or_by_name() -> None:
    flare, transport = client(reply(201, json=JOB), reply(201, json=JOB))
    await flare.create_job({"job_type": "T", "queue": None})
    await flare.create_job(body={"job_type": "T"})
    assert body(transport, 0) == body(transport, 1) == {"job_type": "T"}


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        (({"job_type": "T"},), {"queue": "q"}),
        ((), {}),
        (("T",), {}),
        (({"queue": "q"},), {}),
    ],
)
async def test_create_job_refuses_mixed_or_missing_arguments(
    arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    flare, transport = client()
    with pytest.raises(TypeError):
        await flare.create_job(*arguments, **keywords)
    assert not transport.requests


async def test_too_many_arguments_are_said_of_create_job_itself() -> None:
    flare, _ = client()
    too_many: Any = flare.create_job
    with pytest.raises(TypeError, match=r"^create_job\(\) takes"):
        await too_many("T", {})


@pytest.mark.parametrize("tags", [{"a": 1}, {1: "a"}, ["a"], "a"])
async def test_tags_must_be_strings(tags: Any) -> None:
    flare, _ = client()
    with pytest.raises(FlareMisuseError):
        await flare.create_job(job_type="T", tags=tags)


@pytest.mark.parametrize("job_type", ["", 7])
async def test_job_type_must_be_a_string(job_type: Any) -> None:
    flare, _ = client()
    with pytest.raises(FlareMisuseError):
        await flare.create_job(job_type=job_type)


async def test_create_job_sends_the_trace_context_as_a_header() -> None:
    flare, transport = client(reply(503), reply(201, json=JOB), reply(201, json=JOB))
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await flare.create_job(job_type="T", traceparent=trace)
    assert [header(transport, "traceparent", n) for n in range(2)] == [trace] * 2
    assert body(transport) == {"job_type": "T"}
    await flare.create_job({"job_type": "T"})
    assert header(transport, "traceparent") is None


@pytest.mark.parametrize(
    "trace",
    [
        "",
        7,
        "nonsense",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
    ],
)
async def test_create_job_refuses_what_is_no_trace_context(trace: Any) -> None:
    flare, transport = client()
    with pytest.raises(FlareMisuseError, match="traceparent"):
        await flare.create_job(job_type="T", traceparent=trace)
    assert not transport.requests


async def test_times_are_written_in_utc_and_naive_ones_are_utc() -> None:
    flare, transport = client(*[reply(201, json=JOB)] * 3)
    await flare.create_job(job_type="T", run_at=datetime(2026, 1, 2, 3))
    east = timezone(timedelta(hours=2))
    await flare.create_job({"job_type": "T", "run_at": datetime(2026, 1, 2, 3, tzinfo=east)})
    await flare.create_job(job_type="T", run_at="2026-01-02T03:00:00Z")
    assert [body(transport, n)["run_at"] for n in range(3)] == [
        "2026-01-02T03:00:00Z",
        "2026-01-02T01:00:00Z",
        "2026-01-02T03:00:00Z",
    ]


async def test_payload_that_is_no_json_is_a_misuse() -> None:
    flare, _ = client()
    with pytest.raises(FlareMisuseError):
        await flare.create_job(job_type="T", payload={"x": float("nan")})


async def test_get_job_returns_the_job_or_none() -> None:
    flare, transport = client(
        reply(200, json=JOB),
        reply(404, json=error("job_not_found")),
        reply(404, json={}),
        reply(404, body=b"", headers={"Content-Type": "application/json"}),
    )
    assert await flare.get_job("job_1") == JOB
    assert [await flare.get_job("job_1") for _ in range(3)] == [None] * 3
    assert transport.requests[0].url.endswith("/flare/v1/jobs/job_1")


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, body=b"<html>nginx</html>", headers={"Content-Type": "text/html"}),
        reply(404, json={"detail": "Not Found"}),
        reply(404, json=error("project_not_found")),
        reply(404, body=b"not found"),
    ],
)
async def test_c10_404_of_something_else_is_no_missing_job(answer: Any) -> None:
    flare, _ = client(answer)
    with pytest.raises(NotFoundError):
        await flare.get_job("job_1")


@pytest.mark.parametrize("job_id", ["", ".", "..", None, 7])
async def test_c12_ids_that_would_rewrite_the_path_are_refused(job_id: Any) -> None:
    flare, transport = client()
    for call in (flare.get_job, flare.cancel_job, flare.retry_job, flare.get_webhook):
        with pytest.raises(FlareMisuseError):
            await call(job_id)
    assert not transport.requests


async def test_c12_ids_are_one_escaped_segment() -> None:
    flare, transport = client(reply(200, json=JOB))
    await flare.get_job("a/../b?c#d")
    assert transport.requests[0].url.endswith("/jobs/a%2F..%2Fb%3Fc%23d")


async def test_list_jobs_sends_its_filters_and_fills_both_cursors() -> None:
    flare, transport = client(
        reply(200, json={"jobs": [JOB], "has_more": True, "next_cursor": "n"}),
        reply(200, json={"jobs": [], "has_more": True, "cursor": "c"}),
        reply(200, json={"jobs": [], "has_more": False, "next_cursor": None}),
    )
    page = await flare.list_jobs(
        state="failed",
        queue="a b",
        tags={"env": "dev", "team": "x"},
        created_after=datetime(2026, 1, 1),
        limit=25,
    )
    assert transport.requests[0].url.partition("?")[2] == (
        "state=failed&queue=a%20b&created_after=2026-01-01T00%3A00%3A00Z"
        "&tag=env%3Adev&tag=team%3Ax&limit=25"
    )
    assert (page["next_cursor"], page["cursor"]) == ("n", "n")
    assert (await flare.list_jobs())["next_cursor"] == "c"
    assert (await flare.list_jobs())["cursor"] is None


async def test_c16_iter_jobs_walks_all_pages_lazily() -> None:
    flare, transport = client(
        reply(200, json={"jobs": [{"id": "1"}, {"id": "2"}], "has_more": True, "next_cursor": "x"}),
        reply(200, json={"jobs": [{"id": "3"}], "has_more": False, "next_cursor": None}),
    )
    jobs = flare.iter_jobs(state="failed")
    assert not transport.requests
    assert [job["id"] async for job in jobs] == ["1", "2", "3"]
    assert "state=failed" in transport.requests[1].url
    assert "cursor=x" in transport.requests[1].url


async def test_iter_jobs_stops_at_max_items() -> None:
    flare, transport = client(
        reply(200, json={"jobs": [{"id": "1"}, {"id": "2"}], "has_more": True, "next_cursor": "x"})
    )
    assert len([job async for job in flare.iter_jobs(max_items=2)]) == 2
    assert len(transport.requests) == 1


async def test_iter_jobs_notices_pages_that_loop() -> None:
    page = {"jobs": [{"id": "1"}], "has_more": True, "next_cursor": "x"}
    flare, _ = client(*[reply(200, json=page)] * 3)
    with pytest.raises(FlarePagingError):
        _ = [job async for job in flare.iter_jobs()]


async def test_c9_conflicts_are_raised_with_their_code() -> None:
    flare, _ = client(
        reply(409, json=error("invalid_state")),
        reply(409, json=error("invalid_state")),
        reply(409, json=error("idempotency_key_reuse")),
    )
    with pytest.raises(ConflictError) as caught:
        await flare.cancel_job("job_1")
    assert caught.value.code == "invalid_state"
    assert await flare.retry_job("job_1", none_on_conflict=True) is None
    with pytest.raises(ConflictError):
        await flare.cancel_job("job_1", none_on_conflict=True)


async def test_wait_for_job_looks_until_it_has_ended() -> None:
    states = ["pending", "processing", "succeeded"]
    answers: list[Any] = [reply(200, json={**JOB, "state": state}) for state in states]
    answers.insert(1, reply(503, json={}))
    flare, _ = client(*answers, max_retries=0)
    assert (await flare.wait_for_job("job_1"))["state"] == "succeeded"


async def test_wait_for_job_gives_up_in_time() -> None:
    flare, transport = client(*[reply(200, json=JOB)] * 20)
    with pytest.raises(WaitTimeoutError) as caught:
        await flare.wait_for_job("job_1", timeout=5.0)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.last["state"] == "pending"
    assert str(caught.value) == "job job_1 did not end within 5 s; it is pending"
    assert len(transport.requests) < 10


async def test_watch_job_yields_the_job_as_it_changes_and_ends_with_it() -> None:
    stream = b"".join(
        f"id: {n}\nevent: {kind}\ndata: {json.dumps({**JOB, 'state': state})}\n\n".encode()
        for n, (kind, state) in enumerate(
            [("state", "pending"), ("progress", "processing"), ("state", "dead_letter")]
        )
    )
    head = {"Content-Type": "text/event-stream"}
    flare, transport = client(reply(200, body=stream, headers=head))
    seen = [job["state"] async for job in flare.watch_job("job_1")]
    assert seen == ["pending", "processing", "dead_letter"]
    assert transport.requests[0].url.endswith("/jobs/job_1/events")
    assert transport.open_exchanges == 0


async def test_job_events_resume_after_a_break() -> None:
    def event(n: int, state: str) -> bytes:
        return f"id: {n}\nevent: state\ndata: {json.dumps({**JOB, 'state': state})}\n\n".encode()

    head = {"Content-Type": "text/event-stream"}
    flare, transport = client(
        reply(200, chunks=[event(7, "pending"), ConnectionFailure("gone")], headers=head),
        reply(200, chunks=[event(7, "pending"), event(8, "succeeded")], headers=head),
    )
    seen = [event.id async for event in flare.job_events("job_1")]
    assert seen == ["7", "8"]
    assert header(transport, "Last-Event-ID") == "7"


async def test_export_streams_beyond_the_response_cap() -> None:
    pieces = [b"x" * 1000] * 5
    flare, transport = client(reply(200, chunks=pieces), max_response_bytes=100)
    async with flare.export_jobs(format="csv", since=datetime(2026, 1, 1), until="z") as stream:
        assert sum([len(piece) async for piece in stream]) == 5000
    assert body(transport) == {"format": "csv", "from": "2026-01-01T00:00:00Z", "until": "z"}
    assert header(transport, "Idempotency-Key") is None


# -- errors --------------------------------------------------------------------------------------


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
async def test_error_statuses_become_their_class(
    status: int, code: str, kind: type[FlareError]
) -> None:
    flare, _ = client(reply(status, json=error(code, details=[{"field": "x"}])), max_retries=0)
    with pytest.raises(kind) as caught:
        await flare.create_job(job_type="T")
    found = caught.value
    assert isinstance(found, FlareError)
    assert (found.status_code, found.code) == (status, code)
    assert (found.request_id, found.details) == ("req_body", [{"field": "x"}])
    assert found.response is not None
    assert "no" in found.message
    assert found.code in repr(found)


async def test_c11_request_id_falls_back_to_the_header() -> None:
    answer = {"error": {"code": "internal_error", "message": "x"}}
    flare, _ = client(
        reply(500, json=answer, headers={"X-Request-Id": "from_header"}), max_retries=0
    )
    with pytest.raises(ServerError) as caught:
        await flare.get_job("job_1")
    assert caught.value.request_id == "from_header"


async def test_c11_circumstances_of_an_answer_are_kept() -> None:
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
    await flare.create_job(job_type="T")
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


async def test_c11_answers_of_views_are_kept_apart() -> None:
    flare, _ = client(reply(200, json=JOB), reply(404, json=error("job_not_found")))
    view = flare.with_options(max_retries=0)
    await flare.get_job("job_1")
    await view.get_job("job_2")
    assert flare.last_response is not None
    assert view.last_response is not None
    assert (flare.last_response.status_code, view.last_response.status_code) == (200, 404)


@pytest.mark.parametrize("junk", ["", "abc", "-3", "1e400", "12;w=3, x", "²"])
async def test_c7_odd_rate_limit_headers_do_not_hide_the_error(junk: str) -> None:
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")
    flare, _ = client(
        reply(429, json=error("rate_limit_exceeded"), headers=dict.fromkeys(names, junk)),
        max_retries=0,
    )
    with pytest.raises(RateLimitError):
        await flare.get_job("job_1")


async def test_c7_retry_after_is_in_seconds_and_the_epoch_is_reset_at() -> None:
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
        await flare.get_job("job_1")
    found = caught.value
    assert (found.retry_after, found.limit, found.remaining) == (7.0, 1000, 0)
    assert found.reset_at == 1700000042.0


async def test_c8_used_up_quota_is_not_retried_and_is_both_errors() -> None:
    for code in ("daily_quota_exceeded", "monthly_allowance_exceeded", "spend_cap_reached"):
        flare, transport = client(reply(429, json=error(code)))
        with pytest.raises(QuotaRateLimitError) as caught:
            await flare.create_job(job_type="T")
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
async def test_c2_every_failure_is_a_flare_error_and_its_builtin(
    answer: Any, kind: type[FlareError], builtin: type[Exception]
) -> None:
    flare, _ = client(answer, max_retries=0, max_response_bytes=1000)
    with pytest.raises(kind) as caught:
        await flare.get_job("job_1")
    assert isinstance(caught.value, FlareError)
    assert isinstance(caught.value, builtin)
    assert caught.value.status_code in (0, 200)


async def test_c1_body_is_refused_at_the_cap_while_it_is_read() -> None:
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

    async def send(*arguments: Any) -> Any:
        exchange = await original(*arguments)
        exchange._chunks = Lazy()
        return exchange

    transport.send = send  # type: ignore[method-assign]
    with pytest.raises(FlareError):
        await flare.get_job("job_1")
    assert pulled < 20
    assert transport.open_exchanges == 0


async def test_c1_declared_length_and_inflated_size_count() -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    flare, _ = client(
        reply(200, body=b"x", headers={"Content-Length": "99999999"}),
        reply(200, body=bomb, headers={"Content-Encoding": "gzip"}),
        max_response_bytes=1_000_000,
    )
    for _ in range(2):
        with pytest.raises(ResponseTooLargeError):
            await flare.get_job("job_1")


async def test_max_response_bytes_zero_means_no_bound() -> None:
    flare, _ = client(reply(200, json={"x": "y" * 100}), max_response_bytes=0)
    assert await flare.get_job("job_1")


# -- retries -------------------------------------------------------------------------------------


async def test_c3_one_idempotency_key_per_write_is_kept_over_its_retries() -> None:
    flare, transport = client(
        reply(500),
        ConnectionFailure("gone", progress=1),
        reply(201, json=JOB),
        reply(201, json=JOB),
    )
    await flare.create_job(job_type="T")
    await flare.create_job(job_type="T")
    keys = [header(transport, "Idempotency-Key", n) for n in range(4)]
    assert keys[0]
    assert keys[0] == keys[1] == keys[2]
    assert keys[3] != keys[0]


async def test_given_idempotency_key_and_request_id_are_sent() -> None:
    flare, transport = client(reply(201, json=JOB), reply(200, json=JOB))
    await flare.create_job(job_type="T", idempotency_key="order-7", request_id="trace-1")
    assert header(transport, "Idempotency-Key") == "order-7"
    assert header(transport, "X-Request-Id") == "trace-1"
    await flare.get_job("job_1", request_id="trace-2")
    assert header(transport, "X-Request-Id") == "trace-2"
    assert header(transport, "Idempotency-Key") is None


async def test_older_idempotency_key_in_the_body_becomes_the_header() -> None:
    flare, transport = client(reply(201, json=JOB))
    await flare.create_job({"job_type": "T", "idempotency_key": "k"})
    assert header(transport, "Idempotency-Key") == "k"
    assert body(transport) == {"job_type": "T"}


@pytest.mark.parametrize("key", ["ü", "a\nb", "", "x" * 201])
async def test_c13_odd_idempotency_keys_are_refused(key: str) -> None:
    flare, transport = client()
    with pytest.raises(FlareMisuseError):
        await flare.create_job(job_type="T", idempotency_key=key)
    assert not transport.requests


async def test_c13_key_with_white_space_is_stripped_and_never_shown() -> None:
    transport = AsyncScriptedTransport(
        [reply(200, json=JOB), reply(401, json=error("unauthorized"))]
    )
    flare = AsyncFlareClient(f" {KEY}\n", transport=transport)
    await flare.get_job("job_1")
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    with pytest.raises(AuthError) as caught:
        await flare.get_job("job_1")
    check_secret_hygiene(KEY, flare, caught.value, flare.last_response)
    with pytest.raises(FlareConfigurationError) as refused:
        AsyncFlareClient(f"{KEY}\nX-Evil: 1")
    check_secret_hygiene(KEY, refused.value)


@pytest.mark.parametrize("progress", [0, 1, 2])
async def test_c4_connection_failures_are_retried(progress: int) -> None:
    flare, transport = client(ConnectionFailure("gone", progress=progress), reply(201, json=JOB))
    await flare.create_job(job_type="T")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 507, 599])
async def test_c5_passing_statuses_are_retried(status: int) -> None:
    flare, transport = client(reply(status, json={}), reply(201, json=JOB))
    await flare.create_job(job_type="T")
    assert len(transport.requests) == 2


async def test_write_in_progress_elsewhere_is_retried() -> None:
    answer = reply(409, json=error("idempotency_in_progress"), headers={"Retry-After": "1"})
    flare, transport = client(answer, reply(201, json=JOB))
    await flare.create_job(job_type="T")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 404, 409, 413])
async def test_final_statuses_are_not_retried(status: int) -> None:
    flare, transport = client(reply(status, json=error("x")))
    with pytest.raises(FlareError):
        await flare.create_job(job_type="T")
    assert len(transport.requests) == 1


async def test_backoff_doubles_up_to_its_cap() -> None:
    clock = FakeClock()
    flare, transport = client(
        *[reply(503, json={})] * 6,
        clock=clock,
        max_retries=5,
        retry_base_delay_ms=500,
        retry_max_delay_ms=3000,
    )
    with pytest.raises(ServerError) as caught:
        await flare.get_job("job_1")
    assert clock.sleeps == pytest.approx([0.5, 1, 2, 3, 3], rel=1e-3)
    assert caught.value.attempts == len(transport.requests) == 6


async def test_max_retries_zero_sends_once() -> None:
    flare, transport = client(reply(503, json={}), max_retries=0)
    with pytest.raises(ServerError):
        await flare.get_job("job_1")
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("2.5", 2.5), ("Tue, 14 Nov 2023 22:13:23 GMT", 3.0), ("9999", 30.0)],
)
async def test_c6_retry_after_is_honoured_in_every_form_up_to_the_cap(
    value: str, seconds: float
) -> None:
    clock = FakeClock(1_700_000_000.0, randoms=[0.0])
    flare, _ = client(
        reply(429, json={}, headers={"Retry-After": value}), reply(200, json=JOB), clock=clock
    )
    await flare.get_job("job_1")
    assert clock.sleeps == pytest.approx([seconds])


async def test_c15_deadline_bounds_the_whole_call() -> None:
    clock = FakeClock()
    flare, transport = client(*[reply(503, json={})] * 10, clock=clock, deadline=2.0, max_retries=9)
    with pytest.raises(ServerError):
        await flare.get_job("job_1")
    assert sum(clock.sleeps) <= 2.0
    assert len(transport.requests) < 5


async def test_c15_timeout_can_be_given_per_call() -> None:
    limits: list[float | None] = []
    flare, transport = client(*[reply(200, json=JOB)] * 4)
    original = transport.send

    async def send(request: Any, until: float | None, seconds: float | None) -> Any:
        limits.append(seconds)
        return await original(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    await flare.get_job("job_1")
    await flare.get_job("job_1", timeout=3)
    await flare.get_job("job_1", timeout=None)
    await flare.with_options(timeout=5).get_job("job_1")
    assert limits == [30.0, 3.0, None, 5.0]


async def test_poll_is_not_repeated_after_a_lost_answer() -> None:
    flare, transport = client(ConnectionFailure("gone", progress=1))
    with pytest.raises(FlareConnectionError):
        await flare.poll_workers(worker_id="w", queues=["q"])
    assert len(transport.requests) == 1
    assert header(transport, "Idempotency-Key") is None


# -- the other endpoints -------------------------------------------------------------------------


async def test_c16_every_endpoint_is_called_as_the_wire_table_says() -> None:
    flare, transport = client(*[reply(200, json={"data": []})] * 40)
    calls: list[tuple[str, str, Any, Any]] = [
        ("POST", "/jobs/j/cancel", flare.cancel_job("j"), None),
        ("POST", "/jobs/j/retry", flare.retry_job("j"), None),
        (
            "PUT",
            "/recurring/r",
            flare.put_recurring("r", job_type="T", cron_expression="0 3 * * *", enabled=False),
            {"job_type": "T", "cron_expression": "0 3 * * *", "enabled": False},
        ),
        ("GET", "/recurring/r", flare.get_recurring("r"), None),
        ("GET", "/recurring?limit=5", flare.list_recurring(limit=5), None),
        ("DELETE", "/recurring/r", flare.delete_recurring("r"), None),
        ("POST", "/recurring/r/trigger", flare.trigger_recurring("r"), None),
        (
            "POST",
            "/webhooks",
            flare.create_webhook(url="https://x.example", events="*"),
            {"url": "https://x.example", "events": "*"},
        ),
        ("GET", "/webhooks/w", flare.get_webhook("w"), None),
        ("GET", "/webhooks", flare.list_webhooks(), None),
        (
            "PUT",
            "/webhooks/w",
            flare.update_webhook("w", events="job.failed", enabled=False),
            {"events": ["job.failed"], "enabled": False},
        ),
        ("DELETE", "/webhooks/w", flare.delete_webhook("w"), None),
        ("POST", "/webhooks/w/rotate-secret", flare.rotate_webhook_secret("w"), None),
        ("POST", "/webhooks/w/test", flare.test_webhook("w"), None),
        (
            "GET",
            "/webhooks/w/deliveries?limit=3",
            flare.list_webhook_deliveries("w", limit=3),
            None,
        ),
        ("GET", "/metrics/summary?period=7d", flare.metrics_summary(period="7d"), None),
        (
            "GET",
            "/metrics/throughput?period=1h&granularity=hour",
            flare.metrics_throughput(period="1h", granularity="hour"),
            None,
        ),
        ("GET", "/metrics/queues", flare.metrics_queues(), None),
        ("GET", "/metrics/job-types?limit=3", flare.metrics_job_types(limit=3), None),
        ("GET", "/activity?limit=2&cursor=c", flare.list_activity(limit=2, cursor="c"), None),
        ("GET", "/alerts", flare.list_alerts(), None),
        (
            "POST",
            "/alerts",
            flare.create_alert(alert_type="dead_letter", channel="email", destination="a@b.c"),
            {"alert_type": "dead_letter", "channel": "email", "destination": "a@b.c"},
        ),
        ("GET", "/alerts/a", flare.get_alert("a"), None),
        ("PUT", "/alerts/a", flare.update_alert("a", enabled=False), {"enabled": False}),
        ("DELETE", "/alerts/a", flare.delete_alert("a"), None),
        (
            "POST",
            "/workers/register",
            flare.register_worker(worker_id="w", queues=("q",), job_types=["T"]),
            {"worker_id": "w", "queues": ["q"], "job_types": ["T"]},
        ),
        (
            "POST",
            "/workers/poll",
            flare.poll_workers({"worker_id": "w", "queues": ["q"], "capacity": 2}),
            {"worker_id": "w", "queues": ["q"], "capacity": 2},
        ),
        (
            "POST",
            "/workers/heartbeat",
            flare.heartbeat_worker(job_id="j", worker_id="w", progress=0.5),
            {"job_id": "j", "worker_id": "w", "progress": 0.5},
        ),
        (
            "POST",
            "/workers/ack",
            flare.ack_worker(job_id="j", worker_id="w", status="succeeded"),
            {"job_id": "j", "worker_id": "w", "status": "succeeded"},
        ),
    ]
    for _, _, call, _ in calls:
        await call
    for index, (method, path, _, expected) in enumerate(calls):
        request = transport.requests[index]
        assert (request.method, request.url) == (
            method,
            f"https://api.zeridion.com/flare/v1{path}",
        )
        if expected is not None:
            assert body(transport, index) == expected
        keyed = method in ("POST", "PUT", "DELETE") and "/workers/" not in path
        assert bool(header(transport, "Idempotency-Key", index)) is keyed


async def test_empty_answer_to_a_deletion_is_fine() -> None:
    flare, _ = client(reply(204))
    await flare.delete_recurring("r")


async def test_wrong_cron_expression_is_refused_before_it_is_sent() -> None:
    flare, transport = client()
    with pytest.raises(FlareMisuseError):
        await flare.put_recurring("r", job_type="T", cron_expression="61 * * * *")
    with pytest.raises(FlareMisuseError):
        await flare.put_recurring(
            "r", job_type="T", cron_expression="* * * * *", timezone="Mars/Olympus"
        )
    assert not transport.requests


async def test_iter_activity_walks_pages() -> None:
    flare, _ = client(
        reply(200, json={"data": [{"id": "1"}], "has_more": True, "next_cursor": "c"}),
        reply(200, json={"data": [{"id": "2"}], "has_more": False, "next_cursor": None}),
    )
    assert [line["id"] async for line in flare.iter_activity()] == ["1", "2"]


def test_every_method_takes_request_id_and_idempotency_key() -> None:
    streams = {
        "job_events",
        "watch_job",
        "export_jobs",
        "wait_for_job",
        "iter_jobs",
        "iter_activity",
    }
    others = {"aclose", "close", "with_options", "with_own_connections"}
    for name, method in inspect.getmembers(AsyncFlareClient, inspect.isfunction):
        if name.startswith("_") or name in streams | others:
            continue
        assert {"request_id", "idempotency_key", "timeout"} <= set(
            inspect.signature(method).parameters
        ), name


# -- lifecycle -----------------------------------------------------------------------------------


async def test_context_manager_closes_the_transport() -> None:
    flare, transport = client(reply(200, json=JOB))
    async with flare as same:
        assert same is flare
        await flare.get_job("job_1")
    assert transport.closed


async def test_view_that_is_closed_leaves_its_client_open() -> None:
    flare, transport = client(reply(200, json=JOB), reply(200, json=JOB))
    async with flare.with_options(timeout=5) as view:
        await view.get_job("job_1")
    await view.aclose()
    await flare.get_job("job_1")
    await flare.aclose()
    assert transport.closed


async def test_client_with_own_connections_made_of_a_view_is_closed_on_its_own() -> None:
    view = AsyncFlareClient(KEY).with_options(timeout=5)
    twin = view.with_own_connections()
    assert twin is not None
    await twin.aclose()
    with pytest.raises(FlareMisuseError):
        await twin.get_job("job_1")


async def test_hooks_see_every_attempt() -> None:
    seen: list[Any] = []
    flare, _ = client(reply(500, json={}), reply(200, json=JOB), hooks=[seen.append])
    await flare.get_job("job_1")
    assert [(a.operation, a.number, a.status) for a in seen] == [
        ("get_job", 1, 500),
        ("get_job", 2, 200),
    ]


async def test_c14_given_http_client_needs_no_base_url_and_stays_open() -> None:
    urls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return httpx.Response(200, json=JOB)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as given:
        async with AsyncFlareClient(KEY, "http://x.example", http_client=given) as flare:
            assert await flare.get_job("job_1") == JOB
            assert flare.with_own_connections() is None
        assert not given.is_closed
    assert urls == ["http://x.example/flare/v1/jobs/job_1"]


async def test_client_can_be_cloned_with_connections_of_its_own() -> None:
    flare = AsyncFlareClient(KEY)
    twin = flare.with_own_connections()
    assert twin is not None
    assert twin.base_url == flare.base_url
    await twin.aclose()
    await flare.aclose()


def test_repr_shows_the_address_and_no_key() -> None:
    flare = AsyncFlareClient(KEY)
    assert repr(flare) == "AsyncFlareClient(base_url='https://api.zeridion.com/flare/v1')"
