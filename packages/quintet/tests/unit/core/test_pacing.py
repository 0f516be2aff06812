"""Client-side pacing."""

from __future__ import annotations

import pytest

from quintet.core.pacing import Pacer
from quintet.core.rate_limit import RateLimit
from quintet.errors import ConfigurationError


def test_pacer_that_knows_nothing_never_holds() -> None:
    pacer = Pacer()
    pacer.observe(None, 0)
    pacer.observe(RateLimit(limit=10), 0)
    assert [pacer.before(now) for now in (0, 0, 0.1)] == [0, 0, 0]


def test_pacer_with_a_rate_spaces_evenly_and_hands_out_turns() -> None:
    pacer = Pacer(rate=2)
    assert [pacer.before(100) for _ in range(4)] == [0, 0.5, 1.0, 1.5]
    assert pacer.before(200) == 0


def test_pacer_with_an_ample_allowance_does_not_hold() -> None:
    pacer = Pacer()
    pacer.observe(RateLimit(100, 21, reset_after=60), 0)
    assert [pacer.before(0), pacer.before(0)] == [0, 0]


def test_pacer_with_a_small_allowance_spreads_it_over_the_window() -> None:
    pacer = Pacer()
    pacer.observe(RateLimit(100, 10, reset_after=60), 0)
    assert [pacer.before(0), pacer.before(0), pacer.before(0)] == [0, 6, 12]
    pacer.observe(RateLimit(100, 90, reset_after=60), 12)
    assert pacer.before(30) == 0
    assert pacer.before(30) == 0


def test_pacer_with_nothing_left_waits_for_the_reset() -> None:
    pacer = Pacer()
    pacer.observe(RateLimit(100, 0, reset_after=20), 5)
    assert pacer.before(10) == 15
    assert pacer.before(26) == 0


def test_pacer_without_a_limit_spreads_what_remains() -> None:
    pacer = Pacer()
    pacer.observe(RateLimit(None, 4, reset_after=8), 0)
    assert [pacer.before(0), pacer.before(0)] == [0, 2]


def test_pacer_told_to_retry_later_waits_as_told() -> None:
    pacer = Pacer()
    pacer.observe(RateLimit(retry_after=7), 0)
    assert pacer.before(1) == 6


def test_pacer_never_holds_longer_than_its_bound() -> None:
    pacer = Pacer(max_wait=10)
    pacer.observe(RateLimit(100, 0, reset_after=3600), 0)
    assert pacer.before(0) == 10


@pytest.mark.parametrize("numbers", [{"rate": 0}, {"ample": 2}, {"max_wait": -1}])
def test_pacer_with_impossible_numbers_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Pacer(**numbers)
