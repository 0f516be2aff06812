"""Time in words, at a fixed moment: Monday 15 June 2026, noon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.agent_work.asking.windows import (
    GRAINS,
    find_window,
    period_end,
    period_label,
    period_words,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("interactions in the last 90 days", "2026-03-17T12:00", "2026-06-15T12:00"),
        ("over the past two weeks", "2026-06-01T12:00", "2026-06-15T12:00"),
        ("the last 6 months", "2025-12-15T12:00", "2026-06-15T12:00"),
        ("last month", "2026-05-01T00:00", "2026-06-01T00:00"),
        ("last week", "2026-06-08T00:00", "2026-06-15T00:00"),
        ("this quarter", "2026-04-01T00:00", "2026-06-15T12:00"),
        ("last quarter", "2026-01-01T00:00", "2026-04-01T00:00"),
        ("last year", "2025-01-01T00:00", "2026-01-01T00:00"),
        ("since March", "2026-03-01T00:00", "2026-06-15T12:00"),
        ("since November", "2025-11-01T00:00", "2026-06-15T12:00"),
        ("since 2026-02-10", "2026-02-10T00:00", "2026-06-15T12:00"),
        ("in May", "2026-05-01T00:00", "2026-06-01T00:00"),
        ("in February 2024", "2024-02-01T00:00", "2024-03-01T00:00"),
        ("between 2026-01-05 and 2026-01-09", "2026-01-05T00:00", "2026-01-10T00:00"),
        ("Q4 2025", "2025-10-01T00:00", "2026-01-01T00:00"),
        ("in 2025", "2025-01-01T00:00", "2026-01-01T00:00"),
        ("yesterday", "2026-06-14T00:00", "2026-06-15T00:00"),
        ("recently", "2026-05-16T12:00", "2026-06-15T12:00"),
        ("year to date", "2026-01-01T00:00", "2026-06-15T12:00"),
    ],
)
def test_window_of_words_has_these_ends(text: str, start: str, end: str) -> None:
    window, _ = find_window(text, NOW)
    assert window is not None
    assert window.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert window.end == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["by month", "the 2000 interactions", "may we", "since 2027-01-01", "all of it", ""]
)
def test_words_that_name_no_time_give_no_window(text: str) -> None:
    assert find_window(text, NOW) == (None, text)


def test_words_of_the_window_are_taken_out_of_the_text() -> None:
    window, rest = find_window("calls in the last 90 days by month", NOW)
    assert window is not None
    assert rest.split() == ["calls", "by", "month"]


def test_time_before_a_window_is_as_long_and_ends_where_it_begins() -> None:
    window, _ = find_window("last 30 days", NOW)
    assert window is not None
    assert window.before().end == window.start
    assert window.before().start == NOW - timedelta(days=60)


def test_end_of_a_shorter_month_is_kept_within_it() -> None:
    window, _ = find_window("last month and a bit: last 1 month", datetime(2026, 3, 31, tzinfo=UTC))
    assert window is not None
    rolling, _ = find_window("last 1 month", datetime(2026, 3, 31, tzinfo=UTC))
    assert rolling is not None
    assert rolling.start == datetime(2026, 2, 28, tzinfo=UTC)


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    window, _ = find_window(text, NOW)
    assert window is None or window.start <= window.end


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(GRAINS),
)
def test_period_ends_after_it_begins_and_has_a_name(start: datetime, grain: str) -> None:
    first = start.replace(day=1, month=1, hour=0, minute=0, second=0, microsecond=0)
    assert period_end(first, grain) > first
    assert period_label(first, grain)


def test_periods_are_called_as_people_call_them() -> None:
    start = datetime(2026, 4, 1, tzinfo=UTC)
    names = [period_label(start, grain) for grain in ("day", "week", "month", "quarter", "year")]
    assert names == ["1 April 2026", "the week of 1 April 2026", "April 2026", "Q2 2026", "2026"]
    told = [period_words(start, grain) for grain in ("day", "week", "month", "quarter", "year")]
    before = ["on", "in", "in", "in", "in"]
    assert told == [f"{word} {name}" for word, name in zip(before, names, strict=True)]
