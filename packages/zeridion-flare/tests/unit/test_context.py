"""The token and the context, from threads and from tasks."""

from __future__ import annotations

import threading

import pytest

from zeridion_flare import CancellationToken, JobCancelledError
from zeridion_flare._invocation import make_context
from zeridion_flare._worker_core.claims import Claim, read_poll_answer


def test_token_tells_its_first_reason_once() -> None:
    token = CancellationToken()
    calls: list[str] = []
    token.on_cancel(lambda: calls.append("early"))
    assert not token.is_cancelled()
    assert token.reason is None
    token.raise_if_cancelled()
    token.cancel("timeout")
    token.cancel("shutdown")
    token.on_cancel(lambda: calls.append("late"))
    assert token.reason == "timeout"
    assert calls == ["early", "late"]


def test_token_knows_whether_it_was_seen_after_it_was_tripped() -> None:
    token = CancellationToken()
    token.is_cancelled()
    assert not token.was_seen
    token.cancel()
    assert not token.was_seen
    assert token.is_cancelled()
    assert token.was_seen


def test_raised_cancellation_carries_the_reason() -> None:
    token = CancellationToken()
    token.cancel("lease_lost")
    with pytest.raises(JobCancelledError) as caught:
        token.raise_if_cancelled()
    assert caught.value.reason == "lease_lost"
    assert "no longer held" in str(caught.value)


def test_wait_ends_when_told_to_stop() -> None:
    token = CancellationToken()
    threading.Timer(0.01, token.cancel).start()
    assert token.wait(60)
    assert CancellationToken().wait(0.001) is False


async def test_async_wait_ends_when_told_to_stop_from_another_thread() -> None:
    token = CancellationToken()
    threading.Timer(0.01, token.cancel).start()
    assert await token.wait_async(10)
    assert await CancellationToken().wait_async(0.001) is False


def test_context_shows_what_the_job_says() -> None:
    reports: list[float] = []
    claim = Claim(
        "job_1", "T", {"a": 1}, 3, True, 3, 60.0, "2026-01-02T03:04:05.1234567Z", {"k": "v"}
    )
    ctx = make_context(claim, CancellationToken(), reports.append)
    ctx.report_progress(0.5)
    ctx.progress(0.6)
    assert reports == [0.5, 0.6]
    assert (ctx.id, ctx.job_id, ctx.attempt, ctx.max_attempts) == ("job_1", "job_1", 3, 3)
    assert (ctx.payload, dict(ctx.tags), ctx.is_last_attempt) == ({"a": 1}, {"k": "v"}, True)
    assert ctx.enqueued_at is not None
    assert ctx.enqueued_at.year == 2026
    assert not ctx.is_cancelled()
    ctx.raise_if_cancelled()


@pytest.mark.parametrize(
    ("sent", "seen"), [({"traceparent": "00-a-b-01"}, "00-a-b-01"), ({}, None)]
)
def test_context_hands_on_the_trace_context_of_the_poll_item(
    sent: dict[str, str], seen: str | None
) -> None:
    (claim,) = read_poll_answer({"jobs": [{"id": "job_1", "job_type": "T", **sent}]})
    assert isinstance(claim, Claim)
    assert make_context(claim, CancellationToken(), lambda value: None).traceparent == seen


def test_trace_context_that_is_no_text_does_not_spoil_the_job() -> None:
    (claim,) = read_poll_answer({"jobs": [{"id": "job_1", "job_type": "T", "traceparent": 7}]})
    assert isinstance(claim, Claim)
    assert claim.traceparent is None
