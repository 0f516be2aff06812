"""Where days and hours begin, in zones with all their habits."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.reports.calendars import buckets_of

from .traffic import utc

ZONE_OF_INDIA = ZoneInfo("Asia/Kolkata")
ZONES = ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Beirut"]


def names(interval: str, start: str, end: str, zone: str) -> list[str]:
    return buckets_of(interval, utc(start), utc(end), ZoneInfo(zone)).names()


def test_hours_of_the_day_on_which_clocks_go_back_are_25_with_two_of_one() -> None:
    found = names("hour", "2025-11-02T04:00", "2025-11-03T05:00", "America/New_York")
    assert len(found) == 25
    assert found[1:3] == ["2025-11-02T01:00:00-04:00", "2025-11-02T01:00:00-05:00"]


def test_hours_of_the_day_on_which_clocks_go_forward_are_23() -> None:
    found = names("hour", "2025-03-09T05:00", "2025-03-10T04:00", "America/New_York")
    assert len(found) == 23
    assert found[1:3] == ["2025-03-09T01:00:00-05:00", "2025-03-09T03:00:00-04:00"]


def test_hours_where_clocks_move_by_half_an_hour_end_when_they_do() -> None:
    found = names("hour", "2025-04-05T14:00", "2025-04-05T16:30", "Australia/Lord_Howe")
    assert found == [
        "2025-04-06T01:00:00+11:00",
        "2025-04-06T01:30:00+10:30",
        "2025-04-06T02:00:00+10:30",
    ]


def test_hours_where_clocks_change_a_minute_after_the_hour_begin_with_the_change() -> None:
    found = names("hour", "2006-04-02T03:30", "2006-04-02T05:00", "America/St_Johns")
    assert found == [
        "2006-04-02T00:00:00-03:30",
        "2006-04-02T01:01:00-02:30",
        "2006-04-02T02:00:00-02:30",
    ]


def test_buckets_tell_their_place_in_the_day_and_the_week() -> None:
    buckets = buckets_of("day", utc("2025-01-05T00:00"), utc("2025-01-07T00:00"), ZoneInfo("UTC"))
    assert buckets.weekdays() == [7, 1]
    assert buckets.days() == ["2025-01-05", "2025-01-06"]
    hours = buckets_of("hour", utc("2025-01-05T17:30"), utc("2025-01-05T19:30"), ZONE_OF_INDIA)
    assert hours.hours() == [23, 0]


def test_hour_in_which_clocks_change_can_begin_between_two_seconds() -> None:
    found = names(
        "hour", "2025-04-05T15:20:00.500001", "2025-04-05T15:30:00.5", "Australia/Lord_Howe"
    )
    assert found == ["2025-04-06T01:30:00+10:30", "2025-04-06T02:00:00+10:30"]


def test_first_bucket_of_an_odd_beginning_is_the_whole_one() -> None:
    found = names("hour", "2025-01-01T10:17", "2025-01-01T11:00:00.000001", "Asia/Kolkata")
    assert found == ["2025-01-01T15:00:00+05:30", "2025-01-01T16:00:00+05:30"]
    assert names("week", "2025-01-01T00:00", "2025-01-07T00:00", "UTC") == [
        "2024-12-30",
        "2025-01-06",
    ]
    assert names("month", "2025-01-31T23:00", "2025-02-01T01:00", "UTC") == [
        "2025-01-01",
        "2025-02-01",
    ]


def test_day_that_a_zone_skipped_is_none() -> None:
    found = names("day", "2011-12-29T12:00", "2012-01-01T00:00", "Pacific/Apia")
    assert found == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_day_without_midnight_begins_with_its_first_moment() -> None:
    starts = buckets_of(
        "day", utc("2025-03-29T00:00"), utc("2025-03-31T00:00"), ZoneInfo("Asia/Beirut")
    )
    assert utc("2025-03-29T22:00") in starts.starts


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)),
    st.integers(1, 60 * 24 * 9),
    st.sampled_from(["hour", "day", "week", "month"]),
)
def test_buckets_follow_one_another_and_hold_every_instant(
    zone: str, start: datetime, minutes: int, interval: str
) -> None:
    begin = start.replace(tzinfo=utc("2025-01-01T00:00").tzinfo)
    end = begin + timedelta(minutes=minutes)
    buckets = buckets_of(interval, begin, end, ZoneInfo(zone))
    starts = buckets.starts
    assert list(starts) == sorted(set(starts))
    assert starts[0] <= begin
    assert starts[-1] < end
    assert len(starts) == 1 or starts[1] > begin
    assert len(set(buckets.names())) == len(starts)
    for at, following in zip(starts, (*starts[1:], end), strict=True):
        last = (max(following, at) - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        first = at.astimezone(ZoneInfo(zone))
        if interval == "hour" and last >= first:
            assert (first.date(), first.hour, first.utcoffset()) == (
                *(last.date(), last.hour, last.utcoffset()),
            )
