"""Waiting for a state by looking again."""

from __future__ import annotations

from typing import Any

import pytest

from quintet._async.polling import poll_until
from quintet.core.deadline import Deadline
from quintet.core.polling import PollSchedule
from quintet.errors import ConnectionFailure, PollTimeout, StatusError
from quintet.testing import FakeClock


async def run(*seen: Any, clock: FakeClock | None = None, **options: Any) -> Any:
    clock = clock or FakeClock()
    script = list(seen)

    async def look() -> Any:
        step = script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    schedule = PollSchedule(interval=1.0, **options)
    return await poll_until(look, lambda state: state == "done", schedule, clock)


async def test_state_is_returned_when_it_comes() -> None:
    clock = FakeClock()
    assert await run("new", "busy", "done", clock=clock) == "done"
    assert len(clock.sleeps) == 2


async def test_passing_failures_are_put_up_with() -> None:
    hinted = StatusError("slow down", status=429, retry_after=9.0)
    clock = FakeClock()
    assert await run(
        ConnectionFailure("x"),
        StatusError("x", status=503),
        StatusError("x", status=408),
        StatusError("x", status=425),
        hinted,
        "done",
        clock=clock,
    )
    assert max(clock.sleeps) >= 9.0


@pytest.mark.parametrize("error", [StatusError("gone", status=404), StatusError("no", status=401)])
async def test_lasting_failure_ends_the_wait(error: StatusError) -> None:
    with pytest.raises(StatusError):
        await run(error)


async def test_failures_in_a_row_are_bounded() -> None:
    with pytest.raises(ConnectionFailure):
        await run(*[ConnectionFailure("x") for _ in range(1000)])


async def test_deadline_ends_the_wait_with_the_last_state() -> None:
    clock = FakeClock()
    with pytest.raises(PollTimeout) as caught:
        await run(*["busy"] * 100, clock=clock, deadline=Deadline.after(5.0, clock.monotonic()))
    assert caught.value.last == "busy"
    assert clock.monotonic() <= 5.0
