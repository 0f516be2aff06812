# Generated from tests/unit/_async/test_polling.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Waiting for a state by looking again."""

from __future__ import annotations

from typing import Any

import pytest

from quintet._sync.polling import poll_until
from quintet.core.deadline import Deadline
from quintet.core.polling import PollSchedule
from quintet.errors import ConnectionFailure, PollTimeout, StatusError
from quintet.testing import FakeClock


def run(*seen: Any, clock: FakeClock | None = None, **options: Any) -> Any:
    clock = clock or FakeClock()
    script = list(seen)

    def look() -> Any:
        step = script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    schedule = PollSchedule(interval=1.0, **options)
    return poll_until(look, lambda state: state == "done", schedule, clock)


def test_state_is_returned_when_it_comes() -> None:
    clock = FakeClock()
    assert run("new", "busy", "done", clock=clock) == "done"
    assert len(clock.sleeps) == 2


def test_passing_failures_are_put_up_with() -> None:
    hinted = StatusError("slow down", status=429, retry_after=9.0)
    clock = FakeClock()
    assert run(
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
def test_lasting_failure_ends_the_wait(error: StatusError) -> None:
    with pytest.raises(StatusError):
        run(error)


def test_failures_in_a_row_are_bounded() -> None:
    with pytest.raises(ConnectionFailure):
        run(*[ConnectionFailure("x") for _ in range(1000)])


def test_deadline_ends_the_wait_with_the_last_state() -> None:
    clock = FakeClock()
    with pytest.raises(PollTimeout) as caught:
        run(*["busy"] * 100, clock=clock, deadline=Deadline.after(5.0, clock.monotonic()))
    assert caught.value.last == "busy"
    assert clock.monotonic() <= 5.0
