# Generated from tests/e2e/flare/_async/test_worker.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The worker against the real service: the whole life of jobs."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest

from quintet._acompat import sleep
from tests.support.receiver import Receiver
from tests.support.server import ServerProcess
from zeridion_flare import (
    FlareClient,
    FlareWorker,
    JobContext,
    PermanentError,
    WebhookVerifier,
)

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flare")]


def fresh(name: str = "T") -> str:
    """A job type of this test's own, so that tests share a server and nothing else."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def eventually(look: Any, timeout: float = 60.0) -> Any:
    end = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < end, "it did not come true"
        sleep(0.02)
    return found


def reaches(flare: FlareClient, job_id: str, state: str) -> Any:
    end = time.monotonic() + 60
    while True:
        job = flare.get_job(job_id)
        assert job is not None
        if job["state"] == state:
            return job
        assert time.monotonic() < end, f"the job is {job['state']}, not {state}"
        sleep(0.03)


def test_worker_does_jobs_with_progress_that_watchers_see(server: ServerProcess) -> None:
    kind = fresh()
    step = threading.Event()
    worker = FlareWorker()

    @worker.job(kind)
    def handle(payload: dict[str, Any], ctx: JobContext) -> None:
        assert payload == {"n": 1}
        assert dict(ctx.tags) == {"k": "v"}
        ctx.report_progress(0.5)
        assert step.wait(60)
        ctx.report_progress(1.0)

    with FlareClient() as flare:
        job = flare.create_job(job_type=kind, payload={"n": 1}, tags={"k": "v"})
        with worker:
            seen: list[tuple[str, Any]] = []
            for change in flare.watch_job(job["id"]):
                seen.append((change["state"], change["progress"]))
                if change["progress"] == 0.5:
                    step.set()
            assert seen[-1] == ("succeeded", 1.0)
            assert ("processing", 0.5) in seen
        found = flare.get_job(job["id"])
        assert found is not None
        assert (found["attempt"], found["worker_id"]) == (1, worker.worker_id)
        assert found["duration_ms"] is not None


def test_failures_are_retried_later_and_end_in_the_dead_letter(
    server: ServerProcess,
) -> None:
    kind = fresh()
    worker = FlareWorker()
    attempts: list[int] = []

    @worker.job(kind)
    def handle(payload: Any, ctx: JobContext) -> None:
        attempts.append(ctx.attempt)
        raise ValueError(f"attempt {ctx.attempt}")

    with FlareClient() as flare:
        job = flare.create_job(job_type=kind, max_attempts=2)
        with worker:
            waiting = eventually(lambda: attempts == [1]) and reaches(flare, job["id"], "pending")
            assert waiting["run_at"]
            server.advance(120)
            dead = reaches(flare, job["id"], "dead_letter")
            assert (attempts, dead["error_message"]) == ([1, 2], "attempt 2")
            assert dead["error"]["type"] == "ValueError"
            again = flare.retry_job(job["id"])
            assert again is not None
            assert again["attempt"] == 0
            eventually(lambda: attempts == [1, 2, 1])


def test_permanent_errors_fail_at_once(server: ServerProcess) -> None:
    kind = fresh()
    worker = FlareWorker()

    @worker.job(kind)
    def handle(payload: Any) -> None:
        raise PermanentError("no such customer")

    with FlareClient() as flare:
        job = flare.create_job(job_type=kind)
        with worker:
            failed = reaches(flare, job["id"], "failed")
    assert failed["attempt"] == 1


def test_running_job_is_cancelled_by_its_next_heartbeat(server: ServerProcess) -> None:
    kind = fresh()
    reasons: list[str | None] = []
    worker = FlareWorker(heartbeat_interval=0.2)

    @worker.job(kind)
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.cancellation.wait(60)
        reasons.append(ctx.cancellation.reason)
        ctx.raise_if_cancelled()

    with FlareClient() as flare:
        job = flare.create_job(job_type=kind, max_attempts=5)
        with worker:
            reaches(flare, job["id"], "processing")
            asked = flare.cancel_job(job["id"])
            assert asked is not None
            assert asked["state"] == "processing"
            assert asked["cancel_requested_at"]
            reaches(flare, job["id"], "cancelled")
    assert reasons == ["cancelled"]


def test_job_that_lost_its_lease_is_stopped_and_runs_again(server: ServerProcess) -> None:
    kind = fresh()
    reasons: list[str | None] = []
    attempts: list[int] = []
    worker = FlareWorker(heartbeat_interval=1.0)

    @worker.job(kind)
    def handle(payload: Any, ctx: JobContext) -> None:
        attempts.append(ctx.attempt)
        if ctx.attempt == 1:
            ctx.cancellation.wait(60)
            reasons.append(ctx.cancellation.reason)

    with FlareClient() as flare:
        job = flare.create_job(job_type=kind, timeout_seconds=60)
        with worker:
            eventually(lambda: attempts == [1])
            server.advance(3600)  # past every lease
            eventually(lambda: reasons)
            reaches(flare, job["id"], "pending")
            server.advance(3600)  # past the back-off
            reaches(flare, job["id"], "succeeded")
    # Whether the next beat finds it given up, or is told to stop it, is chance.
    assert reasons[0] in ("lease_lost", "timeout", "cancelled")
    assert attempts == [1, 2]


def test_stopping_hands_unfinished_jobs_back_without_using_up_an_attempt(
    server: ServerProcess,
) -> None:
    for grace in (1.0, 6.0, 24.0):  # a third of it is left to obey: more on a machine that is busy
        kind = fresh()
        begun = threading.Event()
        worker = FlareWorker()

        def handle(payload: Any, ctx: JobContext, begun: threading.Event = begun) -> None:
            begun.set()
            ctx.cancellation.wait(60)
            ctx.raise_if_cancelled()

        worker.add(kind, handle)
        with FlareClient() as flare:
            job = flare.create_job(job_type=kind)
            worker.start()
            eventually(begun.is_set)
            code = worker.stop(grace=grace)
            if code == 0:
                found = reaches(flare, job["id"], "pending")
                assert found["attempt"] == 0
                return
    assert code == 0


def test_job_enqueued_while_a_worker_stops_is_not_lost(server: ServerProcess) -> None:
    kind = fresh()
    worker = FlareWorker()
    worker.add(kind, lambda payload: None)
    with FlareClient() as flare:
        worker.start()
        eventually(lambda: (health := worker.health()) and health.registered)
        worker.stop()
        job = flare.create_job(job_type=kind)
        sleep(0.2)
        found = flare.get_job(job["id"])
        assert found is not None
        assert (found["state"], found["attempt"]) == ("pending", 0)
        assert worker.run_until_idle() == 0
        reaches(flare, job["id"], "succeeded")


def test_children_run_after_their_parent(server: ServerProcess) -> None:
    kind = fresh()
    order: list[str] = []
    worker = FlareWorker()
    worker.add(kind, lambda payload: order.append(payload))
    with FlareClient() as flare:
        parent = flare.create_job(job_type=kind, payload="parent")
        children = [
            flare.create_job(job_type=kind, payload="child", parent_job_id=parent["id"])
            for _ in range(2)
        ]
        with worker:
            for child in children:
                reaches(flare, child["id"], "succeeded")
    assert order == ["parent", "child", "child"]


def test_recurring_handler_runs_at_its_ticks(server: ServerProcess) -> None:
    kind = fresh("Nightly")
    ran: list[str] = []
    worker = FlareWorker()

    @worker.recurring(kind, cron="0 3 * * *", timezone="Asia/Kolkata")
    def nightly(ctx: JobContext) -> None:
        ran.append(ctx.job_type)

    with FlareClient() as flare, worker:
        eventually(lambda: (health := worker.health()) and health.registered)
        schedule = flare.get_recurring(f"rjob_{kind}")
        assert schedule["timezone"] == "Asia/Kolkata"  # every day has 24 hours there
        assert not ran
        server.advance(24 * 3600)
        eventually(lambda: ran)
        assert ran == [kind]
        flare.delete_recurring(f"rjob_{kind}")


def test_webhooks_are_signed_delivered_and_rotated(
    server: ServerProcess, receiver: Receiver
) -> None:
    kind = fresh()
    worker = FlareWorker()
    worker.add(kind, lambda payload: None)
    with FlareClient() as flare:
        webhook = flare.create_webhook(url=receiver.url, events=["job.succeeded"])
        verifier = WebhookVerifier(webhook["secret"])
        job = flare.create_job(job_type=kind)
        with worker:
            reaches(flare, job["id"], "succeeded")
        headers, body = eventually(lambda: receiver.deliveries)[0]
        event = verifier.verify(body, headers)
        assert (event["type"], event["data"]["id"]) == ("job.succeeded", job["id"])
        rotated = flare.rotate_webhook_secret(webhook["id"])
        assert rotated["secret"] != webhook["secret"]
        flare.test_webhook(webhook["id"])
        headers, body = eventually(lambda: receiver.deliveries[1:])[0]
        for secret in (webhook["secret"], rotated["secret"]):
            assert WebhookVerifier(secret).is_genuine(body, headers)
        page = flare.list_webhook_deliveries(webhook["id"])
        assert len(page["deliveries"]) == 2
        changed = flare.update_webhook(webhook["id"], enabled=False)
        assert not changed["enabled"]
        assert "secret" not in flare.get_webhook(webhook["id"])
        assert webhook["id"] in [one["id"] for one in flare.list_webhooks()["webhooks"]]
        flare.delete_webhook(webhook["id"])


def test_trace_context_reaches_the_handler_and_the_webhook(
    server: ServerProcess, receiver: Receiver
) -> None:
    kind = fresh()
    trace = f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"
    seen: list[str | None] = []
    worker = FlareWorker()
    worker.add(kind, lambda ctx: seen.append(ctx.traceparent))
    with FlareClient() as flare:
        webhook = flare.create_webhook(url=receiver.url, events=["job.succeeded"])
        job = flare.create_job(job_type=kind, traceparent=trace)
        with worker:
            reaches(flare, job["id"], "succeeded")
        headers, _ = eventually(lambda: receiver.deliveries)[0]
        flare.delete_webhook(webhook["id"])
    assert seen == [trace]
    assert {name.lower(): value for name, value in headers.items()}["traceparent"] == trace


def test_hundreds_of_jobs_are_done_once_each(server: ServerProcess) -> None:
    kind = fresh()
    done: list[int] = []
    worker = FlareWorker(concurrency=10)
    worker.add(kind, lambda payload: done.append(payload["n"]))
    with FlareClient() as flare:
        for number in range(300):
            flare.create_job(job_type=kind, payload={"n": number})
        assert worker.run_until_idle() == 0
    assert sorted(done) == list(range(300))
