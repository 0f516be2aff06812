from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.rendering.values import (
    compact,
    formatted,
    instant,
    name,
    number,
    plain,
    title_of,
)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (3, 3.0),
        ("12.50", 12.5),
        (" -7 ", -7.0),
        ("1e3", 1000.0),
        ("9007199254740993", 9007199254740992.0),
        (True, 1.0),
        (1e308, 1e100),
        (-(10**400), -1e100),
        ("1e999", 1e100),
        (5e-324, 0.0),
        (math.inf, 1e100),
        (math.nan, None),
        ("nan", None),
        ("12px", None),
        ("1_000", None),
        ("", None),
        ("٣", 3.0),
        (None, None),
        ([1], None),
        ("9" * 500, None),
    ],
)
def test_number_of_a_cell(cell: Any, value: float | None) -> None:
    assert number(cell) == value


@given(st.one_of(st.floats(), st.integers(), st.text(max_size=20)))
def test_number_is_finite_or_none(cell: Any) -> None:
    found = number(cell)

    assert found is None or (math.isfinite(found) and abs(found) <= 1e100)


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ("2026-04-14", "2026-04-14T00:00:00+00:00"),
        ("2026-04-14T18:22:11.453Z", "2026-04-14T18:22:11.453000+00:00"),
        ("2026-04-14T18:22:11+02:00", "2026-04-14T16:22:11+00:00"),
        ("2026-04-14 18:22", "2026-04-14T18:22:00+00:00"),
        ("2026-02-30", None),
        ("20260414", None),
        ("2026-W10-1", None),
        ("0001-01-01T00:00:00+14:00", None),
        (20260414, None),
        (None, None),
    ],
)
def test_instant_of_a_cell(cell: Any, seen: str | None) -> None:
    found = instant(cell)

    assert (found and found.isoformat()) == seen


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "—"),
        ("", "—"),
        (True, "Yes"),
        (2026, "2026"),
        (12345, "12,345"),
        (-0.5, "−0.5"),
        (1234567.25, "1,234,567.25"),
        (1e21, "1e+21"),
        ({"a": 1}, '{"a":1}'),
        ("text", "text"),
    ],
)
def test_name_of_a_cell(cell: Any, text: str) -> None:
    assert name(cell) == text


@pytest.mark.parametrize(
    ("cell", "form", "text"),
    [
        (0.25, "percent", "25%"),
        ("0.0312", "percent", "3.1%"),
        (1234.5, "currency", "$1,234.50"),
        ("1234", "currency", "$1,234"),
        (-3, "currency", "−$3"),
        (1e20, "currency", "$1e+20"),
        (1234.567, "number", "1,234.57"),
        (-0.001, "number", "0"),
        ("n/a", "currency", "n/a"),
        (None, "number", "—"),
        ("2026-04-14T18:22:11Z", "date", "14 Apr 2026"),
        ("2026-04-14T18:22:11Z", "datetime", "14 Apr 2026, 18:22"),
        ("soon", "date", "soon"),
        (True, "number", "Yes"),
        (0.5, "text", "0.5"),
    ],
)
def test_formatted_cell(cell: Any, form: str, text: str) -> None:
    assert formatted(cell, form) == text


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0, None, "0"),
        (999, None, "999"),
        (1284, None, "1.3k"),
        (-15.9, None, "−15.9"),
        (0.274, None, "0.27"),
        (2_500_000, None, "2.5M"),
        (3e9, None, "3B"),
        (1e100, None, "1e100"),
        (1500, 500, "1.5k"),
        (1000, 500, "1k"),
        (0.25, 0.05, "0.25"),
        (-0.0, 1, "0"),
    ],
)
def test_compact_number(value: float, step: float | None, text: str) -> None:
    assert compact(value, step) == text


@given(st.floats(-1e100, 1e100))
def test_numbers_are_written_short(value: float) -> None:
    assert 1 <= len(compact(value)) <= 12
    assert 1 <= len(plain(value)) <= 30


def test_title_of_a_column() -> None:
    assert title_of("deal_stage_label") == "Deal stage label"
    assert title_of("_") == "_"
