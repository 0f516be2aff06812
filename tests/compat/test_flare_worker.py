"""The published `FlareWorker`, unmodified, end to end against our server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.published_client import PublishedClient
from tests.compat.published_worker import PublishedWorker
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("published")]

StartWorker = Callable[[], PublishedWorker]


def ended(published: PublishedClient, job: dict[str, Any], state: str) -> dict[str, Any]:
    """Return the job once it is in that state."""

    def look() -> dict[str, Any] | None:
        now: dict[str, Any] = published.get_job(job["id"])
        return now if now["state"] == state else None

    found = until(look)
    assert found is not None
    return found


def test_job_that_returns_succeeds(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job(
        {"job_type": "compat.succeed", "queue": queue, "payload": {"n": 1, "text": "ü\u0000"}}
    )
    worker = start_worker()
    ran = worker.wait_for("ran", job)
    assert ran["payload"] == {"n": 1, "text": "ü\u0000"}
    assert ran["max_attempts"] == 3
    assert ran["enqueued_at"][:19] == job["created_at"][:19]
    done = ended(published, job, "succeeded")
    assert done["attempt"] == 1
    assert done["started_at"] is not None
    assert done["completed_at"] is not None
    assert done["duration_ms"] >= 0
    assert worker.stop() == 0


def test_job_enqueued_while_the_worker_polls_is_run(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    worker = start_worker()
    first = published.create_job({"job_type": "compat.succeed", "queue": queue})
    worker.wait_for("ran", first)
    ended(published, first, "succeeded")
    second = published.create_job({"job_type": "compat.succeed", "queue": queue})
    worker.wait_for("ran", second)


def test_job_that_raises_waits_and_is_tried_again(
    published: PublishedClient, server: ServerProcess, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job({"job_type": "compat.fail_once", "queue": queue})
    worker = start_worker()
    worker.wait_for("ran", job, attempt=1)
    waiting = ended(published, job, "pending")
    assert waiting["error_message"] == "the first time never works"
    assert waiting["run_at"] > waiting["created_at"]
    assert len(worker.of(job)) == 1
    server.advance(64)  # the first wait is 60 s and up to 3 s of jitter
    worker.wait_for("ran", job, attempt=2)
    assert ended(published, job, "succeeded")["attempt"] == 2


def test_job_out_of_attempts_lands_in_the_dead_letter(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job(
        {"job_type": "compat.fail", "queue": queue, "payload": {"thing": "x"}, "max_attempts": 1}
    )
    worker = start_worker()
    worker.wait_for("ran", job)
    dead = ended(published, job, "dead_letter")
    assert dead["error"]["type"] == "LookupError"
    assert dead["error_message"] == "no such thing: x"
    assert "LookupError: no such thing: x" in dead["error"]["stack_trace"]
    assert dead["completed_at"] is not None
    assert published.retry_job(dead["id"])["state"] == "pending"
    until(lambda: len(worker.of(job)) == 2)


def test_cancel_of_a_running_job_reaches_its_handler(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job({"job_type": "compat.wait", "queue": queue, "payload": {}})
    worker = start_worker()
    worker.wait_for("started", job)
    asked = published.cancel_job(job["id"])
    assert asked["state"] == "processing"
    assert asked["cancel_requested_at"] is not None
    worker.wait_for("stopped", job)
    assert ended(published, job, "cancelled")["attempt"] == 1


def test_job_past_its_timeout_is_stopped_and_counts_as_failed(
    published: PublishedClient, server: ServerProcess, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job(
        {"job_type": "compat.wait", "queue": queue, "payload": {}, "timeout_seconds": 600,
         "max_attempts": 1}
    )  # fmt: skip
    worker = start_worker()
    worker.wait_for("started", job)
    # Past the timeout in two steps with a beat between, because a lease lasts from beat to beat.
    for seconds in (400, 201):
        before = published.get_job(job["id"])["last_heartbeat_at"]
        server.advance(seconds)
        until(lambda: published.get_job(job["id"])["last_heartbeat_at"] != before)  # noqa: B023
    worker.wait_for("stopped", job)
    assert ended(published, job, "dead_letter")["error"]["type"].endswith("JobCancelledError")


def test_timeout_kept_by_the_package_itself_is_a_failure(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job(
        {"job_type": "compat.wait", "queue": queue, "payload": {}, "timeout_seconds": 1,
         "max_attempts": 1}
    )  # fmt: skip
    worker = start_worker()
    worker.wait_for("stopped", job)
    ended(published, job, "dead_letter")


def test_progress_is_seen_while_the_job_runs(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job(
        {"job_type": "compat.wait", "queue": queue, "payload": {"progress": 0.75}}
    )
    start_worker()
    until(lambda: published.get_job(job["id"])["progress"] == 0.75)
    assert published.get_job(job["id"])["last_heartbeat_at"] is not None
    published.cancel_job(job["id"])
    ended(published, job, "cancelled")


def test_dataclass_and_pydantic_payloads_arrive_typed(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    letter = published.create_job(
        {"job_type": "compat.dataclass", "queue": queue,
         "payload": {"to": {"street": "Elm", "number": 4}, "unknown": 1}}
    )  # fmt: skip
    order = published.create_job(
        {"job_type": "compat.pydantic", "queue": queue, "payload": {"amount": 2, "items": ["a"]}}
    )
    worker = start_worker()
    assert worker.wait_for("ran", letter)["seen"] == ["Elm", 4, "none"]
    assert worker.wait_for("ran", order)["seen"] == [2.0, ["a"]]


def test_recurring_job_is_registered_and_ticks(
    published: PublishedClient, server: ServerProcess, queue: str, start_worker: StartWorker
) -> None:
    worker = start_worker()
    first = published.create_job({"job_type": "compat.succeed", "queue": queue})
    worker.wait_for("ran", first)  # it registers before it polls
    server.advance(3600)

    def ticks() -> list[dict[str, Any]]:
        return [event for event in worker.events if event["event"] == "ticked"]

    assert len(until(ticks)) == 1
    job = ended(published, ticks()[0], "succeeded")
    assert job["queue"] == queue
    assert job["recurring_job_id"] == f"rjob_compat_tick_{queue}"
    server.advance(3600)
    until(lambda: len(ticks()) == 2)


def test_job_of_a_killed_worker_is_given_to_another(
    published: PublishedClient, server: ServerProcess, queue: str, start_worker: StartWorker
) -> None:
    job = published.create_job(
        {"job_type": "compat.wait", "queue": queue, "payload": {}, "timeout_seconds": 30}
    )
    first = start_worker()
    first.wait_for("started", job)
    until(lambda: published.get_job(job["id"])["last_heartbeat_at"])
    first.kill()
    server.advance(91)  # the hard bound: timeout and a minute of grace
    waiting = ended(published, job, "pending")
    assert waiting["error"]["type"] == "LeaseExpired"
    second = start_worker()
    server.advance(64)
    second.wait_for("started", job, attempt=2)
    published.cancel_job(job["id"])
    ended(published, job, "cancelled")


def test_worker_asked_to_stop_finishes_its_job_and_exits_well(
    published: PublishedClient, queue: str, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job = published.create_job({"job_type": "compat.succeed", "queue": queue})
    worker.wait_for("ran", job)
    assert worker.stop() == 0
    assert ended(published, job, "succeeded")["attempt"] == 1
