"""When an execution has nothing left to do but to wait."""

from __future__ import annotations

from datetime import UTC, datetime

from quintet_server.services.flowmaestro.executions.idleness import Idleness

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


def test_idle_only_when_all_that_is_under_way_waits() -> None:
    idleness: Idleness[str] = Idleness()
    assert not idleness.is_idle
    idleness.enter(2)
    with idleness.waiting("w", UNTIL):
        assert not idleness.is_idle and idleness.waits == {"w": UNTIL}
        assert not idleness.stir.is_set()
        idleness.leave(1)
        assert idleness.is_idle and idleness.stir.is_set()
    assert not idleness.is_idle and idleness.waits == {}


def test_loop_around_a_wait_is_idle_with_it() -> None:
    idleness: Idleness[str] = Idleness()
    idleness.enter(1)  # the loop
    with idleness.delegating():
        idleness.enter(1)  # the node in it
        assert not idleness.is_idle
        with idleness.reviewing("r", "question"):
            assert idleness.is_idle and idleness.reviews == {"r": "question"}
