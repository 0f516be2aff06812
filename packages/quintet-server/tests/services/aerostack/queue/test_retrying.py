"""When a job that failed is tried again."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.aerostack.queue.retrying import (
    asked_seconds,
    backoff_seconds,
    is_worth_another_try,
)


def test_wait_doubles_from_the_first_and_is_capped():
    waits = [backoff_seconds(attempt, 10, 100, lambda: 0.0) for attempt in range(1, 7)]
    assert waits == [10, 20, 40, 80, 100, 100]
    assert backoff_seconds(1, 10, 100, lambda: 0.5) == 10.5
    assert backoff_seconds(9, 0, 100, lambda: 1.0) == 0


@given(st.integers(-5, 10_000), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 0.999))
def test_wait_is_never_negative_or_beyond_the_cap(attempt, first, most, chance):
    assert 0 <= backoff_seconds(attempt, first, most, lambda: chance) <= most


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        (formatdate(1_000_060, usegmt=True), 60),
        (formatdate(999_000, usegmt=True), 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
        ("Fri, 99 Foo 2030 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header, seconds):
    assert asked_seconds(header, 1_000_000) == seconds


@given(st.text(max_size=40))
def test_retry_after_of_any_text_is_read_without_raising(text):
    seconds = asked_seconds(text, 0)
    assert seconds is None or seconds >= 0


def test_statuses_worth_another_try():
    again = [status for status in range(100, 600) if is_worth_another_try(status)]
    assert again == [408, 425, 429, *range(500, 600)]
