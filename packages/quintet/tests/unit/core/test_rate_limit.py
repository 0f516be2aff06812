"""Rate-limit headers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.core.headers import Headers
from quintet.core.rate_limit import RateLimit, parse_rate_limit

NOW = 1_767_225_600.0  # 2026-01-01


def parse(headers: dict[str, str]) -> RateLimit | None:
    return parse_rate_limit(Headers(headers), now=NOW)


def expected(
    limit: int | None = None, remaining: int | None = None, after: float | None = None, **more: Any
) -> RateLimit:
    at = None if after is None else NOW + after
    return RateLimit(limit, remaining, at, after, **more)


@pytest.mark.parametrize("prefix", ["X-RateLimit-", "x-ratelimit-", "RateLimit-", "X-Rate-Limit-"])
def test_separate_headers_of_any_prefix_are_read(prefix: str) -> None:
    headers = {f"{prefix}Limit": "100", f"{prefix}Remaining": "7", f"{prefix}Reset": "30"}
    assert parse(headers) == expected(100, 7, 30.0)


@pytest.mark.parametrize(
    ("headers", "result"),
    [
        ({"RateLimit": "limit=100, remaining=7, reset=30"}, expected(100, 7, 30.0)),
        ({"RateLimit": "Limit=100;Remaining=7"}, expected(100, 7)),
        ({"RateLimit": '"default";r=7;t=30', "RateLimit-Policy": '"default";q=100;w=60'},
         expected(100, 7, 30.0)),
        ({"RateLimit-Policy": '"d";q=100'}, expected(100)),
        ({"RateLimit": "remaining=7", "X-RateLimit-Limit": "100"}, expected(100, 7)),
        ({"RateLimit": "limit=1, remaining=2, reset=3", "X-RateLimit-Limit": "100",
          "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "30"}, expected(100, 7, 30.0)),
        ({"RateLimit": "junk"}, expected()),
    ],
)  # fmt: skip
def test_combined_headers_are_read(headers: dict[str, str], result: RateLimit) -> None:
    assert parse(headers) == result


@pytest.mark.parametrize(
    ("reset", "after"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("12.5", 12.5),
        ("1767225630", 30.0),
        ("1767225630000", 30.0),
        ("1767225630.5", 30.5),
        ("2026-01-01T00:00:30Z", 30.0),
        ("1767225000", 0.0),
        ("9" * 25, None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("NaN", None),
    ],
)
def test_reset_in_every_unit_is_told_apart(reset: str, after: float | None) -> None:
    limit = parse({"X-RateLimit-Reset": reset})
    assert limit is not None
    assert limit.reset_after == after


def test_reset_in_the_past_keeps_its_moment() -> None:
    limit = parse({"X-RateLimit-Reset": "1767225000"})
    assert limit is not None
    assert limit.reset_at == 1767225000.0


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("100", 100),
        ("100, 100;w=60", 100),
        ("100;w=60", 100),
        (" 5.0 ", 5),
        ("-1", None),
        ("many", None),
        ("", None),
        ("9" * 30, None),
        ("9" * 999, None),
    ],
)
def test_counts_are_read_tolerantly(value: str, count: int | None) -> None:
    assert parse({"X-RateLimit-Limit": value, "X-RateLimit-Remaining": value}) == expected(
        count, count
    )


def test_retry_after_is_part_of_it_and_enough_by_itself() -> None:
    assert parse({"X-RateLimit-Limit": "5", "Retry-After": "9"}) == expected(5, retry_after=9.0)
    assert parse({"Retry-After": "9"}) == expected(retry_after=9.0)


def test_no_such_header_is_none() -> None:
    assert parse({"Content-Type": "text/plain"}) is None


@given(
    st.dictionaries(
        st.sampled_from(
            ["X-RateLimit-Limit", "RateLimit-Reset", "RateLimit", "RateLimit-Policy", "Retry-After"]
        ),
        st.text(max_size=60),
        min_size=1,
    )
)
def test_any_values_are_read_without_an_exception(headers: dict[str, str]) -> None:
    limit = parse(headers)
    assert limit is not None
    assert limit.limit is None or limit.limit >= 0
    assert limit.reset_after is None or limit.reset_after >= 0
