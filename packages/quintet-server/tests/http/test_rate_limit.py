"""The moving window, by itself and on the wire; the bucket of tokens."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import given, strategies as st

from quintet_server.http.rate_limit import MovingWindow, TokenBucket
from quintet_server.store.database import Database
from quintet_server.store.keys import Principal, ensure_project


def principal(project: str = "p") -> Principal:
    return Principal("key", project, project, "probe", frozenset(), {})


def shown(decision: Any) -> tuple[int, int, int]:
    values = {name: int(value) for name, value in decision.headers}
    return tuple(values[f"x-ratelimit-{what}".encode()] for what in ("limit", "remaining", "reset"))  # type: ignore[return-value]


def test_window_counts_down_then_refuses_until_the_first_request_is_old() -> None:
    window = MovingWindow(lambda _: 2, window_seconds=60)
    assert shown(window.check(principal(), 1000.0)) == (2, 1, 1061)
    assert shown(window.check(principal(), 1010.0)) == (2, 0, 1061)
    refused = window.check(principal(), 1020.0)
    assert not refused.allowed
    assert shown(refused) == (2, 0, 1061)
    assert refused.retry_after == 41
    assert not window.check(principal(), 1059.9).allowed
    assert window.check(principal(), 1061.0).allowed
    assert not window.check(principal(), 1062.0).allowed  # the one at 1010 still counts


def test_window_is_per_project() -> None:
    window = MovingWindow(lambda _: 1)
    assert window.check(principal("a"), 0.0).allowed
    assert window.check(principal("b"), 0.0).allowed
    assert not window.check(principal("a"), 0.0).allowed


def test_unlimited_shows_a_number_and_never_refuses() -> None:
    window = MovingWindow(lambda _: None, unlimited_shown_as=9)
    assert all(window.check(principal(), 5.0).allowed for _ in range(100))
    assert shown(window.check(principal(), 5.0)) == (9, 9, 3605)


def test_limit_of_zero_refuses_everything() -> None:
    decision = MovingWindow(lambda _: 0).check(principal(), 5.0)
    assert not decision.allowed
    assert decision.retry_after >= 1


@given(
    st.integers(1, 20),
    st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=300),
)
def test_no_window_ever_holds_more_than_the_limit(limit: int, gaps: list[float]) -> None:
    window = MovingWindow(lambda _: limit, window_seconds=60)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        before = sum(1 for instant in passed if instant > now - 61)
        if window.check(principal(), now).allowed:
            passed.append(now)
        else:
            assert before >= limit, "refused although a slot's length before the window was free"
        assert sum(1 for instant in passed if instant > now - 60) <= limit


@given(st.integers(0, 100))
def test_retry_after_is_long_enough_and_not_a_slot_too_long(offset: int) -> None:
    window = MovingWindow(lambda _: 1, window_seconds=600)
    start = 10_000.0 + offset
    window.check(principal(), start)
    wait = window.check(principal(), start).retry_after
    assert 600 <= wait <= 611
    assert window.check(principal(), start + wait).allowed


def test_headers_are_on_every_answer_even_refusals(client: httpx.Client) -> None:
    for path in ("/who", "/nowhere", "/crash", "/refuse"):
        assert client.get(path).headers["x-ratelimit-limit"] == "2147483647"


async def test_project_over_its_limit_gets_429_until_time_passes(
    lone_probe: Any, lone_client: httpx.Client, db: Database, advance: Any
) -> None:
    async with db.transaction() as conn:
        await ensure_project(conn, "amdahl", "default", {"per_hour": 2})
    assert lone_client.get("/who").headers["x-ratelimit-remaining"] == "1"
    assert lone_client.get("/nowhere").headers["x-ratelimit-remaining"] == "0"
    refused = lone_client.get("/who")
    assert refused.status_code == 429
    assert refused.json()["oops"] == "rate_limited"
    assert 3600 <= int(refused.headers["retry-after"]) <= 3661
    assert refused.headers["x-ratelimit-remaining"] == "0"
    await advance(3700)
    until_clock_is_seen(lone_probe, 3700)
    assert lone_client.get("/who").status_code == 200


def until_clock_is_seen(probe: Any, shift: float) -> None:
    """The server hears of the jump a moment after the commit."""
    for _ in range(1000):
        ready = httpx.get(f"{probe.url}/readyz", trust_env=False, timeout=60).json()
        if ready["clock_shift_seconds"] == shift:
            return
    raise AssertionError("the server never saw the clock move")


def test_bucket_lets_all_tokens_go_at_once_and_then_as_many_as_flow_in() -> None:
    bucket = TokenBucket(lambda _: 6)  # one in ten seconds
    for left in (5, 4, 3, 2, 1, 0):
        assert shown(bucket.check(principal(), 1000.0)) == (6, left, 1000 + 10 * (6 - left))
    refused = bucket.check(principal(), 1003.0)
    assert not refused.allowed
    assert refused.retry_after == 7
    assert shown(refused) == (6, 0, 1060)
    assert not bucket.check(principal(), 1009.9).allowed
    assert bucket.check(principal(), 1010.0).allowed
    assert not bucket.check(principal(), 1010.0).allowed


def test_bucket_of_nothing_is_no_limit_and_shows_a_number() -> None:
    bucket = TokenBucket(lambda _: 0)
    assert all(bucket.check(principal(), 5.0).allowed for _ in range(1000))
    assert shown(bucket.check(principal(), 5.0)) == (2_147_483_647, 2_147_483_647, 5)


@given(st.integers(1, 20), st.lists(st.floats(0, 30), max_size=60))
def test_bucket_never_lets_more_through_than_it_holds_and_what_flowed_in(
    limit: int, pauses: list[float]
) -> None:
    bucket, now, passed = TokenBucket(lambda _: limit), 1000.0, 0
    for pause in pauses:
        now += pause
        decision = bucket.check(principal(), now)
        passed += decision.allowed
        assert passed <= limit + (now - 1000.0) * limit / 60 + 1e-6
        assert 0 <= shown(decision)[1] <= limit
        if not decision.allowed:  # what it says to wait is enough
            assert bucket.check(principal(), now + decision.retry_after).allowed
            now += decision.retry_after
            passed += 1


def test_bucket_memory_is_bounded() -> None:
    bucket = TokenBucket(lambda _: 2)
    for number in range(25_000):
        key = Principal(f"k{number}", "p", "p", "probe", frozenset(), {})
        assert bucket.check(key, 1000.0 + number / 1000).allowed
    assert len(bucket._missing) <= 10_000
