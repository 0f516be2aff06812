"""Which period is meant, and on whose clock."""

from __future__ import annotations

import argparse
from datetime import date, datetime, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from ghostflow.cli.periods import (
    Last,
    Period,
    local,
    period_of,
    read_instant,
    read_last,
    read_moment,
    read_zone,
    zone_of,
)
from ghostflow.cli.wording import UsageError

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 2, 30, tzinfo=timezone.utc)  # the 25th in New York


def ask(zone: tzinfo = timezone.utc, **options: Any) -> Period:
    given = {"start": None, "end": None, "last": None, **options}
    return period_of(argparse.Namespace(**given), lambda: zone, NOW)


def test_nothing_asked_is_the_services_own_period() -> None:
    assert ask() == Period()


def test_last_days_end_today_where_the_team_is() -> None:
    assert ask(last=Last(7, "d")) == Period(date(2026, 11, 20), date(2026, 11, 26))
    assert ask(NEW_YORK, last=Last(1, "d")) == Period(date(2026, 11, 25), date(2026, 11, 25))


def test_last_hours_are_whole_hours_with_the_present_one() -> None:
    found = ask(last=Last(24, "h"))
    assert found.end == datetime(2026, 11, 26, 3, tzinfo=timezone.utc)
    assert found.start == datetime(2026, 11, 25, 3, tzinfo=timezone.utc)


def test_beginning_alone_goes_on_until_now() -> None:
    assert ask(start=date(2026, 11, 1)) == Period(date(2026, 11, 1), date(2026, 11, 26))
    found = ask(NEW_YORK, start=datetime(2026, 11, 1, 9))
    assert found.start == datetime(2026, 11, 1, 9, tzinfo=NEW_YORK)
    assert found.end == NOW


def test_time_without_offset_is_meant_in_the_zone() -> None:
    found = ask(BERLIN, start=datetime(2026, 7, 1, 9), end=datetime(2026, 7, 1, 10))
    assert found.start == datetime(2026, 7, 1, 7, tzinfo=timezone.utc)
    assert found.end == datetime(2026, 7, 1, 8, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "options",
    [
        {"end": date(2026, 1, 1)},
        {"last": Last(1, "d"), "start": date(2026, 1, 1)},
        {"last": Last(1, "d"), "end": date(2026, 1, 1)},
        {"start": date(2026, 1, 1), "end": datetime(2026, 1, 2, tzinfo=timezone.utc)},
        {"start": date(2026, 1, 2), "end": date(2026, 1, 1)},
        {"start": datetime(2026, 1, 2, 9), "end": datetime(2026, 1, 2, 8)},
        {"start": date(2999, 1, 1)},
    ],
)
def test_period_that_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ask(**options)


def test_moments_are_dates_or_times() -> None:
    assert read_moment("2026-01-31") == date(2026, 1, 31)
    assert read_moment("2026-01-31T09:00") == datetime(2026, 1, 31, 9)
    assert read_moment("2026-01-31T09:00:00Z") == datetime(2026, 1, 31, 9, tzinfo=timezone.utc)
    assert read_last("2w") == Last(14, "d")
    assert read_zone("America/Argentina/Buenos_Aires")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_moment, "yesterday"),
        (read_moment, "2026-13-01"),
        (read_moment, "2026-01-31T25:00"),
        (read_last, "7"),
        (read_last, "0d"),
        (read_last, "-1d"),
        (read_last, "7y"),
        (read_zone, "../etc"),
        (read_zone, "a b"),
    ],
)
def test_text_that_is_no_time_is_refused(read: Any, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=text[:3].replace(".", r"\.")):
        read(text)


def test_unknown_zone_is_utc_here_and_left_to_the_service() -> None:
    assert zone_of("Mars/Phobos") is timezone.utc
    assert zone_of(None) is timezone.utc
    assert zone_of("Europe/Berlin") == BERLIN


def test_times_are_shown_in_the_zone_and_other_text_as_it_is() -> None:
    assert local("2026-07-01T22:00:00.453Z", BERLIN) == "2026-07-02 00:00:00"
    assert local(None, BERLIN) == "–"
    assert local("soon", BERLIN) == "soon"
    assert read_instant("2026-07-01T22:00:00") == datetime(2026, 7, 1, 22, tzinfo=timezone.utc)


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_instant_survives_being_read(moment: datetime) -> None:
    assert read_instant(moment.isoformat()) == moment
