"""Instants in every form the service writes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from zeridion_flare.timestamps import format_timestamp, parse_timestamp


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.1Z", 100_000),
        ("2026-01-02T03:04:05.123456Z", 123_456),
        ("2026-01-02T03:04:05.1234567Z", 123_456),
        ("2026-01-02T03:04:05.123456789Z", 123_456),
        ("2026-01-02 03:04:05", 0),
        ("2026-01-02T05:04:05+02:00", 0),
        ("2026-01-02T05:04:05+0200", 0),
        ("2026-01-02T05:04:05+02", 0),
        ("2026-01-01T22:04:05-05:00", 0),
    ],
)
def test_w26_timestamps_are_read_on_every_python(text: str, microsecond: int) -> None:
    assert parse_timestamp(text) == datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", [None, 5, "", "now", "2026-13-01T00:00:00Z", "2026-01-02", "١"])
def test_what_is_no_timestamp_is_none(text: object) -> None:
    assert parse_timestamp(text) is None


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    parse_timestamp(text)


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_written_timestamps_are_read_back(moment: datetime, offset: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert parse_timestamp(format_timestamp(aware)) == aware


def test_naive_times_are_utc() -> None:
    assert format_timestamp(datetime(2026, 1, 2)) == "2026-01-02T00:00:00Z"
