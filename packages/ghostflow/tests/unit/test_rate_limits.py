"""``x-ratelimit-*``: read in every unit, never failing."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given, strategies as st

from ghostflow import RateLimitInfo
from ghostflow.responses import read_rate_limit
from quintet.core.headers import Headers

NOW = 1_700_000_000.0


def read(reset: str) -> RateLimitInfo:
    return read_rate_limit(Headers([("X-RateLimit-Reset", reset)]), NOW)


@pytest.mark.parametrize(
    ("reset", "number", "epoch"),
    [
        ("1700000060", 1_700_000_060, 1_700_000_060),
        ("1700000060000", 1_700_000_060_000, 1_700_000_060),
        ("60", 60, NOW + 60),
        ("0", 0, NOW),
        ("2023-11-14T22:14:20Z", 1_700_000_060, 1_700_000_060),
    ],
)
def test_reset_is_read_by_its_size(reset: str, number: int, epoch: float) -> None:
    info = read(reset)
    assert info.reset == number
    assert info.reset_at == datetime.fromtimestamp(epoch, timezone.utc)


@pytest.mark.parametrize("reset", ["", "soon", "-1", "nan", "inf"])
def test_unreadable_reset_is_none(reset: str) -> None:
    assert (read(reset).reset, read(reset).reset_at) == (None, None)


def test_instant_that_no_calendar_has_is_none() -> None:
    assert read("9999-12-31T23:59:59-14:00").reset_at is None
    assert read("99999999999").reset == 99_999_999_999


def test_values_are_made_by_position_as_in_the_guide() -> None:
    info = RateLimitInfo(120, 119, 7)
    assert (info.limit, info.remaining, info.reset) == (120, 119, 7)
    assert (info.reset_at, info.retry_after) == (None, None)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80))
def test_nothing_in_a_header_raises(text: str) -> None:
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after")
    read_rate_limit(Headers([(name, text) for name in names]), NOW)
