"""Requests per minute and per UTC day, in fixed windows (contract §1.3)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st

from quintet_server.services.flowmaestro.limits import FixedWindows
from quintet_server.store.keys import Principal

MIDNIGHT = 20_000 * 86_400.0


def _principal(key_id: str = "key_a") -> Principal:
    return Principal(key_id, "prj_x", "default", "flowmaestro", frozenset(), {})


def _shown(decision: Any) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in decision.headers}


def test_headers_count_down_and_name_the_next_minute() -> None:
    limiter = FixedWindows(lambda _: (3, 10))

    decision = limiter.check(_principal(), MIDNIGHT + 61.5)

    assert decision.allowed
    assert _shown(decision) == {
        "x-ratelimit-limit": 3,
        "x-ratelimit-remaining": 2,
        "x-ratelimit-reset": int(MIDNIGHT) + 120,
        "x-ratelimit-limit-day": 10,
        "x-ratelimit-remaining-day": 9,
    }


def test_request_beyond_the_minute_waits_for_its_end() -> None:
    limiter = FixedWindows(lambda _: (2, 10))
    for _ in range(2):
        assert limiter.check(_principal(), MIDNIGHT + 10).allowed

    refused = limiter.check(_principal(), MIDNIGHT + 10.2)

    assert not refused.allowed
    assert refused.retry_after == 50
    assert refused.details == {"limit": 2, "window": "minute", "retry_after": 50}
    assert limiter.check(_principal(), MIDNIGHT + 60).allowed


def test_request_beyond_the_day_waits_for_midnight() -> None:
    limiter = FixedWindows(lambda _: (100, 1))
    limiter.check(_principal(), MIDNIGHT)

    refused = limiter.check(_principal(), MIDNIGHT + 3600)

    assert refused.details == {"limit": 1, "window": "day", "retry_after": 86_400 - 3600}
    assert limiter.check(_principal(), MIDNIGHT + 86_400).allowed


def test_refused_requests_count_and_the_minute_is_named_first() -> None:
    limiter = FixedWindows(lambda _: (1, 2))
    limiter.check(_principal(), MIDNIGHT)

    assert limiter.check(_principal(), MIDNIGHT).details["window"] == "minute"
    assert limiter.check(_principal(), MIDNIGHT).details["window"] == "minute"
    # Three were sent, one of them accepted: the day is used up all the same.
    assert limiter.check(_principal(), MIDNIGHT + 60).details["window"] == "day"


def test_keys_are_counted_apart() -> None:
    limiter = FixedWindows(lambda _: (1, 10))
    limiter.check(_principal("key_a"), MIDNIGHT)

    assert limiter.check(_principal("key_b"), MIDNIGHT).allowed
    assert not limiter.check(_principal("key_a"), MIDNIGHT).allowed


@given(st.lists(st.integers(0, 300), max_size=60).map(sorted), st.integers(1, 5))
def test_never_more_than_the_limit_in_any_minute(moments: list[int], limit: int) -> None:
    limiter = FixedWindows(lambda _: (limit, 1000))
    accepted = [
        moment for moment in moments if limiter.check(_principal(), MIDNIGHT + moment).allowed
    ]

    for minute in range(6):
        sent = [moment for moment in moments if moment // 60 == minute]
        let_in = [moment for moment in accepted if moment // 60 == minute]
        assert let_in == sent[:limit]
