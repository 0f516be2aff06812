"""Cron expressions against shared vectors, a brute-force reading of the rules, and cronsim."""

from __future__ import annotations

import calendar
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, given, settings, strategies as st

from quintet_server.engines.work.cron import CronError, parse
from quintet_server.engines.work.cron_zones import TimezoneError, next_instant, zone

VECTORS = json.loads(
    (Path(__file__).parents[5] / "tests" / "vectors" / "cron.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    "vector", VECTORS["valid"], ids=lambda vector: f"{vector['expression']} {vector['timezone']}"
)
def test_vector_fires_at_exactly_these_instants(vector):
    expression, place = parse(vector["expression"]), zone(vector["timezone"])
    now = datetime.fromisoformat(vector["from"])
    for expected in vector["next"]:
        following = next_instant(expression, now, place)
        assert following == datetime.fromisoformat(expected)
        now = following


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["expression"])
def test_invalid_vector_is_refused_with_its_reason(vector):
    with pytest.raises(CronError) as refusal:
        parse(vector["expression"])
    said = {"number of fields": "expected 5 fields", "never": "never occurs"}
    assert said.get(vector["reason"], f"{vector['reason']}: ") in str(refusal.value)


@pytest.mark.parametrize("name", VECTORS["invalid_timezones"])
def test_unknown_zone_is_refused(name):
    with pytest.raises(TimezoneError):
        zone(name)


@settings(max_examples=300)
@given(st.text(max_size=40) | st.text("0123456789*/,-LW#? MONJAN", max_size=30))
def test_any_text_is_parsed_or_refused_in_words(text):
    with contextlib.suppress(CronError):
        parse(text)


# A field as (text, values, is an interval).
Field = tuple[str, frozenset[int], bool]


def field(first: int, last: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[Field]:
    size = last - first + 1

    def shown(value: int) -> st.SearchStrategy[str]:
        texts = [str(value), f"{value:02}"]
        if names:
            texts += [names[value - first], names[value - first].lower()]
        return st.sampled_from(texts)

    @st.composite
    def item(draw: Callable) -> Field:
        kind = draw(st.sampled_from(["one", "range", "stepped range", "from"]))
        low = draw(st.integers(first, last))
        text = draw(shown(low))
        if kind == "one":
            return text, frozenset({low}), False
        step = draw(st.integers(1, last)) if kind != "range" else 1
        if kind == "from":
            return f"{text}/{step}", frozenset(range(low, last + 1, step)), True
        length = draw(st.integers(0, size - 1))
        high = (low - first + length) % size + first
        values = frozenset((v - first) % size + first for v in range(low, low + length + 1, step))
        text = f"{text}-{draw(shown(high))}"
        return text if kind == "range" else f"{text}/{step}", values, True

    def join(items: list[Field]) -> Field:
        return (
            ",".join(text for text, _, _ in items),
            frozenset().union(*(values for _, values, _ in items)),
            any(interval for _, _, interval in items),
        )

    star = st.sampled_from(["*", "?"]).map(lambda t: (t, frozenset(range(first, last + 1)), True))
    stepped = st.integers(1, last).map(
        lambda n: (f"*/{n}", frozenset(range(first, last + 1, n)), True)
    )
    return st.one_of(star, stepped, item(), st.lists(item(), min_size=1, max_size=3).map(join))


@dataclass(frozen=True)
class Days:
    text: str
    matches: Callable[[date], bool]


def length_of(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def nearest(day: date, wanted: int) -> bool:
    """Whether `day` is the working day nearest to number `wanted` of its month."""
    if not 1 <= wanted <= length_of(day):
        return False
    working = [
        number for number in range(1, length_of(day) + 1) if day.replace(day=number).weekday() < 5
    ]
    # A Saturday goes to Friday, a Sunday to Monday: the distance decides, and never draws.
    best = min(abs(number - wanted) for number in working)
    return day.day in working and abs(day.day - wanted) == best


def in_set(values: frozenset[int]) -> Callable[[date], bool]:
    return lambda day: day.day in values


def weekday_in(values: frozenset[int]) -> Callable[[date], bool]:
    return lambda day: day.isoweekday() % 7 in values


DAYS = st.one_of(
    field(1, 31).map(lambda f: Days(f[0], in_set(f[1]))),
    st.integers(0, 30).map(
        lambda n: Days("L" if n == 0 else f"L-{n}", lambda day: day.day == length_of(day) - n)
    ),
    st.integers(0, 30).map(
        lambda n: Days("LW" if n == 0 else f"L-{n}W", lambda day: nearest(day, length_of(day) - n))
    ),
    st.integers(1, 31).map(lambda n: Days(f"{n}W", lambda day: nearest(day, n))),
)
WEEKDAYS = st.one_of(
    field(0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
    # `2/3` runs to 7, a second Sunday: in the vectors, not here.
    .filter(lambda f: all("/" not in item or "-" in item for item in f[0].split(",")))
    .map(lambda f: Days(f[0], weekday_in(f[1]))),
    st.integers(0, 6).map(
        lambda n: Days(
            f"{n}L", lambda day: day.isoweekday() % 7 == n and day.day + 7 > length_of(day)
        )
    ),
    st.tuples(st.integers(0, 6), st.integers(1, 5)).map(
        lambda p: Days(
            f"{p[0]}#{p[1]}",
            lambda day: day.isoweekday() % 7 == p[0] and (day.day - 1) // 7 + 1 == p[1],
        )
    ),
)
MONTHS = field(1, 12, tuple(name.upper() for name in calendar.month_abbr if name))


@settings(max_examples=150, deadline=None)
@given(DAYS, MONTHS, WEEKDAYS, st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_dates_are_those_of_a_day_by_day_reading(days, months, weekdays, start):
    text = f"0 0 {days.text} {months[0]} {weekdays.text}"

    def matches(day: date) -> bool:
        return day.month in months[1] and days.matches(day) and weekdays.matches(day)

    following = (start + timedelta(days=n) for n in range(1, 3 * 366))
    expected = next((day for day in following if matches(day)), None)
    try:
        expression = parse(text)
    except CronError:
        assert expected is None  # no such date
        return
    begin = datetime.combine(start, datetime.min.time(), UTC)
    found = next_instant(expression, begin, zone("UTC"))
    if expected is not None:
        assert found is not None
        assert found.date() == expected
    else:
        assert found is None or found.date() > start + timedelta(days=3 * 366 - 1)


# Around changes of the clock: forwards, backwards, by an hour, half an hour and a day.
CHANGES = [
    ("America/New_York", "2026-03-08T07:00Z"),
    ("America/New_York", "2026-11-01T06:00Z"),
    ("Europe/Berlin", "2025-03-30T01:00Z"),
    ("Europe/Dublin", "2025-10-26T01:00Z"),
    ("Australia/Lord_Howe", "2025-10-04T15:30Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("America/Havana", "2019-03-10T05:00Z"),
    ("America/Havana", "2019-11-03T05:00Z"),
    ("UTC", "2026-03-08T07:00Z"),
]


@settings(max_examples=200, deadline=None)
@given(
    field(0, 59),
    field(0, 23),
    st.sampled_from(CHANGES),
    st.integers(-36 * 60, 12 * 60),
    st.integers(0, 59),
)
def test_instants_are_those_of_a_minute_by_minute_reading(minutes, hours, change, offset, second):
    place = zone(change[0])
    around = datetime.fromisoformat(change[1])
    start = around + timedelta(minutes=offset, seconds=second)
    is_interval = minutes[2] or hours[2]

    def matches(local: datetime) -> bool:
        return local.minute in minutes[1] and local.hour in hours[1]

    def fires(instant: datetime) -> bool:
        local = instant.astimezone(place)
        before = (instant - timedelta(minutes=1)).astimezone(place)
        if matches(local) and (local.fold == 0 or is_interval):
            return True
        skipped = before.replace(tzinfo=None) + timedelta(minutes=1)
        while skipped < local.replace(tzinfo=None):  # times that the clock jumped over
            if matches(skipped):
                return True
            skipped += timedelta(minutes=1)
        return False

    first = start.replace(second=0)
    every = (first + timedelta(minutes=n) for n in range(3 * 24 * 60))
    expected = next((one for one in every if one > start and fires(one)), None)
    assume(expected is not None)
    expression = parse(f"{minutes[0]} {hours[0]} * * *")
    assert next_instant(expression, start, place) == expected


@settings(max_examples=100, deadline=None)
@given(field(0, 59), field(0, 59), field(0, 23), st.integers(0, 86_399))
def test_seconds_are_those_of_a_second_by_second_reading(seconds, minutes, hours, offset):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=offset)
    expression = parse(f"{seconds[0]} {minutes[0]} {hours[0]} * * *")
    found = next_instant(expression, start, zone("UTC"))
    later = (
        datetime.combine(day, time(hour, minute, second), UTC)
        for day in (date(2026, 1, 1), date(2026, 1, 2))
        for hour in sorted(hours[1])
        for minute in sorted(minutes[1])
        for second in sorted(seconds[1])
        if (day, hour, minute, second) > (date(2026, 1, 1), start.hour, start.minute, start.second)
    )
    expected = next(later)
    assert found == expected


@settings(max_examples=200, deadline=None)
@given(
    field(0, 59),
    field(0, 23),
    st.sampled_from(["*", "1", "15", "31", "1-7", "L"]),
    st.sampled_from(["*", "2", "1-6", "*/3"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_plain_expressions_agree_with_cronsim(minutes, hours, days, months, start):
    """An independent reader, where its rules are the same: UTC, no weekday, no wrapping range."""
    # cronsim reads `?` nowhere and `5-5/n` as `5/n`.
    assume(not re.search(r"[?]|\b0?(\d+)-0?\1/", minutes[0] + " " + hours[0]))
    text = f"{minutes[0]} {hours[0]} {days} {months} *"
    begin = start.replace(tzinfo=UTC)
    try:
        theirs = next(CronSim(text, begin))
    except (CronSimError, StopIteration):
        # It refuses, or never finds, dates such as 30 February; our own rules for those have tests.
        assume(False)
    assert next_instant(parse(text), begin, zone("UTC")) == theirs


def test_next_is_found_quickly_for_the_rarest_date():
    expression = parse("0 0 29 2 MON#5")
    found = next_instant(expression, datetime(2072, 3, 1, tzinfo=UTC), zone("Europe/Berlin"))
    assert found is not None
    assert found.year == 2112


def test_end_of_the_calendar_is_no_error():
    expression = parse("0 0 29 2 *")
    assert next_instant(expression, datetime(9997, 3, 1, tzinfo=UTC), zone("UTC")) is None
