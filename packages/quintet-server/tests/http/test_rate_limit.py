"""The moving window, by itself and on the wire."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import given, strategies as st

from quintet_server.http.rate_limit import MovingWindow
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
        ready = httpx.get(f"{probe.url}/readyz", trust_env=False).json()
        if ready["clock_shift_seconds"] == shift:
            return
    raise AssertionError("the server never saw the clock move")
