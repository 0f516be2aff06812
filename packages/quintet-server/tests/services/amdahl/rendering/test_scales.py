from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given, strategies as st

from quintet_server.services.amdahl.rendering.charts import time_scale
from quintet_server.services.amdahl.rendering.charts.circles import packed
from quintet_server.services.amdahl.rendering.charts.scales import linear
from quintet_server.services.amdahl.rendering.charts.text_width import fitted, text_width
from quintet_server.services.amdahl.rendering.charts.treemap import Tile, squarified
from quintet_server.services.amdahl.rendering.values import instant, number

plottable = st.floats(allow_nan=False).map(number).filter(lambda value: value is not None)


@given(st.lists(plottable, max_size=6), st.booleans())
def test_linear_scale_holds_its_values_between_round_ticks(values: list[float], zero: bool) -> None:
    scale = linear(values, 100, 0, zero=zero)

    room = scale.step * 1e-6
    assert all(scale.low - room <= value <= scale.high + room for value in values)
    assert all(0 <= scale(value) <= 100 for value in values)
    assert not zero or scale.low <= 0 <= scale.high
    assert 2 <= len(scale.ticks) <= 14
    assert all(a < b for a, b in pairwise(scale.ticks))
    assert {scale(scale.low), scale(scale.high)} == {100, 0}
    lead = scale.step / 10 ** math.floor(math.log10(scale.step) + 1e-9)
    assert min(abs(lead - nice) for nice in (1, 2, 2.5, 5, 10)) < 1e-6


def test_linear_scale_examples() -> None:
    assert linear([3, 97], 0, 1).ticks == (0, 20, 40, 60, 80, 100)
    assert linear([], 0, 1).ticks[-1] == 1
    assert linear([5], 0, 1, zero=False)(5) == pytest.approx(0.5)
    assert linear([-3], 0, 1).high == 0


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1, 2], (0, 1, 2)),
        ([1], (0, 1)),
        ([3, 11], (0, 5, 10, 15)),
        ([0.5, 2], (0, 0.5, 1, 1.5, 2)),
        ([0, 1, 0.25], (0, 0.2, 0.4, 0.6, 0.8, 1)),
    ],
)
def test_linear_scale_of_counts_has_whole_ticks(
    values: list[float], ticks: tuple[float, ...]
) -> None:
    assert linear(values, 0, 1).ticks == pytest.approx(ticks)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=6), st.booleans())
def test_linear_scale_of_whole_numbers_never_has_fractions(values: list[int], zero: bool) -> None:
    assert all(tick.is_integer() for tick in linear(values, 0, 1, zero=zero).ticks)


@given(
    st.floats(-6e10, 2.5e11),
    st.floats(1, 1e11),
    st.integers(2, 12),
)
def test_time_ticks_are_few_and_in_order(low: float, span: float, count: int) -> None:
    high = min(low + span, 253402300799.0)
    found = time_scale.ticks(low, high, count)

    assert len(found) <= 3 * count + 2
    assert all(low <= tick <= high for tick, _ in found)
    assert all(a < b for (a, _), (b, _) in pairwise(found))
    assert all(text for _, text in found)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("2026-03-01", "2026-03-31", ["2 Mar", "9 Mar", "16 Mar", "23 Mar", "30 Mar"]),
        ("2026-01-01", "2026-06-01", ["Jan 2026", "Feb", "Mar", "Apr", "May", "Jun"]),
        ("2019-05-01", "2026-05-01", ["2020", "2022", "2024", "2026"]),
        ("2026-03-01T09:00:00Z", "2026-03-01T12:00:00Z", None),
    ],
)
def test_time_ticks_are_at_round_moments(low: str, high: str, labels: list[str] | None) -> None:
    begin, end = instant(low), instant(high)
    assert begin is not None
    assert end is not None
    found = [text for _, text in time_scale.ticks(begin.timestamp(), end.timestamp(), 5)]

    assert found == (labels or ["1 Mar 09:00", "10:00", "11:00", "12:00"])


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["2026-01-01", "2026-02-01"], ["Jan 2026", "Feb 2026"]),
        (["2024-01-01", "2026-01-01"], ["2024", "2026"]),
        (["2026-01-01", "2026-01-02"], ["1 Jan", "2 Jan"]),
        (["2025-12-31", "2026-01-02"], ["31 Dec 2025", "2 Jan 2026"]),
        (["2026-01-01T08:30:00Z"], ["1 Jan 08:30"]),
    ],
)
def test_names_of_moments_say_no_more_than_they_must(cells: list[str], labels: list[str]) -> None:
    moments = [found for cell in cells if (found := instant(cell)) is not None]

    assert time_scale.names(moments) == labels


@example([10679.0, 104920.0, 458407.0, 523146.0, 1000000.0, 1e-06])
@example([7216.0, 51074.0, 503213.0, 535649.0, 1000000.0, 1e-06])
@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60))
def test_treemap_tiles_fill_the_field_by_size(sizes: list[float]) -> None:
    sizes.sort(reverse=True)
    tiles = squarified(sizes, Tile(0, 0, 600, 300))

    scale = 600 * 300 / sum(sizes)
    for size, tile in zip(sizes, tiles, strict=True):
        assert tile.width * tile.height == pytest.approx(size * scale, rel=1e-3, abs=1e-2)
        assert -0.01 <= tile.x <= tile.x + tile.width <= 600.01
        assert -0.01 <= tile.y <= tile.y + tile.height <= 300.01


def test_treemap_tiles_are_near_to_squares() -> None:
    tiles = squarified([6, 6, 4, 3, 2, 2, 1], Tile(0, 0, 600, 400))

    assert max(max(t.width / t.height, t.height / t.width) for t in tiles) < 3


@example([1.0, 1.0, 1.0, 0.6605470466147523, 0.09, 0.09, 0.09, 0.09, 0.09])
@given(st.lists(st.floats(0.09, 1), min_size=1, max_size=24))
def test_packed_circles_do_not_overlap_and_stay_together(radii: list[float]) -> None:
    radii.sort(reverse=True)
    discs = packed(radii)

    assert [disc.radius for disc in discs] == radii
    for index, a in enumerate(discs):
        gaps = [math.hypot(a.x - b.x, a.y - b.y) - a.radius - b.radius for b in discs[:index]]
        assert not gaps or (min(gaps) > -1e-6 and min(gaps) < 1e-6)


def test_fitted_text_is_cut_where_it_would_be_too_wide() -> None:
    assert fitted("email", 100) == "email"
    cut = fitted("a very long category indeed", 80)
    assert cut.endswith("…")
    assert text_width(cut) <= 80
    assert fitted("email", 3) == ""
    assert len(fitted("w" * 5000, 1e6)) <= 5000
