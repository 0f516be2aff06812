"""The worker on real sockets, threads and tasks: what the core decided does happen."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from quintet._acompat import ASYNC, asleep
from zeridion_flare import (
    AsyncFlareClient,
    AsyncFlareWorker,
    FlareConfigurationError,
    JobContext,
    JobRegistry,
    PermanentError,
    WorkerEvent,
)
from zeridion_flare.worker import ErrorReport

from ..coroutines import (
    append,
    endless_handler,
    naming_handler,
    raising_handler,
    sleeping_handler,
    waiting_handler,
)
from ..service import FakeFlare, drop_connection

pytestmark = pytest.mark.wire


@dataclasses.dataclass
class Line:
    name: str


@dataclasses.dataclass
class Order:
    lines: list[Line]


async def eventually(condition: Any, timeout: float = 10.0) -> Any:
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        await asleep(0.01)
    return found


async def acked(flare: FakeFlare, job_id: str = "job_1") -> dict[str, Any]:
    found: dict[str, Any] = await eventually(lambda: flare.acks().get(job_id))
    return found


async def test_w20_worker_registers_with_its_host_polls_runs_and_acks(flare: FakeFlare) -> None:
    seen: list[Any] = []
    worker = AsyncFlareWorker(hostname="box.example")

    @worker.job("T", queue="mail")
    def handle(payload: dict[str, Any], ctx: JobContext) -> None:
        seen.append((payload, ctx.job_id, ctx.attempt, ctx.max_attempts, ctx.job_type))
        assert ctx.enqueued_at is not None
        assert ctx.enqueued_at.isoformat() == "2026-01-01T00:00:00.123456+00:00"

    flare.enqueue(payload={"a": 1})
    async with worker:
        ack = await acked(flare)
        await eventually(lambda: worker.health().registered)  # type: ignore[union-attr]
    assert seen == [({"a": 1}, "job_1", 1, 3, "T")]
    assert (ack["status"], ack["attempt"], ack["worker_id"]) == ("succeeded", 1, worker.worker_id)
    (register,) = flare.bodies("register")
    assert register["queues"] == ["mail"]
    assert register["job_types"] == ["T"]
    assert register["hostname"] == "box.example"
    assert register["sdk_version"]
    assert "recurring_schedules" not in register
    assert worker.exit_code == 0


async def test_w1_noop_jobs_follow_each_other_without_pause(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker(concurrency=1)
    worker.add("T", lambda payload: None)
    for number in range(40):
        flare.enqueue(f"job_{number}")
    began = time.monotonic()
    async with worker:
        await eventually(lambda: len(flare.acks()) == 40)
    assert time.monotonic() - began < 4.0  # the published worker takes 78 s


async def test_w2_job_starts_at_once_after_an_empty_long_poll(flare: FakeFlare) -> None:
    flare.hold = 0.3
    started: list[float] = []
    worker = AsyncFlareWorker(poll_wait=0.3)
    worker.add("T", lambda payload: started.append(time.monotonic()))
    async with worker:
        await eventually(lambda: len(flare.times["poll"]) >= 3)
        enqueued = time.monotonic()
        flare.enqueue()
        await acked(flare)
    assert started[0] - enqueued < 0.25


async def test_w3_stop_breaks_off_the_open_poll(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    await worker.start()
    await eventually(lambda: flare.open_polls == 1)
    began = time.monotonic()
    assert await worker.stop() == 0
    assert time.monotonic() - began < 1.0
    await eventually(lambda: flare.gone_polls == 1)  # so the server claims nothing for it


async def test_w5_stop_is_bounded_by_its_grace_and_trips_the_token(flare: FakeFlare) -> None:
    reasons: list[str | None] = []
    release = threading.Event()
    worker = AsyncFlareWorker()

    @worker.job("T")
    def stubborn(payload: Any, ctx: JobContext) -> None:
        ctx.cancellation.wait()
        reasons.append(ctx.cancellation.reason)
        release.wait(30)

    flare.enqueue()
    await worker.start()
    await eventually(lambda: worker.health().running == 1)  # type: ignore[union-attr]
    began = time.monotonic()
    assert await worker.stop(grace=0.6) == 3
    assert 0.5 < time.monotonic() - began < 2.5
    assert reasons == ["shutdown"]
    assert not flare.acks()
    release.set()


async def test_w5_job_that_ends_while_draining_is_acked(flare: FakeFlare) -> None:
    go = threading.Event()
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: go.wait(10) and None)
    flare.enqueue()
    await worker.start()
    await eventually(lambda: worker.health().running == 1)  # type: ignore[union-attr]
    threading.Timer(0.3, go.set).start()
    assert await worker.stop() == 0
    assert flare.acks()["job_1"]["status"] == "succeeded"


async def test_w6_async_handler_is_awaited(flare: FakeFlare) -> None:
    ran: list[str] = []
    worker = AsyncFlareWorker()
    worker.add("T", sleeping_handler(ran))
    flare.enqueue()
    async with worker:
        assert (await acked(flare))["status"] == "succeeded"
    assert ran == ["job_1"]


async def test_w6_coroutine_from_a_plain_function_is_awaited(flare: FakeFlare) -> None:
    ran: list[str] = []
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: append(ran, "done"))
    flare.enqueue()
    async with worker:
        assert (await acked(flare))["status"] == "succeeded"
    assert ran == ["done"]


async def test_w6_failing_coroutine_from_a_plain_function_is_a_failure(flare: FakeFlare) -> None:
    inner = raising_handler(KeyError("x"))
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: inner(payload))
    flare.enqueue()
    async with worker:
        assert (await acked(flare))["error"]["type"] == "KeyError"


@pytest.mark.parametrize("fault", [(500, {}), (503, {}), drop_connection])
async def test_w7_finished_job_is_acked_until_it_is_taken(flare: FakeFlare, fault: Any) -> None:
    runs: list[int] = []
    flare.faults["ack"].extend([fault] * 3)
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: runs.append(1))
    flare.enqueue()
    async with worker:
        await eventually(lambda: len(flare.bodies("ack")) == 4)
    assert runs == [1]
    first, *rest = flare.bodies("ack")
    assert all(body == first for body in rest)


async def test_w8_next_job_runs_while_the_ack_hangs(flare: FakeFlare) -> None:
    release = threading.Event()

    def hang(handler: Any) -> None:
        release.wait(10)
        handler.send(200, {"action": "done"})

    flare.faults["ack"].append(hang)
    worker = AsyncFlareWorker(concurrency=1)
    started: list[str] = []
    worker.add("T", lambda payload: started.append(payload["name"]))
    flare.enqueue("job_1", payload={"name": "first"})
    flare.enqueue("job_2", payload={"name": "second"})
    async with worker:
        await eventually(lambda: started == ["first", "second"])
        release.set()


async def test_w9_slow_heartbeats_do_not_delay_the_handler(flare: FakeFlare) -> None:
    started: list[float] = []

    def slow(handler: Any) -> None:
        time.sleep(1.0)
        handler.send(200, {"status": "ok"})

    flare.faults["heartbeat"].extend([slow] * 3)
    worker = AsyncFlareWorker(heartbeat_interval=0.1)
    worker.add("T", lambda payload: started.append(time.monotonic()))
    async with worker:
        await eventually(lambda: flare.open_polls == 1)
        began = time.monotonic()
        flare.enqueue()
        await acked(flare)
    assert started[0] - began < 0.5


async def test_w10_twenty_jobs_need_no_threads_beyond_their_own(flare: FakeFlare) -> None:
    release = threading.Event()
    worker = AsyncFlareWorker(concurrency=20)
    worker.add("T", lambda payload: release.wait(10) and None)
    before = threading.active_count()
    for number in range(20):
        flare.enqueue(f"job_{number}")
    async with worker:
        await eventually(lambda: worker.health().running == 20)  # type: ignore[union-attr]
        ours = [t for t in threading.enumerate() if t.name.startswith("flare-")]
        assert len([t for t in ours if t.name.startswith("flare-job")]) <= 20
        assert len(ours) <= 20 + 3
        release.set()
        await eventually(lambda: len(flare.acks()) == 20)
    assert before >= 1


async def test_w11_cancel_reaches_a_job_with_a_long_timeout_within_a_beat(
    flare: FakeFlare,
) -> None:
    worker = AsyncFlareWorker(heartbeat_interval=0.2)
    reasons: list[str | None] = []

    @worker.job("T")
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.cancellation.wait(10)
        reasons.append(ctx.cancellation.reason)
        ctx.raise_if_cancelled()

    flare.enqueue(timeout_seconds=86_400)
    flare.cancelled.add("job_1")
    async with worker:
        ack = await acked(flare)
    assert (ack["status"], reasons) == ("cancelled", ["cancelled"])
    assert "error" not in ack


async def test_w12_progress_reported_at_the_end_reaches_the_server_before_the_ack(
    flare: FakeFlare,
) -> None:
    worker = AsyncFlareWorker()

    @worker.job("T")
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.report_progress(0.5)
        ctx.progress(1.0)

    flare.enqueue()
    async with worker:
        await acked(flare)
    names = [name for name, _ in flare.calls if name in ("heartbeat", "ack")]
    assert names == ["heartbeat", "ack"]
    assert flare.bodies("heartbeat")[0]["progress"] == 1.0


async def test_w12_progress_of_a_running_job_arrives_within_a_second(flare: FakeFlare) -> None:
    release = threading.Event()
    worker = AsyncFlareWorker()

    @worker.job("T")
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.report_progress(0.25)
        release.wait(10)

    flare.enqueue()
    async with worker:
        await eventually(lambda: flare.bodies("heartbeat"), timeout=1.0)
        assert flare.bodies("heartbeat")[0]["progress"] == 0.25
        release.set()


async def test_w13_lost_lease_stops_the_handler_and_is_not_acked(flare: FakeFlare) -> None:
    reasons: list[str | None] = []
    worker = AsyncFlareWorker(heartbeat_interval=0.1)

    @worker.job("T")
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.cancellation.wait(10)
        reasons.append(ctx.cancellation.reason)

    flare.lost.add("job_1")
    flare.enqueue()
    flare.enqueue("job_2", payload=None)
    flare.cancelled.add("job_2")
    async with worker:
        await acked(flare, "job_2")
        await eventually(lambda: len(reasons) == 2)
    assert sorted(map(str, reasons)) == ["cancelled", "lease_lost"]
    assert "job_1" not in flare.acks()


async def test_w14_timeout_is_acked_as_a_failure_even_if_the_handler_returns(
    flare: FakeFlare,
) -> None:
    worker = AsyncFlareWorker()

    @worker.job("T", timeout=0.2)
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.cancellation.wait(10)
        assert ctx.cancellation.reason == "timeout"

    flare.enqueue()
    async with worker:
        ack = await acked(flare)
    assert (ack["status"], ack["error"]["type"]) == ("failed", "JobTimeoutError")


async def test_async_handler_that_ignores_its_timeout_is_interrupted(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker(interrupt_delay=0.1)
    cleaned: list[bool] = []

    worker.add("T", endless_handler(cleaned), timeout=0.1)
    flare.enqueue()
    async with worker:
        ack = await acked(flare)
    assert (ack["status"], ack["error"]["type"]) == ("failed", "JobTimeoutError")
    assert cleaned == [True]


async def test_async_handler_can_wait_for_its_token(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()
    seen: list[tuple[bool, bool]] = []
    worker.add("T", waiting_handler(seen), timeout=0.3)
    flare.enqueue()
    async with worker:
        await acked(flare)
    assert seen == [(False, True)]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_w15_exit_in_a_handler_is_a_failure(
    flare: FakeFlare, kind: type[BaseException]
) -> None:
    worker = AsyncFlareWorker()

    @worker.job("T")
    def blocking(payload: Any) -> None:
        raise kind("bye")

    worker.add("A", raising_handler(kind("bye")))
    flare.enqueue()
    flare.enqueue("job_2", "A")
    async with worker:
        for job_id in ("job_1", "job_2"):
            ack = await acked(flare, job_id)
            assert (ack["status"], ack["error"]["type"]) == ("failed", kind.__name__)


@pytest.mark.parametrize("answer", [[], "x", b"<html>", {"jobs": 5}])
async def test_w16_malformed_poll_answers_do_not_end_the_worker(
    flare: FakeFlare, answer: Any
) -> None:
    flare.faults["poll"].append((200, answer))
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    flare.enqueue()
    async with worker:
        await acked(flare)


async def test_w17_malformed_item_is_acked_as_a_permanent_failure(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    flare.put({"id": "job_9", "attempt": 2})
    flare.put("nonsense")
    flare.enqueue()
    async with worker:
        await acked(flare)
        ack = await acked(flare, "job_9")
    assert ack["error"]["retryable"] is False


async def test_w18_refused_key_ends_the_worker_with_a_failing_exit_code(
    flare: FakeFlare,
) -> None:
    refusal = (401, {"error": {"code": "unauthorized", "message": "the key is revoked"}})
    for name in ("register", "poll"):
        flare.faults[name].extend([refusal] * 10)
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    assert await worker.run(handle_signals=False) == 1
    health = worker.health()
    assert health is not None
    assert "revoked" in (health.fatal_error or "")
    assert len(flare.bodies("poll")) + len(flare.bodies("register")) <= 4


async def test_w18_poll_honours_retry_after(flare: FakeFlare) -> None:
    def busy(handler: Any) -> None:
        handler.send(429, {"error": {"code": "rate_limit_exceeded"}}, Retry_After="1")

    flare.faults["poll"].append(busy)
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    async with worker:
        await eventually(lambda: len(flare.times["poll"]) >= 2)
    first, second = flare.times["poll"][:2]
    assert second - first >= 1.0


async def test_w19_registration_is_repeated_until_accepted(flare: FakeFlare) -> None:
    flare.faults["register"].append((500, {}))
    worker = AsyncFlareWorker()
    worker.recurring("R", cron="*/5 * * * *", timezone="Europe/Berlin")(lambda: None)
    worker.add("T", lambda payload: None)
    flare.enqueue()
    async with worker:
        await acked(flare)  # the worker works meanwhile
        await eventually(lambda: len(flare.bodies("register")) == 2)
        await eventually(lambda: worker.health().ok)  # type: ignore[union-attr]
    assert flare.bodies("register")[1]["recurring_schedules"] == [
        {
            "job_type": "R",
            "cron_expression": "*/5 * * * *",
            "queue": "default",
            "timezone": "Europe/Berlin",
        }
    ]


async def test_w19_worker_registers_again_after_an_outage(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    flare.faults["poll"].append(drop_connection)
    flare.enqueue()
    async with worker:
        await acked(flare)
        await eventually(lambda: len(flare.bodies("register")) == 2)


async def test_w22_error_is_the_raised_one_with_its_chain_and_without_our_frames(
    flare: FakeFlare,
) -> None:
    worker = AsyncFlareWorker()

    @worker.job("T")
    def handle(payload: Any) -> None:
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("outer") from error

    flare.enqueue()
    async with worker:
        error = (await acked(flare))["error"]
    assert (error["type"], error["message"]) == ("RuntimeError", "outer")
    assert "ValueError: invalid literal" in error["stack_trace"]
    assert "_invocation.py" not in error["stack_trace"]
    assert error["stack_trace"].rstrip().endswith("RuntimeError: outer")


async def test_w22_error_reports_can_be_redacted(flare: FakeFlare) -> None:
    def hide(report: ErrorReport) -> ErrorReport:
        return dataclasses.replace(report, message="hidden", stack_trace=None)

    worker = AsyncFlareWorker(redact=hide)
    worker.add("T", lambda payload: 1 / 0 and None)
    flare.enqueue()
    async with worker:
        error = (await acked(flare))["error"]
    assert error == {"type": "ZeroDivisionError", "message": "hidden"}


async def test_failure_is_one_redacted_line_and_its_trace_is_for_debugging(
    flare: FakeFlare, caplog: pytest.LogCaptureFixture
) -> None:
    def hide(report: ErrorReport) -> ErrorReport:
        return dataclasses.replace(report, message="hidden", stack_trace="the trace")

    caplog.set_level(logging.DEBUG, "zeridion_flare.worker")
    worker = AsyncFlareWorker(redact=hide)
    worker.add("T", lambda payload: int("hunter2") and None)
    flare.enqueue(attempt=3)
    async with worker:
        await acked(flare)
    records = [r for r in caplog.records if r.name == "zeridion_flare.worker"]
    (line,) = [r.getMessage() for r in records if r.levelno >= logging.WARNING]
    assert line == "job job_1 (T): failed for good on attempt 3/3: ValueError: hidden"
    (trace,) = [r for r in records if "the trace" in r.getMessage()]
    assert trace.levelno == logging.DEBUG
    assert "hunter2" not in caplog.text


async def test_w23_permanent_error_is_not_retryable(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()

    @worker.job("T")
    def handle(payload: Any) -> None:
        raise PermanentError("no such customer")

    flare.enqueue()
    async with worker:
        assert (await acked(flare))["error"]["retryable"] is False


async def test_w24_stopped_worker_can_start_again(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    async with worker:
        with pytest.raises(FlareConfigurationError, match="runs already"):
            await worker.start()
    flare.enqueue()
    async with worker:
        await acked(flare)
    assert await worker.stop() == 0


async def test_w25_payload_that_does_not_fit_is_a_permanent_failure(flare: FakeFlare) -> None:
    seen: list[Any] = []
    worker = AsyncFlareWorker()

    @worker.job("T")
    def handle(payload: Order) -> None:
        seen.append(payload)

    flare.enqueue(payload={"lines": [{"name": "a"}]})
    flare.enqueue("job_2", payload={"lines": [{}]})
    async with worker:
        assert (await acked(flare))["status"] == "succeeded"
        error = (await acked(flare, "job_2"))["error"]
    assert seen == [Order([Line("a")])]
    assert error["retryable"] is False
    assert "payload.lines[0].name is missing" in error["message"]


async def test_w28_hooks_and_wrappers_see_every_job(flare: FakeFlare) -> None:
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

    worker = AsyncFlareWorker(hooks=[broken_hook, events.append], around=[around])

    @worker.on("job_dead_lettered")
    def alarm(event: WorkerEvent) -> None:
        dead.append(event.job_id)

    @worker.job("T")
    def handle(payload: Any) -> None:
        order.append("handler")
        raise ValueError("broken")

    flare.enqueue(attempt=3)
    async with worker:
        await eventually(lambda: dead)
    assert order == ["in job_1", "handler", "out"]
    assert dead == ["job_1"]
    finished = next(event for event in events if event.name == "job_finished")
    assert (finished.status, finished.attempt, finished.will_retry) == ("failed", 3, False)
    assert finished.duration_seconds is not None


async def test_run_until_idle_returns_when_nothing_is_left(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker(concurrency=2)
    done: list[str] = []
    worker.add("T", lambda payload, ctx: done.append(ctx.job_id))
    for number in range(5):
        flare.enqueue(f"job_{number}")
    assert await worker.run_until_idle() == 0
    assert sorted(done) == [f"job_{number}" for number in range(5)]
    assert len(flare.acks()) == 5


async def test_blocking_and_async_handlers_work_side_by_side(flare: FakeFlare) -> None:
    names: list[str] = []
    worker = AsyncFlareWorker()

    @worker.job("T")
    def blocking(payload: Any) -> None:
        time.sleep(0.05)
        names.append(threading.current_thread().name)

    worker.add("A", naming_handler(names))
    flare.enqueue()
    flare.enqueue("job_2", "A")
    async with worker:
        await acked(flare)
        await acked(flare, "job_2")
    assert any(name.startswith("flare-job") for name in names)
    if ASYNC:
        assert threading.main_thread().name in names
    else:
        assert "flare-async-jobs" in names


async def test_job_logger_carries_the_jobs_identity(
    flare: FakeFlare, caplog: pytest.LogCaptureFixture
) -> None:
    worker = AsyncFlareWorker()

    @worker.job("T")
    def handle(payload: Any, ctx: JobContext) -> None:
        ctx.logger.warning("hello")

    flare.enqueue()
    with caplog.at_level(logging.INFO):
        async with worker:
            await acked(flare)
    (record,) = [r for r in caplog.records if r.message == "hello"]
    assert (record.job_id, record.job_type, record.attempt) == ("job_1", "T", 1)  # type: ignore[attr-defined]


async def test_unknown_job_type_is_a_retryable_failure(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker()
    worker.add("T", lambda payload: None)
    flare.enqueue(job_type="Other")
    async with worker:
        error = (await acked(flare))["error"]
    assert error["type"].endswith("UnknownJobTypeError")
    assert "retryable" not in error


async def test_handlers_of_a_registry_are_taken_over(flare: FakeFlare) -> None:
    jobs = JobRegistry()
    jobs.add("T", lambda payload: None, queue="q")
    worker = AsyncFlareWorker(handlers=jobs)
    flare.enqueue()
    async with worker:
        await acked(flare)
    assert flare.bodies("poll")[0]["queues"] == ["q"]


async def test_given_client_stays_open(flare: FakeFlare) -> None:
    client = AsyncFlareClient()
    worker = AsyncFlareWorker(client=client)
    worker.add("T", lambda payload: None)
    flare.enqueue()
    async with worker:
        await acked(flare)
    await client.register_worker(worker_id="w", queues=["q"], job_types=[])
    await client.aclose()


def test_worker_without_a_key_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLARE_API_KEY", raising=False)
    with pytest.raises(FlareConfigurationError, match="FLARE_API_KEY"):
        AsyncFlareWorker()


async def test_worker_without_handlers_does_not_start(flare: FakeFlare) -> None:
    with pytest.raises(FlareConfigurationError, match="at least one handler"):
        await AsyncFlareWorker().start()


def test_w21_made_worker_id_is_short_and_allowed(flare: FakeFlare) -> None:
    worker_id = AsyncFlareWorker(hostname="ü" * 40 + ".example." + "x" * 300).worker_id
    assert len(worker_id) <= 100
    assert worker_id.replace("_", "").replace("-", "").isalnum()
    assert worker_id.isascii()


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"concurrency": True},
        {"heartbeat_interval": 16},
        {"heartbeat_interval": 0},
        {"poll_wait": 31},
        {"shutdown_grace": -1},
        {"worker_id": "has space"},
        {"worker_id": "x" * 201},
    ],
)
def test_options_out_of_range_are_refused(flare: FakeFlare, options: dict[str, Any]) -> None:
    with pytest.raises(FlareConfigurationError):
        AsyncFlareWorker(**options)


@pytest.mark.parametrize("seconds", ["1", "0.1"])
def test_w27_no_environment_variable_changes_the_heartbeat(
    flare: FakeFlare, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    for name in ("FLARE_HEARTBEAT_INTERVAL", "ZERIDION_HEARTBEAT_FLOOR"):
        monkeypatch.setenv(name, seconds)
    plan = AsyncFlareWorker()._plan(30.0, False)
    assert plan.heartbeat_interval == 10.0


async def test_worker_on_a_foreign_engine_stops_within_its_short_polls(
    flare: FakeFlare, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ASYNC:
        given = httpx.AsyncClient(timeout=60)
    else:
        monkeypatch.setattr("zeridion_flare._sync.worker.UNABORTABLE_HOLD", 0.3)
        given = httpx.Client(timeout=60)
    client = AsyncFlareClient(http_client=given)
    worker = AsyncFlareWorker(client=client)
    worker.add("T", lambda payload: None)
    flare.enqueue()
    async with worker:
        await acked(flare)
        await eventually(lambda: flare.open_polls == 1)
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
    if ASYNC:
        assert "wait_seconds" not in flare.bodies("poll")[0]
    else:
        assert flare.bodies("poll")[0]["wait_seconds"] == 0.3
    await client.aclose()
    await given.aclose()
