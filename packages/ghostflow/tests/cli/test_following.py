"""Following clicks: each once, in order, through gaps and failures, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ghostflow.cli import following
from ghostflow.cli.following import begin, follow, look
from ghostflow.errors import APIConnectionError, AuthenticationError, RateLimitedError
from ghostflow.pages import Page

from .rig import click

START = datetime(2026, 11, 26, 11, tzinfo=timezone.utc)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


class Feed:
    """Clicks as the service lists them: newest first, in pages."""

    def __init__(self, *clicks: dict[str, Any], page: int = 1000) -> None:
        self.clicks = list(clicks)
        self.page = page
        self.requests = 0
        self.failures: list[Exception] = []

    def fetch(self, limit: int, cursor: str | None) -> Page[Any]:
        self.requests += 1
        if self.failures:
            raise self.failures.pop(0)
        rows = sorted(self.clicks, key=lambda each: (each["at"], each["id"]), reverse=True)
        start = int(cursor or 0)
        end = start + min(limit, self.page)
        return Page(rows[start:end], str(end) if end < len(rows) else None)


def numbers(clicks: Any) -> list[int]:
    return [int(each["id"][-12:]) for each in clicks]


def test_beginning_shows_the_last_ones_oldest_first() -> None:
    feed = Feed(*(click(n, at(n)) for n in range(10)))
    _, last = begin(feed.fetch, 3)
    assert numbers(last) == [7, 8, 9]


def test_new_clicks_come_once_and_in_order() -> None:
    feed = Feed(click(1, at(0)))
    seen, _ = begin(feed.fetch, 5)
    feed.clicks += [click(3, at(2)), click(2, at(1))]
    assert numbers(look(feed.fetch, seen)) == [2, 3]
    assert look(feed.fetch, seen) == []
    feed.clicks.append(click(4, at(1.5)))  # written after one that happened later
    assert numbers(look(feed.fetch, seen)) == [4]


def test_recent_clicks_that_were_not_shown_at_first_are_not_new_later() -> None:
    feed = Feed(*(click(n, at(n / 100)) for n in range(500)), page=50)
    seen, last = begin(feed.fetch, 2)
    assert len(last) == 2
    feed.clicks.append(click(900, at(6)))
    assert numbers(look(feed.fetch, seen)) == [900]


def test_clicks_that_were_handed_in_late_do_not_show_up() -> None:
    feed = Feed(click(1, at(0)))
    seen, _ = begin(feed.fetch, 5)
    feed.clicks.append(click(2, at(-3600)))
    assert look(feed.fetch, seen) == []


def test_first_click_of_all_shows_up() -> None:
    feed = Feed()
    seen, last = begin(feed.fetch, 5)
    assert last == []
    feed.clicks.append(click(1, at(0)))
    assert numbers(look(feed.fetch, seen)) == [1]


def test_quiet_look_is_one_request_and_forgets_what_is_old() -> None:
    feed = Feed(*(click(n, at(n)) for n in range(100)), page=20)
    seen, _ = begin(feed.fetch, 5)
    feed.requests = 0
    look(feed.fetch, seen)
    assert feed.requests == 1
    assert len(seen._ids) <= 11


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.floats(0, 9.9), max_size=12), min_size=1, max_size=6),
    st.integers(1, 15),
)
def test_every_click_is_shown_exactly_once(batches: list[list[float]], page: int) -> None:
    feed = Feed(page=page)
    number = 0
    shown: list[int] = []
    seen, _ = begin(feed.fetch, 0)
    for round_, batch in enumerate(batches):
        for offset in batch:
            number += 1
            feed.clicks.append(click(number, at(round_ + offset)))
        shown += numbers(look(feed.fetch, seen))
    assert sorted(shown) == list(range(1, number + 1))


def sleeps(feed: Feed, *steps: Any) -> Any:
    """A sleep that lets the given things happen in turn, and is interrupted then."""
    left: Iterator[Any] = iter(steps)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        step = next(left, None)
        if step is None:
            raise KeyboardInterrupt
        if isinstance(step, Exception):
            feed.failures.append(step)
        elif isinstance(step, dict):
            feed.clicks.append(step)

    sleep.slept = slept  # type: ignore[attr-defined]
    return sleep


def test_interrupt_ends_cleanly_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    feed = Feed(click(1, at(0)))
    shown: list[Any] = []
    sleep = sleeps(feed, click(2, at(1)), "nothing", click(3, at(2)))
    assert follow(feed.fetch, shown.append, first=1, every=2.0, sleep=sleep) == 0
    assert numbers(shown) == [1, 2, 3]
    assert capsys.readouterr().err == "\n2 new clicks\n"
    assert sleep.slept == [2.0] * 4


def test_trouble_that_passes_is_told_once_and_outlived(capsys: pytest.CaptureFixture[str]) -> None:
    feed = Feed()
    shown: list[Any] = []
    down = APIConnectionError("CONNECTION_ERROR", "connection refused")
    slow = RateLimitedError("RATE_LIMITED", "slow down", 429, retry_after=50.0)
    sleep = sleeps(feed, down, down, slow, click(1, at(0)), click(2, at(1)))
    assert follow(feed.fetch, shown.append, first=1, every=2.0, sleep=sleep) == 0
    assert numbers(shown) == [1, 2]
    assert sleep.slept == [2.0, 4.0, 8.0, 50.0, 2.0, 2.0]
    err = capsys.readouterr().err
    assert err.count("still trying") == 1
    assert "connection refused" in err


def test_trouble_that_does_not_pass_ends_it() -> None:
    feed = Feed()
    revoked = AuthenticationError("AUTH_INVALID_API_KEY", "no", 401)
    with pytest.raises(AuthenticationError):
        follow(feed.fetch, print, first=1, every=2.0, sleep=sleeps(feed, revoked))


def test_waits_are_bounded() -> None:
    down = APIConnectionError("CONNECTION_ERROR", "no")
    assert following._longer(25.0, down) == 30.0
