# Generated from tests/unit/_async/test_sync_start.py by tools/async_to_sync; edit the source and run scripts/fix.
"""A start that waits for its end, over a connection that breaks meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import ConflictError, RequestTimeoutError
from quintet.errors import ConnectionFailure
from quintet.testing import FakeClock

from .rig import client, header, ok, refused, run

LOST = ConnectionFailure("the peer is gone", progress=2)
BUSY = refused(409, "idempotency_in_progress", headers={"Retry-After": "1"})


def test_start_ends_in_the_run_while_the_service_is_still_at_the_first_request() -> None:
    clock = FakeClock()
    am, transport = client(LOST, *[BUSY] * 40, ok(run("complete")), clock=clock)
    started: Any = am.agents.start("researcher", "Look", wait=True)
    assert started["status"] == "complete"
    keys = {header(transport, "Idempotency-Key", n) for n in range(42)}
    assert len(keys) == 1
    assert None not in keys
    assert 39 <= sum(clock.sleeps) < 65


def test_start_keeps_a_key_of_ones_own_meanwhile() -> None:
    am, transport = client(LOST, *[BUSY] * 9, ok(run("complete")))
    am.agents.start("researcher", "Look", wait=True, idempotency_key="mine")
    assert {header(transport, "Idempotency-Key", n) for n in range(11)} == {"mine"}


def test_start_does_not_wait_longer_than_one_attempt_may_take() -> None:
    clock = FakeClock()
    am, _ = client(LOST, *[BUSY] * 300, clock=clock)
    with pytest.raises(RequestTimeoutError, match="still at an earlier attempt") as caught:
        am.agents.start("researcher", "Look", wait=True)
    assert 60 <= sum(clock.sleeps) <= 70
    assert caught.value.outcome_unknown
    assert isinstance(caught.value.__cause__, ConflictError)


def test_start_keeps_to_the_deadline_of_the_call() -> None:
    clock = FakeClock()
    am, _ = client(LOST, *[BUSY] * 300, clock=clock, deadline=10.0)
    with pytest.raises(RequestTimeoutError):
        am.agents.start("researcher", "Look", wait=True)
    assert sum(clock.sleeps) <= 10


def test_start_that_does_not_wait_is_told_of_the_conflict() -> None:
    am, transport = client(*[BUSY] * 4)
    with pytest.raises(ConflictError):
        am.agents.start("researcher", "Look")
    assert len(transport.requests) == 4


def test_other_conflicts_are_told_at_once() -> None:
    am, transport = client(refused(409, "idempotency_conflict"))
    with pytest.raises(ConflictError):
        am.agents.start("researcher", "Look", wait=True, idempotency_key="used")
    assert len(transport.requests) == 1
