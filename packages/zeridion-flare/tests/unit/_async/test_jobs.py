"""Jobs against a scripted service: what is sent, and what comes back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from quintet.errors import ConnectionFailure
from quintet.testing import reply
from zeridion_flare import (
    ConflictError,
    FlareMisuseError,
    FlarePagingError,
    NotFoundError,
    WaitTimeoutError,
)

from .rig import JOB, KEY, body, client, error, header


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
