"""Going on after a drop."""

from __future__ import annotations

import pytest

from quintet.core.backoff import Backoff
from quintet.core.budget import RetryBudget
from quintet.core.retry import GiveUp, Retry
from quintet.core.sse import Reconnect, ServerSentEvent
from quintet.core.sse.reconnect import numeric_id


def event(id: str = "", retry: int | None = None) -> ServerSentEvent:
    return ServerSentEvent("message", "x", id, retry)


def test_drops_in_a_row_end_after_the_last_attempt() -> None:
    state = Reconnect(max_attempts=3, backoff=Backoff(1, 8))
    delays = [state.dropped(random=0.5) for _ in range(3)]
    assert delays == [Retry(d, "stream dropped") for d in (0.5, 1.0, 2.0)]
    assert state.dropped(random=0.5) == GiveUp("attempts")


def test_event_between_drops_starts_the_count_again() -> None:
    state = Reconnect(max_attempts=1)
    for number in range(10):
        assert isinstance(state.dropped(random=0), Retry)
        assert state.attempts == 1
        assert state.event(event(str(number)))
        assert state.attempts == 0


def test_zero_attempts_never_reconnect() -> None:
    assert Reconnect(max_attempts=0).dropped(random=0) == GiveUp("attempts")


def test_server_retry_is_the_least_wait_up_to_the_bound() -> None:
    state = Reconnect(max_wait=10)
    state.event(event(retry=2500))
    assert state.dropped(random=0.0) == Retry(2.5, "stream dropped")
    state.server_retry(3_600_000)
    assert state.dropped(random=0.0) == Retry(10.0, "stream dropped")


def test_refused_reconnect_waits_as_told_or_gives_up() -> None:
    state = Reconnect(max_wait=10)
    assert state.dropped(random=0, retry_after=7.0) == Retry(7.0, "stream dropped")
    assert state.dropped(random=0, retry_after=11.0) == GiveUp("retry_after_too_long")


def test_reconnect_stays_before_the_deadline() -> None:
    state = Reconnect(backoff=Backoff(4, 4))
    assert state.dropped(random=0.5, remaining=2.1) == Retry(2.0, "stream dropped")
    assert state.dropped(random=0.5, remaining=2.0) == GiveUp("deadline")


def test_reconnect_is_paid_by_the_budget() -> None:
    budget = RetryBudget(capacity=5)
    state = Reconnect()
    assert isinstance(state.dropped(random=0, budget=budget), Retry)
    assert state.dropped(random=0, budget=budget) == GiveUp("budget")


def test_resume_header_carries_the_last_id() -> None:
    state = Reconnect()
    assert state.headers() == []
    state.event(event("42"))
    assert state.headers() == [("Last-Event-ID", "42")]
    state.event(event("ü€"))
    [(_, value)] = state.headers()
    assert value.encode("latin-1").decode() == "ü€"
    state.event(event(""))
    assert state.headers() == []


@pytest.mark.parametrize("id", ["a\x01b", "\x7f", "x" * 4097])
def test_resume_header_that_cannot_be_sent_is_left_out(id: str) -> None:
    state = Reconnect()
    state.event(event(id))
    assert state.headers() == []


def test_replayed_events_are_seen_once() -> None:
    state = Reconnect(sequence=numeric_id)
    assert [state.event(event(id)) for id in ("1", "2", "3")] == [True, True, True]
    state.dropped(random=0)
    assert [state.event(event(id)) for id in ("2", "3", "4")] == [False, False, True]
    assert state.last_event_id == "4"


def test_replayed_events_are_no_progress_and_do_not_move_the_place_to_resume() -> None:
    state = Reconnect(max_attempts=2, sequence=numeric_id)
    state.event(event("5"))
    for _ in range(2):
        assert isinstance(state.dropped(random=0), Retry)
        assert not state.event(event("4", retry=1000))
    assert state.headers() == [("Last-Event-ID", "5")]
    assert state.dropped(random=0) == GiveUp("attempts")


def test_events_without_a_number_are_always_handed_out() -> None:
    state = Reconnect(sequence=numeric_id)
    assert [state.event(event(id)) for id in ("9", "x", "", "x")] == [True] * 4


@pytest.mark.parametrize(
    ("id", "number"),
    [("0", 0), ("17", 17), ("", None), ("-1", None), ("1.5", None), ("١", None), ("9" * 19, None)],
)
def test_numeric_id_is_plain_digits(id: str, number: int | None) -> None:
    assert numeric_id(event(id)) == number


def greets(event: ServerSentEvent) -> bool:
    return event.data == "hello"


def hello(id: str = "") -> ServerSentEvent:
    return ServerSentEvent("message", "hello", id)


def test_greeting_is_shown_once_and_is_no_progress() -> None:
    state = Reconnect(max_attempts=2, sequence=numeric_id, greets=greets)
    assert state.admit([hello()]) == [hello()]
    for _ in range(2):
        assert isinstance(state.dropped(random=0), Retry)
        assert not state.exhausted
        assert state.admit([hello()]) == []
    assert state.dropped(random=0) == GiveUp("attempts")
    assert state.exhausted


def test_greeting_does_not_hide_the_repeats_behind_it() -> None:
    state = Reconnect(sequence=numeric_id, greets=greets)
    assert state.admit([hello(), event("1"), event("2")]) == [hello(), event("1"), event("2")]
    state.dropped(random=0)
    assert state.admit([hello(), event("1")]) == []
    assert state.headers() == [("Last-Event-ID", "2")]
    assert state.admit([event("2"), event("3")]) == [event("3")]
    assert state.attempts == 0


def test_greeting_alone_leaves_the_place_to_resume() -> None:
    state = Reconnect(sequence=numeric_id, greets=greets)
    state.event(event("7"))
    state.dropped(random=0)
    assert state.admit([hello()]) == [hello()]
    assert state.headers() == [("Last-Event-ID", "7")]


def test_what_looks_like_a_greeting_later_is_an_event_like_any_other() -> None:
    state = Reconnect(greets=greets)
    assert state.admit([event("1")]) == [event("1")]
    assert state.admit([hello("2")]) == [hello("2")]
    assert state.last_event_id == "2"
