"""Marks of axes: round values, and moments that people think in."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from ghostflow.cli.ticks import time_ticks, value_labels, value_ticks

STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


def moments(first: str, count: int, interval: str) -> list[datetime]:
    start = datetime.fromisoformat(first)
    if interval == "month":
        return [
            start.replace(
                year=start.year + (start.month - 1 + n) // 12, month=(start.month - 1 + n) % 12 + 1
            )
            for n in range(count)
        ]
    return [start + n * STEPS[interval] for n in range(count)]


@pytest.mark.parametrize(
    ("first", "count", "interval", "most", "labels"),
    [
        ("2026-11-26", 24, "hour", 8, ["26 Nov", "03:00", "06:00", "09:00", "12:00", "15:00"]),
        ("2026-11-24", 72, "hour", 4, ["24 Nov", "25 Nov", "26 Nov"]),
        ("2026-11-20", 7, "day", 8, ["20 Nov", "21 Nov", "22 Nov", "23 Nov", "24 Nov"]),
        ("2026-10-28", 30, "day", 7, ["2 Nov", "9 Nov", "16 Nov", "23 Nov"]),
        ("2026-01-01", 365, "day", 12, ["Jan 2026", "Feb", "Mar"]),
        ("2026-01-01", 365, "day", 6, ["Jan 2026", "Apr", "Jul", "Oct"]),
        ("2025-12-15", 200, "day", 8, ["Jan 2026", "Feb", "Mar"]),
        ("2026-01-05", 8, "week", 8, ["5 Jan", "12 Jan"]),
        ("2026-01-05", 52, "week", 5, ["Apr", "Jul", "Oct"]),
        ("2025-03-01", 14, "month", 20, ["Mar", "Apr", "May"]),
        ("2025-03-01", 14, "month", 6, ["Apr", "Jul", "Oct", "Jan 2026", "Apr"]),
        ("2026-11-26", 1, "day", 8, ["26 Nov"]),
    ],
)
def test_time_axis_has_the_finest_round_marks_there_is_room_for(
    first: str, count: int, interval: str, most: int, labels: list[str]
) -> None:
    found = time_ticks(moments(first, count, interval), interval, most)
    assert [label for _, label in found][: len(labels)] == labels
    assert len(found) <= most


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)),
    st.sampled_from(["hour", "day", "week"]),
    st.integers(1, 500),
    st.integers(2, 20),
)
def test_time_axis_never_has_more_marks_than_there_is_room_for(
    start: datetime, interval: str, count: int, most: int
) -> None:
    points = moments(start.replace(minute=0, second=0, microsecond=0).isoformat(), count, interval)
    found = time_ticks(points, interval, most)
    indices = [index for index, _ in found]
    assert 1 <= len(found) <= max(most, 2)
    assert indices == sorted(set(indices))
    assert indices[-1] < count


def test_time_axis_of_nothing_has_no_marks() -> None:
    assert time_ticks([], "day", 8) == []


@pytest.mark.parametrize(
    ("low", "high", "most", "is_whole", "labels"),
    [
        (0, 0, 5, True, ["0", "1"]),
        (0, 3, 6, True, ["0", "1", "2", "3"]),
        (0, 1234, 4, False, ["0", "500", "1,000", "1,500"]),
        (0, 0.02, 5, False, ["0.000", "0.005", "0.010", "0.015", "0.020"]),
        (-30, 50, 5, False, ["-40", "-20", "0", "20", "40", "60"]),
        (5, 10, 3, False, ["0", "5", "10"]),
    ],
)
def test_value_axis_has_round_marks(
    low: float, high: float, most: int, is_whole: bool, labels: list[str]
) -> None:
    assert value_labels(value_ticks(low, high, most, is_whole=is_whole)) == labels


@given(
    st.integers(-(10**12), 10**12).map(lambda micros: micros / 10**6),
    st.integers(0, 10**12).map(lambda micros: micros / 10**6),
    st.integers(2, 10),
)
def test_value_axis_holds_all_values_and_zero(low: float, size: float, most: int) -> None:
    high = low + size
    ticks = value_ticks(low, high, most)
    slack = (ticks[1] - ticks[0]) * 1e-6
    assert ticks[0] <= min(low, 0) + slack
    assert ticks[-1] >= max(high, 0) - slack
    assert any(tick == 0 for tick in ticks)
    assert 2 <= len(ticks) <= most + 2
    assert len(set(value_labels(ticks))) == len(ticks)
