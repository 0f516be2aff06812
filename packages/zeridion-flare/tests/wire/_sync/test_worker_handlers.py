# Generated from tests/wire/_async/test_worker_handlers.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What a worker makes of its handlers, and of how they end, on real sockets."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from contextlib import contextmanager
from typing import Any

import pytest

from zeridion_flare import (
    FlareWorker,
    JobContext,
    JobRegistry,
    PermanentError,
    WorkerEvent,
)
from zeridion_flare.worker import ErrorReport

from ..coroutines import (
    append,
    naming_handler,
    raising_handler,
    sleeping_handler,
)
from ..service import FakeFlare
from .rig import acked, eventually

pytestmark = pytest.mark.wire


@dataclasses.dataclass
class Line:
    name: str


@dataclasses.dataclass
class Order:
    lines: list[Line]


def test_w6_async_handler_is_awaited(flare: FakeFlare) -> None:
    ran: list[str] = []
    worker = FlareWorker()
    worker.add("T", sleeping_handler(ran))
    flare.enqueue()
    with worker:
        assert acked(flare)["status"] == "succeeded"
    assert ran == ["job_1"]


def test_w6_coroutine_from_a_plain_function_is_awaited(flare: FakeFlare) -> None:
    ran: list[str] = []
    worker = FlareWorker()
    worker.add("T", lambda payload: append(ran, "done"))
    flare.enqueue()
    with worker:
        assert acked(flare)["status"] == "succeeded"
    assert ran == ["done"]


def test_w6_failing_coroutine_from_a_plain_function_is_a_failure(flare: FakeFlare) -> None:
    inner = raising_handler(KeyError("x"))
    worker = FlareWorker()
    worker.add("T", lambda payload: inner(payload))
    flare.enqueue()
    with worker:
        assert acked(flare)["error"]["type"] == "KeyError"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_w15_exit_in_a_handler_is_a_failure(flare: FakeFlare, kind: type[BaseException]) -> None:
    worker = FlareWorker()

    @worker.job("T")
    def blocking(payload: Any) -> None:
        raise kind("bye")

    worker.add("A", raising_handler(kind("bye")))
    flare.enqueue()
    flare.enqueue("job_2", "A")
    with worker:
        for job_id in ("job_1", "job_2"):
            ack = acked(flare, job_id)
            assert (ack["status"], ack["error"]["type"]) == ("failed", kind.__name__)


def test_w17_malformed_item_is_acked_as_a_permanent_failure(flare: FakeFlare) -> None:
    worker = FlareWorker()
    worker.add("T", lambda payload: None)
    flare.put({"id": "job_9", "attempt": 2})
    flare.put("nonsense")
    flare.enqueue()
    with worker:
        acked(flare)
        ack = acked(flare, "job_9")
    assert ack["error"]["retryable"] is False


def test_w22_error_is_the_raised_one_with_its_chain_and_without_our_frames(
    flare: FakeFlare,
) -> None:
    worker = FlareWorker()

    @worker.job("T")
    def handle(payload: Any) -> None:
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("outer") from error

    flare.enqueue()
    with worker:
        error = acked(flare)["error"]
    assert (error["type"], error["message"]) == ("RuntimeError", "outer")
    assert "ValueError: invalid literal" in error["stack_trace"]
    assert "_invocation.py" not in error["stack_trace"]
    assert error["stack_trace"].rstrip().endswith("RuntimeError: outer")


def test_w22_error_reports_can_be_redacted(flare: FakeFlare) -> None:
    def hide(report: ErrorReport) -> ErrorReport:
        return dataclasses.replace(report, message="hidden", stack_trace=None)

    worker = FlareWorker(redact=hide)
    worker.add("T", lambda payload: 1 / 0 and None)
    flare.enqueue()
    with worker:
        error = acked(flare)["error"]
    assert error == {"type": "ZeroDivisionError", "message": "hidden"}


def test_failure_is_one_redacted_line_and_its_trace_is_for_debugging(
    flare: FakeFlare, caplog: pytest.LogCaptureFixture
) -> None:
    def hide(report: ErrorReport) -> ErrorReport:
        return dataclasses.replace(report, message="hidden", stack_trace="the trace")

    caplog.set_level(logging.DEBUG, "zeridion_flare.worker")
    worker = FlareWorker(redact=hide)
    worker.add("T", lambda payload: int("hunter2") and None)
    flare.enqueue(attempt=3)
    with worker:
        acked(flare)
    records = [r for r in caplog.records if r.name == "zeridion_flare.worker"]
    (line,) = [r.getMessage() for r in records if r.levelno >= logging.WARNING]
    assert line == "job job_1 (T): failed for good on attempt 3/3: ValueError: hidden"
    (trace,) = [r for r in records if "the trace" in r.getMessage()]
    assert trace.levelno == logging.DEBUG
    assert "hunter2" not in caplog.text


def test_w23_permanent_error_is_not_retryable(flare: FakeFlare) -> None:
    worker = FlareWorker()

    @worker.job("T")
    def handle(payload: Any) -> None:
        raise PermanentError("no such customer")

    flare.enqueue()
    with worker:
        assert acked(flare)["error"]["retryable"] is False


def test_w25_payload_that_does_not_fit_is_a_permanent_failure(flare: FakeFlare) -> None:
    seen: list[Any] = []
    worker = FlareWorker()

    @worker.job("T")
    def handle(payload: Order) -> None:
        seen.append(payload)

    flare.enqueue(payload={"lines": [{"name": "a"}]})
    flare.enqueue("job_2", payload={"lines": [{}]})
    with worker:
        assert acked(flare)["status"] == "succeeded"
        error = acked(flare, "job_2")["error"]
    assert seen == [Order([Line("a")])]
    assert error["retryable"] is False
    assert "payload.lines[0].name is missing" in error["message"]


def test_w28_hooks_and_wrappers_see_every_job(flare: FakeFlare) -> None:
    events: list[WorkerEvent] = []
    order: list[str] = []
    dead: list[str | None] = []

    @contextmanager
    def around(ctx: JobContext) -> Any:
        order.append(f"in {ctx.job_id}")
        try:
            yield
        finally:
            order.append("out")

    def broken_hook(event: WorkerEvent) -> None:
        raise RuntimeError("a hook must not hurt")

    worker = FlareWorker(hooks=[broken_hook, events.append], around=[around])

    @worker.on("job_dead_lettered")
    def alarm(event: WorkerEvent) -> None:
        dead.append(event.job_id)

    @worker.job("T")
    def handle(payload: Any) -> None:
        order.append("handler")
        raise ValueError("broken")

    flare.enqueue(attempt=3)
    with worker:
        eventually(lambda: dead)
    assert order == ["in job_1", "handler", "out"]
    assert dead == ["job_1"]
    finished = next(event for event in events if event.name == "job_finished")
    assert (finished.status, finished.attempt, finished.will_retry) == ("failed", 3, False)
    assert finished.duration_seconds is not None


def test_blocking_and_async_handlers_work_side_by_side(flare: FakeFlare) -> None:
    names: list[str] = []
    worker = FlareWorker()

    @worker.job("T")
    def blocking(payload: Any) -> None:
        time.sleep(0.05)
        names.append(threading.current_thread().name)

    worker.add("A", naming_handler(names))
    flare.enqueue()
    flare.enqueue("job_2", "A")
    with worker:
        acked(flare)
        acked(flare, "job_2")
    assert any(name.startswith("flare-job") for name in names)
    assert "flare-async-jobs" in names


def test_job_logger_carries_the_jobs_identity(
    flare: FakeFlare, caplog: pytest.LogCaptureFixture
) -> None:
    worker = FlareWorker()

    @worker.job("T")
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.logger.warning("hello")

    flare.enqueue()
    with caplog.at_level(logging.INFO):
        with worker:
            acked(flare)
    (record,) = [r for r in caplog.records if r.message == "hello"]
    assert (record.job_id, record.job_type, record.attempt) == ("job_1", "T", 1)  # type: ignore[attr-defined]


def test_unknown_job_type_is_a_retryable_failure(flare: FakeFlare) -> None:
    worker = FlareWorker()
    worker.add("T", lambda payload: None)
    flare.enqueue(job_type="Other")
    with worker:
        error = acked(flare)["error"]
    assert error["type"].endswith("UnknownJobTypeError")
    assert "retryable" not in error


def test_handlers_of_a_registry_are_taken_over(flare: FakeFlare) -> None:
    jobs = JobRegistry()
    jobs.add("T", lambda payload: None, queue="q")
    worker = FlareWorker(handlers=jobs)
    flare.enqueue()
    with worker:
        acked(flare)
    assert flare.bodies("poll")[0]["queues"] == ["q"]
