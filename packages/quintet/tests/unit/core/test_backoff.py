"""Backoff."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet.core.backoff import Backoff
from quintet.errors import ConfigurationError

SECONDS = st.floats(0, 1e6)


@given(
    SECONDS, SECONDS, st.floats(1, 1e6), st.integers(-5, 10**9), st.floats(0, 1, exclude_max=True)
)
def test_backoff_is_between_zero_and_the_cap(
    base: float, cap: float, factor: float, attempt: int, random: float
) -> None:
    backoff = Backoff(base, cap, factor)
    delay = backoff.delay(attempt, random)
    assert 0 <= delay <= cap
    assert delay <= backoff.ceiling(attempt) <= backoff.ceiling(attempt + 1)


def test_backoff_doubles_up_to_the_cap() -> None:
    backoff = Backoff(base=0.5, cap=3.0)
    assert [backoff.ceiling(n) for n in (0, 1, 2, 3, 4, 5000)] == [0.5, 0.5, 1, 2, 3, 3]
    assert backoff.delay(2, 0.25) == 0.25


def test_backoff_without_base_never_waits() -> None:
    assert Backoff(0, 5).ceiling(10**9) == 0


@pytest.mark.parametrize(
    "numbers", [(-1, 1, 2), (1, -1, 2), (1, 1, 0.5), (float("nan"), 1, 2), (1, float("inf"), 2)]
)
def test_backoff_with_impossible_numbers_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigurationError):
        Backoff(*numbers)
