"""Deadlines."""

from __future__ import annotations

import pytest

from quintet.core.deadline import Deadline


def test_deadline_counts_down_to_zero() -> None:
    deadline = Deadline.after(10, now=100)
    assert deadline.remaining(103) == 7
    assert deadline.remaining(200) == 0
    assert not deadline.expired(109.9)
    assert deadline.expired(110)


def test_deadline_of_none_never_comes() -> None:
    deadline = Deadline.after(None, now=100)
    assert deadline == Deadline()
    assert deadline.remaining(1e9) is None
    assert not deadline.expired(1e9)


@pytest.mark.parametrize(
    ("seconds", "timeout", "expected"),
    [(10, 30, 10), (10, 5, 5), (None, 5, 5), (10, None, 10), (None, None, None)],
)
def test_attempt_timeout_is_the_smaller_bound(
    seconds: float | None, timeout: float | None, expected: float | None
) -> None:
    assert Deadline.after(seconds, now=0).attempt_timeout(timeout, now=0) == expected
