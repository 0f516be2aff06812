"""Waiting for an execution to end."""

from __future__ import annotations

from typing import Any

import pytest

from flowmaestro import (
    ConfigurationError,
    FlowMaestroTimeoutError,
    NotFoundError,
    ServerError,
    WaitTimeoutError,
)
from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.testing import FakeClock

from .rig import client, ok, refused, reply


def execution(status: str, **more: Any) -> Any:
    return ok({"id": "exec_1", "status": status, "outputs": None, "error": None, **more})


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_execution_itself_is_returned_however_it_ended(status: str) -> None:
    clock = FakeClock()
    fm, _ = client(
        execution("pending"), execution("running"), execution(status, outputs={"a": 1}), clock=clock
    )
    result = await fm.executions.wait_for_completion("exec_1")
    assert (result["status"], result["outputs"]) == (status, {"a": 1})
    assert clock.sleeps == [1.0, 1.0]


async def test_interval_stays_as_it_is_asked_for() -> None:
    clock = FakeClock()
    fm, _ = client(*[execution("running")] * 4, execution("completed"), clock=clock)
    await fm.executions.wait_for_completion("exec_1", poll_interval=0.25, timeout=60)
    assert clock.sleeps == [0.25] * 4


async def test_timeout_has_the_last_state() -> None:
    clock = FakeClock()
    fm, _ = client(*[execution("running")] * 99, clock=clock)
    with pytest.raises(WaitTimeoutError, match=r"exec_1 .* within 10 s; it is running") as caught:
        await fm.executions.wait_for_completion("exec_1", timeout=10.0)
    assert caught.value.last["status"] == "running"
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, FlowMaestroTimeoutError)
    assert clock.monotonic() <= 10.0


async def test_long_interval_still_ends_with_a_look() -> None:
    clock = FakeClock()
    fm, transport = client(execution("running"), execution("completed"), clock=clock)
    await fm.executions.wait_for_completion("exec_1", poll_interval=60.0, timeout=20.0)
    assert clock.sleeps == [19.0]
    assert len(transport.requests) == 2


async def test_paused_execution_is_waited_for_unless_asked_otherwise() -> None:
    fm, _ = client(execution("paused"), execution("completed"))
    assert (await fm.executions.wait_for_completion("exec_1"))["status"] == "completed"
    fm, _ = client(execution("running"), execution("paused"))
    result = await fm.executions.wait_for_completion("exec_1", stop_when_paused=True)
    assert result["status"] == "paused"


async def test_passing_failures_are_put_up_with_until_the_end() -> None:
    down = ConnectionFailure("down", progress=0)
    fm, _ = client(
        *[down] * 9, reply(503), reply(500), reply(408), execution("completed"), max_retries=0
    )
    assert (await fm.executions.wait_for_completion("exec_1"))["status"] == "completed"


async def test_lasting_failure_ends_the_wait() -> None:
    fm, transport = client(refused(404, "resource_not_found"))
    with pytest.raises(NotFoundError):
        await fm.executions.wait_for_completion("exec_1")
    assert len(transport.requests) == 1


async def test_wait_without_an_end_gives_up_on_a_dead_service() -> None:
    fm, _ = client(*[reply(503)] * 99, max_retries=0)
    with pytest.raises(ServerError):
        await fm.executions.wait_for_completion("exec_1", timeout=None)


async def test_request_under_way_ends_with_the_wait() -> None:
    clock = FakeClock()
    untils: list[float | None] = []
    fm, transport = client(clock=clock)
    plain = transport.send

    async def send(request: Any, until: float | None, seconds: float | None) -> Any:
        untils.append(until)
        assert until is not None
        clock.advance(until - clock.monotonic())
        transport.add(TimeoutFailure("timed out"))
        return await plain(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    with pytest.raises(WaitTimeoutError) as caught:
        await fm.executions.wait_for_completion("exec_1", timeout=1.0)
    assert untils == [1.0]
    assert clock.monotonic() <= 1.0
    assert caught.value.last is None


class LateClock(FakeClock):
    """Every sleep lasts longer than it was asked to."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.advance(5.0)


async def test_no_look_is_taken_when_a_sleep_outlasted_the_time() -> None:
    fm, transport = client(execution("running"), clock=LateClock())
    with pytest.raises(WaitTimeoutError) as caught:
        await fm.executions.wait_for_completion("exec_1", timeout=2.0)
    assert caught.value.last["status"] == "running"
    assert len(transport.requests) == 1


@pytest.mark.parametrize("options", [{"poll_interval": 0}, {"timeout": 0}, {"timeout": "x"}])
async def test_impossible_schedule_is_refused(options: dict[str, Any]) -> None:
    fm, transport = client()
    with pytest.raises(ConfigurationError):
        await fm.executions.wait_for_completion("exec_1", **options)
    assert not transport.requests
