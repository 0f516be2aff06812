"""Instants on the wire."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from quintet.core.instant import format_instant, parse_http_date, parse_rfc3339
from quintet.errors import MisuseError

EPOCH = 784111777.0  # the example moment of RFC 9110 §5.6.7
NOW = 1_767_225_600.0  # 2026-01-01


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 UTC",
    ],
)
def test_http_date_in_every_form_is_the_same_moment(text: str) -> None:
    assert parse_http_date(text, now=NOW) == EPOCH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, ٦ Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37",
        "x" * 100,
    ],
)
def test_http_date_of_another_shape_is_none(text: str) -> None:
    assert parse_http_date(text, now=NOW) is None


def test_http_date_with_a_leap_second_is_the_second_before() -> None:
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", now=NOW) == 1483228799.0


@pytest.mark.parametrize(
    ("now_year", "two", "full"),
    [
        (2026, "94", 1994),
        (2026, "76", 2076),
        (2026, "77", 1977),
        (2080, "10", 2110),
        (1999, "03", 2003),
    ],
)
def test_http_date_with_two_digits_is_the_nearest_year(now_year: int, two: str, full: int) -> None:
    now = datetime(now_year, 6, 1, tzinfo=timezone.utc).timestamp()
    epoch = parse_http_date(f"Sunday, 06-Nov-{two} 08:49:37 GMT", now=now)
    assert epoch == datetime(full, 11, 6, 8, 49, 37, tzinfo=timezone.utc).timestamp()


def test_http_date_with_an_impossible_now_is_none() -> None:
    assert parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now=1e300) is None


@given(st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=st.just(timezone.utc)))
def test_http_date_that_was_formatted_reads_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    text = moment.strftime("%a, %d %b ") + f"{moment.year:04d}" + moment.strftime(" %H:%M:%S GMT")
    assert parse_http_date(text, now=NOW) == moment.timestamp()


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("1994-11-06T08:49:37Z", EPOCH),
        (" 1994-11-06T09:49:37+01:00 ", EPOCH),
        ("1994-11-06 08:49:37.500z", EPOCH + 0.5),
        ("1994-11-06T08:49:37", None),
        ("1994-13-06T08:49:37Z", None),
        ("100", None),
        ("0001-01-01T00:00:00+23:59", -62135683140.0),
        ("9" * 100, None),
    ],
)
def test_rfc3339_is_read_strictly(text: str, epoch: float | None) -> None:
    assert parse_rfc3339(text) == epoch


def test_aware_datetime_is_written_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert format_instant(datetime(2026, 3, 1, 11, 30, tzinfo=east)) == "2026-03-01T09:30:00Z"
    assert (
        format_instant(datetime(2026, 3, 1, 9, 30, 0, 5, tzinfo=timezone.utc))
        == "2026-03-01T09:30:00.000005Z"
    )


def test_naive_datetime_is_refused() -> None:
    with pytest.raises(MisuseError, match="ambiguous"):
        format_instant(datetime(2026, 3, 1))
