"""The in-process test mode keeps the service's rules, and time jumps."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from zeridion_flare import (
    ConflictError,
    FlareMisuseError,
    JobContext,
    JobRegistry,
    NotFoundError,
    PermanentError,
)
from zeridion_flare.testing import START, LocalFlare, TooManyRunsError


def local(**handlers: Any) -> LocalFlare:
    jobs = JobRegistry()
    for name, handler in handlers.items():
        jobs.add(name, handler)
    return LocalFlare(jobs)


def test_w28_job_runs_and_succeeds() -> None:
    seen: list[Any] = []
    flare = local(T=lambda payload: seen.append(payload))
    job = flare.create_job(job_type="T", payload={"a": 1}, tags={"k": "v"})
    assert job["state"] == "pending"
    (ended,) = flare.run_until_idle()
    assert (ended["id"], ended["state"], ended["attempt"]) == (job["id"], "succeeded", 1)
    assert seen == [{"a": 1}]
    assert flare.run_until_idle() == []


def test_handlers_see_the_trace_context_of_the_create() -> None:
    seen: list[str | None] = []
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    flare = local(T=lambda ctx: seen.append(ctx.traceparent))
    assert "traceparent" not in flare.create_job(job_type="T", traceparent=trace)
    flare.create_job(job_type="T")
    flare.run_until_idle()
    assert seen == [trace, None]
    with pytest.raises(FlareMisuseError):
        flare.create_job(job_type="T", traceparent="nonsense")


def test_failures_are_retried_with_back_off_and_end_in_the_dead_letter() -> None:
    times: list[Any] = []

    def broken(payload: Any) -> None:
        times.append(flare.now - START)
        raise ValueError("no")

    flare = local(T=broken)
    job = flare.create_job({"job_type": "T"})
    flare.run_until_idle()
    assert times == [timedelta(0), timedelta(seconds=60), timedelta(seconds=180)]
    found = flare.job(job["id"])
    assert (found["state"], found["error_message"]) == ("dead_letter", "no")
    assert found["error"] is not None
    assert found["error"]["type"] == "ValueError"


def test_retried_by_hand_a_job_has_all_its_attempts_again() -> None:
    runs: list[int] = []

    def third_time_lucky(payload: Any, ctx: JobContext) -> None:
        runs.append(ctx.attempt)
        if len(runs) < 3:
            raise ValueError

    flare = local(T=third_time_lucky)
    job = flare.create_job(job_type="T", max_attempts=2)
    flare.run_until_idle()
    assert flare.retry_job(job["id"])["state"] == "pending"
    flare.run_until_idle()
    assert runs == [1, 2, 1]
    assert flare.job(job["id"])["state"] == "succeeded"
    with pytest.raises(ConflictError):
        flare.retry_job(job["id"])


def test_permanent_errors_and_own_limits_end_at_once() -> None:
    def broken(payload: Any) -> None:
        raise PermanentError("never")

    flare = local(T=broken)
    job = flare.create_job(job_type="T")
    flare.run_until_idle()
    assert (flare.job(job["id"])["state"], flare.job(job["id"])["attempt"]) == ("failed", 1)


async def _asynchronous(payload: Any, ctx: JobContext) -> None:
    await asyncio.sleep(0)
    ctx.report_progress(0.5)
    ctx.report_progress(0.25)
    ctx.report_progress(7)


def test_async_handlers_run_in_sync_tests() -> None:
    flare = local(T=_asynchronous, U=lambda payload, ctx: _asynchronous(payload, ctx))
    for name in ("T", "U"):
        job = flare.create_job(job_type=name)
        flare.run_until_idle()
        assert flare.job(job["id"])["state"] == "succeeded"
        assert flare.progress(job["id"]) == [0.5, 1.0]


async def test_async_handlers_run_on_the_loop_of_async_tests() -> None:
    flare = local(T=_asynchronous, U=lambda payload, ctx: _asynchronous(payload, ctx))
    for name in ("T", "U"):
        flare.create_job(job_type=name)
    assert len(await flare.run_until_idle_async()) == 2


def test_children_wait_for_their_parent_and_fall_with_it() -> None:
    order: list[str] = []
    flare = local(T=lambda payload: order.append(payload), F=lambda payload: 1 / 0)
    parent = flare.create_job(job_type="T", payload="parent")
    child = flare.create_job(job_type="T", payload="child", parent_job_id=parent["id"])
    assert child["state"] == "scheduled"
    bad = flare.create_job(job_type="F", max_attempts=1)
    orphan = flare.create_job(job_type="T", payload="orphan", parent_job_id=bad["id"])
    grandchild = flare.create_job(job_type="T", payload="g", parent_job_id=orphan["id"])
    flare.run_until_idle()
    assert order == ["parent", "child"]
    assert flare.job(grandchild["id"])["state"] == "cancelled"
    with pytest.raises(ConflictError) as caught:
        flare.create_job(job_type="T", parent_job_id=bad["id"])
    assert caught.value.code == "parent_terminal"
    with pytest.raises(NotFoundError):
        flare.create_job(job_type="T", parent_job_id="nobody")


def test_time_jumps_to_run_at_and_order_is_by_time() -> None:
    order: list[str] = []
    flare = local(T=lambda payload: order.append(payload))
    flare.create_job(job_type="T", payload="late", run_at=START + timedelta(days=1))
    flare.create_job(job_type="T", payload="early")
    flare.run_until_idle()
    assert order == ["early", "late"]
    assert flare.now == START + timedelta(days=1)


def test_cancelling_stops_waiting_jobs_and_tells_running_ones() -> None:
    def cancelled_while_running(payload: Any, ctx: JobContext) -> None:
        flare.cancel_job(ctx.job_id)
        ctx.raise_if_cancelled()

    flare = local(T=cancelled_while_running)
    waiting = flare.create_job(job_type="T")
    assert flare.cancel_job(waiting["id"])["state"] == "cancelled"
    running = flare.create_job(job_type="T")
    flare.run_until_idle()
    assert flare.job(running["id"])["state"] == "cancelled"
    with pytest.raises(ConflictError):
        flare.cancel_job(running["id"])


def test_same_idempotency_key_is_the_same_job() -> None:
    flare = local(T=lambda: None)
    first = flare.create_job(job_type="T", idempotency_key="k")
    assert flare.create_job(job_type="T", idempotency_key="k")["id"] == first["id"]
    assert len(flare.jobs(state="pending", job_type="T")) == 1


def test_jobs_without_a_handler_are_left_alone() -> None:
    flare = local(T=lambda: None)
    flare.create_job(job_type="Other")
    assert flare.run_until_idle() == []
    assert len(flare.jobs(state="pending")) == 1


def test_handlers_that_enqueue_without_end_are_noticed() -> None:
    flare = local(T=lambda: flare.create_job(job_type="T") and None)
    flare.create_job(job_type="T")
    with pytest.raises(TooManyRunsError):
        flare.run_until_idle(max_runs=10)


async def test_endless_jobs_are_noticed_in_async_tests_too() -> None:
    flare = local(T=lambda: flare.create_job(job_type="T") and None)
    flare.create_job(job_type="T")
    with pytest.raises(TooManyRunsError):
        await flare.run_until_idle_async(max_runs=10)


def test_recurring_jobs_run_when_triggered() -> None:
    ran: list[str] = []
    jobs = JobRegistry()
    jobs.recurring("Nightly", cron="0 3 * * *")(lambda ctx: ran.append(ctx.job_type))
    flare = LocalFlare(jobs)
    flare.trigger("Nightly")
    flare.run_until_idle()
    assert ran == ["Nightly"]
