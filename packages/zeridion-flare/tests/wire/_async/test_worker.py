"""The worker on real sockets, threads and tasks: what the core decided does happen."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest

from quintet._acompat import ASYNC
from zeridion_flare import (
    AsyncFlareClient,
    AsyncFlareWorker,
    FlareConfigurationError,
    JobContext,
)

from ..service import FakeFlare, drop_connection
from .rig import acked, eventually

pytestmark = pytest.mark.wire


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


async def test_run_until_idle_returns_when_nothing_is_left(flare: FakeFlare) -> None:
    worker = AsyncFlareWorker(concurrency=2)
    done: list[str] = []
    worker.add("T", lambda payload, ctx: done.append(ctx.job_id))
    for number in range(5):
        flare.enqueue(f"job_{number}")
    assert await worker.run_until_idle() == 0
    assert sorted(done) == [f"job_{number}" for number in range(5)]
    assert len(flare.acks()) == 5


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
