"""An event stream from its opening to its end, played by hand."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from quintet import EventRules, ServerSentEvent
from quintet.core.headers import Headers
from quintet.core.sse.session import follow
from quintet.errors import (
    ConnectionFailure,
    DecodeError,
    QuintetError,
    StatusError,
    StreamError,
    StreamIdleTimeout,
    StreamInterrupted,
    StreamLimitError,
    TimeoutFailure,
)
from quintet.testing import FakeClock, Reply, reply

from ...rig import GET, Bench, Played, context, plan, play

SSE = {"Content-Type": "text/event-stream; charset=utf-8"}
DROP = ConnectionFailure("the peer is gone", progress=2)


def done(event: ServerSentEvent) -> bool:
    return event.event == "done"


UNTIL_DONE = EventRules(is_terminal=done)


def stream(*chunks: Any) -> Reply:
    return reply(200, chunks=chunks, headers=SSE)


def run(rules: EventRules, *answers: Any, last: str = "", taking: float = 0.0) -> Played:
    clock = FakeClock(randoms=[0.5])
    program = follow(plan(), context(clock), rules, last)
    played = play(program, answers, clock, taking)
    assert all(played.emitted), "an empty batch was handed on"
    played.emitted = [event for batch in played.emitted for event in batch]
    return played


def resumed_after(played: Played) -> list[str | None]:
    return [Headers(send.request.headers).get("last-event-id") for send in played.sends]


def test_stream_without_a_terminal_event_ends_with_its_body() -> None:
    played = run(EventRules(), stream(b"data: 1\n\nda", b"ta: 2\n\ndata: half"))
    assert [event.data for event in played.emitted] == ["1", "2"]
    assert played.closed == 1


def test_terminal_event_ends_the_stream_and_is_shown() -> None:
    played = run(UNTIL_DONE, stream(b"data: 1\n\nevent: done\ndata: 2\n\ndata: 3\n\n"))
    assert [event.data for event in played.emitted] == ["1", "2"]
    assert len(played.reads) == 1


def test_body_that_ends_before_the_terminal_event_is_a_drop() -> None:
    played = run(
        UNTIL_DONE,
        stream(b"id: 5\ndata: 1\n\n"),
        stream(b"event: done\ndata: 2\n\n"),
    )
    assert [event.data for event in played.emitted] == ["1", "2"]
    assert resumed_after(played) == [None, "5"]
    assert played.sleeps == [0.5]
    assert played.closed == 2


def test_broken_connection_is_a_drop_even_without_terminal_events() -> None:
    played = run(EventRules(), stream(b"id: 5\ndata: 1\n\n", DROP), stream(b"data: 2\n\n"))
    assert [event.data for event in played.emitted] == ["1", "2"]
    assert resumed_after(played) == [None, "5"]


def test_server_says_how_long_to_wait_before_reconnecting() -> None:
    played = run(UNTIL_DONE, stream(b"retry: 2500\n\n"), stream(b"event: done\ndata: 2\n\n"))
    assert played.sleeps == [2.5]


def test_reconnect_without_a_wait_does_not_sleep() -> None:
    clock = FakeClock(randoms=[0.0])
    program = follow(plan(), context(clock), UNTIL_DONE)
    played = play(program, [stream(DROP), stream(b"event: done\ndata:\n\n")], clock)
    assert played.sleeps == []


def test_reconnects_without_progress_are_bounded() -> None:
    rules = EventRules(is_terminal=done, max_reconnects=2)
    with pytest.raises(StreamInterrupted, match="2 reconnects") as caught:
        run(rules, *[stream(b"id: 9\ndata: x\n\n") if n == 0 else stream(DROP) for n in range(4)])
    assert caught.value.last_event_id == "9"
    assert caught.value.__cause__ is DROP


def test_every_event_sets_the_count_of_reconnects_back() -> None:
    rules = EventRules(is_terminal=done, max_reconnects=1)
    answers = [stream(b"id: %d\ndata: x\n\n" % number, DROP) for number in range(1, 8)]
    played = run(rules, *answers, stream(b"event: done\ndata:\n\n"))
    assert len(played.emitted) == 8


def test_end_without_failure_is_named_when_reconnecting_is_off() -> None:
    rules = EventRules(is_terminal=done, max_reconnects=0)
    with pytest.raises(StreamInterrupted, match="ended early") as caught:
        run(rules, stream(b"data: 1\n\n"))
    assert caught.value.__cause__ is None


def test_silence_is_an_idle_timeout() -> None:
    rules = EventRules(idle_timeout=45.0, max_reconnects=0)
    with pytest.raises(StreamIdleTimeout, match="nothing arrived for 45 s") as caught:
        run(rules, stream(b"id: 3\ndata: 1\n\n", TimeoutFailure("late")))
    assert caught.value.last_event_id == "3"


def test_idle_timeout_begins_anew_with_every_read() -> None:
    played = run(EventRules(idle_timeout=5.0), stream(b": beat\n\n", b": beat\n\n"), taking=1.0)
    assert [read.until for read in played.reads] == [6.0, 7.0, 8.0]
    assert run(EventRules(idle_timeout=None), stream()).reads[0].until is None


def test_events_that_were_seen_are_dropped_if_they_are_numbered() -> None:
    rules = EventRules(is_terminal=done, numbered=True)
    played = run(
        rules,
        stream(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n", DROP),
        stream(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\nevent: done\ndata: c\n\n"),
    )
    assert [event.id for event in played.emitted] == ["1", "2", "3"]


def test_stream_can_begin_after_an_id() -> None:
    rules = EventRules(numbered=True)
    played = run(rules, stream(b"id: 4\ndata: a\n\nid: 5\ndata: b\n\n"), last="4")
    assert resumed_after(played) == ["4"]
    assert [event.id for event in played.emitted] == ["5"]


def test_no_content_ends_the_stream() -> None:
    played = run(UNTIL_DONE, reply(204))
    assert played.emitted == []
    assert played.closed == 1


def test_refusal_to_reconnect_is_retried_like_any_request() -> None:
    played = run(
        UNTIL_DONE,
        stream(b"id: 1\ndata: a\n\n", DROP),
        reply(503, headers={"Retry-After": "7"}),
        stream(b"event: done\ndata:\n\n"),
    )
    assert played.sleeps == [0.5, 7.0]


def test_refusal_that_stays_is_raised() -> None:
    with pytest.raises(StatusError):
        run(UNTIL_DONE, stream(DROP), reply(404))


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
def test_answer_that_is_no_event_stream_is_refused(headers: dict[str, str]) -> None:
    bench = Bench(reply(200, body=b"{}", headers=headers))
    with pytest.raises(DecodeError, match="event stream") as caught:
        list(bench.client.events(GET, EventRules()))
    assert caught.value.status == 200
    assert bench.transport.open_exchanges == 0


def test_in_band_error_is_raised_as_the_service_makes_it() -> None:
    class Failed(StreamError):
        pass

    error = Failed("the job failed", last_event_id="own")
    rules = EventRules(to_error=lambda event: error if event.event == "error" else None)
    bench = Bench(stream(b"id: 1\ndata: a\n\nid: 2\nevent: error\ndata: b\n\n"))
    events = bench.client.events(GET, rules)
    assert next(events).data == "a"
    with pytest.raises(Failed) as caught:
        next(events)
    assert caught.value is error
    assert str(error) == "the job failed"
    assert error.last_event_id == "own"
    assert bench.transport.open_exchanges == 0


@pytest.mark.parametrize("end", [True, False])
def test_stream_with_in_band_errors_ends_with_its_terminal_event_too(end: bool) -> None:
    rules = EventRules(is_terminal=done if end else None, to_error=lambda event: None)
    played = run(rules, stream(b"data: 1\n\nevent: done\ndata: 2\n\ndata: 3\n\n"))
    assert [event.data for event in played.emitted] == ["1", "2", "3"][: 2 if end else 3]


def test_line_over_its_bound_is_raised_with_the_last_id() -> None:
    class OwnError(QuintetError):
        pass

    rules = EventRules(max_line_bytes=100)
    bench = Bench(stream(b"id: 7\ndata: a\n\n", b"data: " + b"x" * 200))
    events = bench.client.events(GET, rules)
    next(events)
    with pytest.raises(StreamLimitError, match="GET https") as caught:
        next(events)
    assert caught.value.last_event_id == "7"
    assert bench.transport.open_exchanges == 0


def test_event_over_its_bound_is_raised() -> None:
    rules = EventRules(max_event_bytes=100)
    with pytest.raises(StreamLimitError):
        run(rules, stream(b"data: " + b"x" * 60 + b"\ndata: " + b"x" * 60 + b"\n\n"))


def test_bound_that_was_exceeded_after_whole_events_is_raised_at_the_end_of_the_body() -> None:
    rules = EventRules(max_line_bytes=100)
    bench = Bench(stream(b"data: a\n\ndata: " + b"x" * 200))
    events = bench.client.events(GET, rules)
    assert next(events).data == "a"
    with pytest.raises(StreamLimitError):
        next(events)


def test_compressed_stream_is_decoded() -> None:
    packed = gzip.compress(b"data: 1\n\n")
    headers = {**SSE, "Content-Encoding": "gzip"}
    played = run(EventRules(), reply(200, chunks=[packed[:8], packed[8:]], headers=headers))
    assert [event.data for event in played.emitted] == ["1"]


def test_compressed_stream_that_is_cut_is_a_decode_error() -> None:
    packed = gzip.compress(b"data: 1\n\n")
    headers = {**SSE, "Content-Encoding": "gzip"}
    with pytest.raises(DecodeError):
        run(EventRules(), reply(200, chunks=[packed[:-3]], headers=headers))


def test_foreign_exception_comes_through_and_the_exchange_is_closed() -> None:
    bench = Bench(stream(KeyError("bug")))
    with pytest.raises(KeyError):
        list(bench.client.events(GET, EventRules()))
    assert bench.transport.open_exchanges == 0


def test_stream_remembers_the_last_id_and_closes_when_left() -> None:
    bench = Bench(stream(b"id: 1\ndata: a\n\n", b"data: b\n\n", b"id: 3\ndata: c\n\n"))
    with bench.client.events(GET, EventRules(), last_event_id="0") as events:
        assert events.last_event_id == "0"
        next(events)
        next(events)
        assert events.last_event_id == "1"
        assert bench.transport.open_exchanges == 1
    assert bench.transport.open_exchanges == 0
    sent = Headers(bench.transport.requests[0].headers)
    assert sent["accept"] == "text/event-stream"
    assert sent["last-event-id"] == "0"


def test_stream_that_goes_on_later_has_the_credentials_of_that_moment() -> None:
    keys = iter(["old", "new"])
    begun = plan()
    begun.renew = lambda: (("X-Key", next(keys)),)
    begun = begun.renewed(begun.request)
    clock = FakeClock(randoms=[0.5])
    played = play(
        follow(begun, context(clock), UNTIL_DONE, ""),
        [stream(b"id: 1\ndata: a\n\n", DROP), stream(b"event: done\ndata:\n\n")],
        clock,
    )
    headers = [Headers(send.request.headers) for send in played.sends]
    assert [each.get_all("x-key") for each in headers] == [["old"], ["new"]]
    assert headers[1].get("last-event-id") == "1"
