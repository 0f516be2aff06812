"""Which table tells which part of a period: all of it, once, and nothing that is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.reports.coverage import cover, cover_visitors
from quintet_server.services.ghostflow.reports.rollups import GRAINS, SEALED, SUBJECTS

from .traffic import utc

FIRST = utc("2025-01-01T00:00")
TABLES = {
    subject.table(grain): (frozenset(subject.columns), timedelta(seconds=GRAINS[grain]))
    for subject in SUBJECTS
    for grain in subject.grains
}
# Minutes of four days, most of them on the edges of some bucket.
MINUTES = st.one_of(
    st.integers(0, 4).map(lambda day: day * 1440),
    st.integers(0, 96).map(lambda hour: hour * 60),
    st.integers(0, 384).map(lambda quarter: quarter * 15),
    st.integers(0, 5760),
)
INSTANTS = MINUTES.map(lambda minute: FIRST + timedelta(minutes=minute))
COLUMNS = st.frozensets(
    st.sampled_from(
        sorted({name for columns, _ in TABLES.values() for name in columns} | {"sub1"})
    ),
    max_size=3,
)


def spans(
    columns: set[str], start: str, end: str, edges: Sequence[str] = ()
) -> list[tuple[str | None, str]]:
    """Tables, and the hour and minute at which each begins."""
    found = cover(frozenset(columns), utc(start), utc(end), [utc(edge) for edge in edges])
    return [(each.table, f"{each.start:%d %H:%M}") for each in found.spans]


def test_period_is_put_together_from_the_coarsest_buckets_that_fit() -> None:
    found = spans({"campaign_id"}, "2025-01-01T22:40", "2025-01-04T01:16")
    assert found == [
        (None, "01 22:40"),
        ("ghostflow_totals_quarter", "01 22:45"),
        ("ghostflow_totals_hour", "01 23:00"),
        ("ghostflow_totals_day", "02 00:00"),
        ("ghostflow_totals_hour", "04 00:00"),
        ("ghostflow_totals_quarter", "04 01:00"),
        (None, "04 01:15"),
    ]
    day = "2025-01-01T00:00", "2025-01-02T00:00"
    assert spans({"country", "device"}, *day) == [("ghostflow_places_day", "01 00:00")]
    assert spans({"sub1"}, *day) == [(None, "01 00:00")]


def test_buckets_that_an_edge_divides_are_not_used() -> None:
    day = "2025-01-01T00:00", "2025-01-03T00:00"
    hours = ["2025-01-02T00:00", "2025-01-02T01:00"]
    assert spans(set(), *day, hours) == [("ghostflow_totals_hour", "01 00:00")]
    assert spans(set(), *day, [*hours, "2025-01-02T01:45"])[0][0] == "ghostflow_totals_quarter"
    assert spans({"country"}, *day, ["2025-01-02T00:30"]) == [(None, "01 00:00")]


@given(COLUMNS, INSTANTS, INSTANTS, st.lists(INSTANTS, max_size=3))
def test_every_instant_is_covered_once_by_whole_buckets(
    columns: frozenset[str], one: datetime, other: datetime, edges: list[datetime]
) -> None:
    start, end = sorted((one, other))
    coverage = cover(columns, start, end, edges)
    at = start
    for span in coverage.spans:
        assert span.start == at
        assert span.end > at or start == end
        at = span.end
        if span.table is None:
            continue
        known, grain = TABLES[span.table]
        assert columns <= known
        for instant in (span.start, span.end, *edges):
            assert (instant - FIRST) % grain == timedelta(0)
    assert at == end or not coverage.spans
    rolled = [span for span in coverage.spans if span.table is not None]
    if not rolled:
        assert coverage.rolled is None
        return
    # Deltas are added there, and rows nowhere in it: nothing counts twice.
    assert coverage.rolled == (rolled[0].start, rolled[-1].end)
    assert coverage.spans[coverage.spans.index(rolled[0]) :][: len(rolled)] == tuple(rolled)


SEEN = {
    subject.seen(grain): (grain, timedelta(seconds=GRAINS[grain]))
    for subject in SUBJECTS
    for grain in subject.grains
    if grain in SEALED
}
HOURS = st.lists(st.integers(-24, 120), max_size=5, unique=True).map(sorted)
DAYS = st.lists(st.integers(-1, 5), max_size=2, unique=True).map(sorted)


@given(COLUMNS, INSTANTS, INSTANTS, st.lists(INSTANTS, max_size=3, unique=True), HOURS, DAYS)
def test_every_instant_is_covered_once_and_open_buckets_by_others(
    columns: frozenset[str],
    one: datetime,
    other: datetime,
    edges: list[datetime],
    hours: list[int],
    days: list[int],
) -> None:
    start, end = sorted((one, other))
    open_ = {
        "hour": [FIRST + timedelta(hours=hour) for hour in hours],
        "day": [FIRST + timedelta(days=day) for day in days],
    }
    coverage = cover_visitors(columns, start, end, sorted(edges), open_)
    if "sub1" in columns or not any(columns <= set(subject.columns) for subject in SUBJECTS):
        assert coverage is None
        return
    assert coverage is not None
    at = start
    for span in coverage.spans:
        assert span.start == at
        assert span.end > at
        at = span.end
        if span.table is None:
            continue
        grain, length = SEEN[span.table]
        assert (span.start - FIRST) % length == (span.end - FIRST) % length == timedelta(0)
        assert not any(span.start <= bucket < span.end for bucket in open_[grain])
        for edge in edges:
            assert not span.start < edge < span.end or (edge - FIRST) % length == timedelta(0)
    assert at == end


def test_sets_of_hours_lie_between_the_days_of_a_zone_that_is_half_an_hour_off() -> None:
    edges = [utc(f"2025-01-0{day}T18:30") for day in (1, 2, 3)]
    found = cover_visitors(frozenset(), edges[0], edges[2], edges[1:2], {})
    assert found is not None
    assert [(each.table, f"{each.start:%d %H:%M}") for each in found.spans] == [
        (None, "01 18:30"),
        ("ghostflow_seen_totals_hour", "01 19:00"),
        (None, "02 18:00"),
        ("ghostflow_seen_totals_hour", "02 19:00"),
        (None, "03 18:00"),
    ]
