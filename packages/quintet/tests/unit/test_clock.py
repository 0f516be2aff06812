"""The real clock: each of its parts is the part it claims to be."""

from __future__ import annotations

import time

from quintet.clock import SystemClock


async def test_clock_tells_the_time() -> None:
    clock = SystemClock()
    assert abs(clock.time() - time.time()) < 60
    before = clock.monotonic()
    clock.sleep(0)
    await clock.asleep(0)
    assert 0 <= clock.monotonic() - before < 60


def test_clock_draws_chance_in_its_range() -> None:
    clock = SystemClock()
    drawn = [clock.random() for _ in range(100)]
    assert all(0 <= number < 1 for number in drawn)
    assert len(set(drawn)) > 90


def test_ids_are_32_hexadecimal_digits_and_differ() -> None:
    ids = {SystemClock().new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in ids)
