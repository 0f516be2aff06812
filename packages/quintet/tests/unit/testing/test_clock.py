"""The clock that moves only when something sleeps."""

from __future__ import annotations

import inspect

from quintet.clock import Clock, SystemClock
from quintet.testing import FakeClock


async def test_fake_clock_moves_only_when_something_sleeps() -> None:
    clock = FakeClock(start=100.0)
    assert (clock.monotonic(), clock.time()) == (0.0, 100.0)
    clock.sleep(2.5)
    await clock.asleep(0.5)
    clock.advance(10.0)
    assert (clock.monotonic(), clock.time()) == (13.0, 113.0)
    assert clock.sleeps == [2.5, 0.5]


def test_fake_clock_has_every_method_of_the_real_one() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}

    assert methods(Clock) <= methods(FakeClock)
    assert methods(Clock) <= methods(SystemClock)


def test_fake_chance_is_what_it_is_told_to_be() -> None:
    clock = FakeClock(randoms=[0.1, 0.2])
    assert [clock.random() for _ in range(4)] == [0.1, 0.2, 0.2, 0.2]
    assert 0.9 < FakeClock().random() < 1


def test_fake_ids_count_up() -> None:
    clock = FakeClock()
    assert [clock.new_id() for _ in range(2)] == [f"{1:032x}", f"{2:032x}"]
