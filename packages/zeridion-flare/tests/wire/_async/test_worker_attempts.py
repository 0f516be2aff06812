"""Attempts under way: beats, progress, cancellation, time limits, acknowledgements."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from zeridion_flare import (
    AsyncFlareWorker,
    JobContext,
)

from ..coroutines import (
    endless_handler,
    waiting_handler,
)
from ..service import FakeFlare, drop_connection
from .rig import acked, eventually

pytestmark = pytest.mark.wire


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
