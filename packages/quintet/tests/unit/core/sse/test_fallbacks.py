"""What a service has besides a stream, and the reopening of a stream that broke."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from quintet import EventRules, ServerSentEvent
from quintet.core.call import Plan
from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.core.sse.fallbacks import Detour, Fallbacks, Reading
from quintet.core.sse.session import follow
from quintet.errors import (
    ConnectionFailure,
    DecodeError,
    QuintetError,
    StatusError,
    StreamError,
    StreamInterrupted,
)
from quintet.testing import FakeClock, Reply, reply

from ...rig import GET, POST, Played, context, plan, play

SSE = {"Content-Type": "text/event-stream; charset=utf-8"}
DROP = ConnectionFailure("the peer is gone", progress=2)
DOWN = ConnectionFailure("connection refused", progress=0)
LAST = ServerSentEvent("done", "made")


def done(event: ServerSentEvent) -> bool:
    return event.event == "done"


UNTIL_DONE = EventRules(is_terminal=done, numbered=True)
FEW = EventRules(is_terminal=done, numbered=True, max_reconnects=1)


def stream(*chunks: Any) -> Reply:
    return reply(200, chunks=chunks, headers=SSE)


def run(
    fallbacks: Fallbacks,
    answers: Iterable[Any],
    *,
    rules: EventRules = UNTIL_DONE,
    first: Plan | None = None,
) -> Played:
    clock = FakeClock(randoms=[0.5])
    program = follow(first or plan(), context(clock), rules, fallbacks=fallbacks)
    played = play(program, list(answers), clock)
    played.emitted = [event for batch in played.emitted for event in batch]
    return played


def seen(played: Played) -> list[str]:
    return [event.data for event in played.emitted]


def methods(played: Played) -> list[str]:
    return [send.request.method for send in played.sends]


def always(reading: Reading) -> Any:
    def read(response: Response) -> Reading:
        return reading

    return read


# Opening.


def test_first_request_is_not_sent_again_where_there_is_another_way_to_go_on() -> None:
    played = run(
        Fallbacks(resume=plan),
        [
            stream(b"id: 1\ndata: a\n\n", DROP),
            stream(b"id: 1\ndata: a\n\nevent: done\nid: 2\ndata: b\n\n"),
        ],
        first=plan(POST),
    )
    assert seen(played) == ["a", "b"]
    assert methods(played) == ["POST", "GET"]
    assert Headers(played.sends[1].request.headers).get("last-event-id") == "1"


def test_answer_that_is_no_stream_can_be_the_whole_story() -> None:
    bodies = []

    def read(response: Response) -> Reading:
        bodies.append(response.json())
        return [LAST]

    played = run(Fallbacks(answered=read), [reply(200, json={"a": 1})], first=plan(POST))
    assert seen(played) == ["made"]
    assert bodies == [{"a": 1}]
    assert played.closed == 1


def test_answer_that_is_no_stream_can_lead_to_one() -> None:
    played = run(
        Fallbacks(answered=always(None), resume=plan),
        [reply(202, json={}), stream(b"event: done\ndata: a\n\n")],
        first=plan(POST),
    )
    assert (seen(played), methods(played)) == (["a"], ["POST", "GET"])
    assert played.sleeps == []


def test_answer_that_is_no_stream_can_lead_to_a_call() -> None:
    detour = Detour(plan(), always([LAST]))
    played = run(
        Fallbacks(answered=always(detour)), [reply(202, json={}), reply(200)], first=plan(POST)
    )
    assert (seen(played), methods(played)) == (["made"], ["POST", "GET"])


def test_answer_that_is_no_stream_and_tells_nothing_leaves_nothing_to_show() -> None:
    played = run(Fallbacks(answered=always([])), [reply(200, json={})])
    assert seen(played) == []


def test_error_of_the_reader_passes_through() -> None:
    def read(response: Response) -> Reading:
        raise DecodeError("not what was promised")

    with pytest.raises(DecodeError, match="promised"):
        run(Fallbacks(answered=read), [reply(200, json={})])


def test_body_that_breaks_before_it_could_be_read_is_an_error() -> None:
    with pytest.raises(ConnectionFailure, match=r"GET .*the peer is gone"):
        run(Fallbacks(answered=always(None)), [reply(200, chunks=[b"{", DROP])])


@pytest.mark.parametrize("answer", [reply(204), stream(b"event: done\ndata: a\n\n")])
def test_reader_is_not_asked_about_a_stream(answer: Reply) -> None:
    def read(response: Response) -> Reading:
        raise AssertionError("this is a stream")

    run(Fallbacks(answered=read), [answer])


def test_without_a_reader_an_answer_that_is_no_stream_is_an_error() -> None:
    with pytest.raises(DecodeError, match="event stream"):
        run(Fallbacks(), [reply(200, json={})])


def test_status_that_means_no_stream_here_leads_to_a_call() -> None:
    detour = Detour(plan(POST), always([LAST]))
    played = run(
        Fallbacks(refused={501: detour}), [reply(501), reply(200, json={})], first=plan(POST)
    )
    assert (seen(played), methods(played)) == (["made"], ["POST", "POST"])
    with pytest.raises(StatusError):
        run(Fallbacks(refused={501: detour}), [reply(404)])


def test_failure_of_the_call_instead_is_raised() -> None:
    detour = Detour(plan(POST), always([LAST]))
    with pytest.raises(StatusError, match="403"):
        run(Fallbacks(refused={501: detour}), [reply(501), reply(403)], first=plan(POST))


# Opening again.


def test_stream_that_cannot_be_opened_again_at_once_is_tried_again() -> None:
    played = run(
        Fallbacks(),
        [
            stream(b"id: 1\ndata: a\n\n"),
            *[DOWN] * 4,
            reply(502),
            stream(b"event: done\ndata: b\n\n"),
        ],
    )
    assert seen(played) == ["a", "b"]
    assert all(wait > 0 for wait in played.sleeps)


def test_reopening_waits_as_long_as_it_is_told() -> None:
    busy = [reply(503, headers={"Retry-After": "20"})] * 4
    played = run(
        Fallbacks(), [stream(b"id: 1\ndata: a\n\n"), *busy, stream(b"event: done\ndata: b\n\n")]
    )
    assert played.sleeps[-1] == 20.0


def test_reopening_without_a_wait_does_not_sleep() -> None:
    clock = FakeClock(randoms=[0.0])
    program = follow(plan(), context(clock), UNTIL_DONE)
    answers = [stream(b"id: 1\ndata: a\n\n"), reply(502), stream(b"event: done\ndata: b\n\n")]
    assert play(program, answers, clock).sleeps == []


def test_reopening_is_bounded() -> None:
    with pytest.raises(ConnectionFailure, match="refused"):
        run(Fallbacks(), [stream(b"id: 1\ndata: a\n\n"), *[DOWN] * 99], rules=FEW)


def test_reopening_refused_for_good_ends_the_stream() -> None:
    with pytest.raises(StatusError, match="403"):
        run(Fallbacks(), [stream(b"id: 1\ndata: a\n\n"), reply(403)])


# Before giving up.


def broken(count: int = 2) -> list[Any]:
    return [stream(b"id: 1\ndata: a\n\n", DROP), *[stream(DROP)] * (count - 1)]


def rescue(*readings: Reading) -> Fallbacks:
    left = list(readings)

    def read(response: Response) -> Reading:
        found = left.pop(0)
        return Detour(plan(), read) if found == "next" else found

    return Fallbacks(rescue=lambda: Detour(plan(), read))


def test_end_is_made_from_a_last_look() -> None:
    played = run(rescue([LAST]), [*broken(), reply(200)], rules=FEW)
    assert seen(played) == ["a", "made"]


def test_last_look_may_need_several_calls() -> None:
    again: Any = "next"
    played = run(rescue(again, again, [LAST]), [*broken(), *[reply(200)] * 3], rules=FEW)
    assert seen(played) == ["a", "made"]


@pytest.mark.parametrize("last", [reply(200), reply(404), DOWN, reply(200, chunks=[DROP])])
def test_last_look_that_tells_nothing_leaves_the_streams_own_failure(last: Any) -> None:
    with pytest.raises(StreamInterrupted) as caught:
        run(rescue(None), [*broken(), *[last] * 4], rules=FEW)
    assert caught.value.last_event_id == "1"
    assert caught.value.__cause__ is DROP


def test_last_look_that_never_ends_is_bounded() -> None:
    again: Any = "next"
    with pytest.raises(StreamInterrupted):
        run(rescue(*[again] * 99), [*broken(), *[reply(200)] * 99], rules=FEW)


def test_where_there_is_nothing_to_look_at_the_stream_just_fails() -> None:
    with pytest.raises(StreamInterrupted):
        run(Fallbacks(rescue=lambda: None), broken(), rules=FEW)


def test_last_look_is_taken_too_where_the_stream_cannot_be_opened_again() -> None:
    answers = [stream(b"id: 1\ndata: a\n\n"), *[DOWN] * 4, reply(200)]
    assert seen(run(rescue([LAST]), answers, rules=FEW)) == ["a", "made"]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([reply(404)], StatusError),
        ([stream(b"id: 1\ndata: a\n\n"), reply(404)], StatusError),
        ([stream(b"id: 1\ndata: " + b"x" * 100 + b"\n\n")], StreamError),
    ],
)
def test_no_look_is_taken_after_what_is_no_drop(
    answers: list[Any], kind: type[QuintetError]
) -> None:
    def never() -> Detour | None:
        raise AssertionError("there is nothing to rescue")

    rules = EventRules(is_terminal=done, max_line_bytes=50)
    with pytest.raises(kind):
        run(Fallbacks(rescue=never), answers, rules=rules)


def test_plans_of_a_client_are_those_of_its_calls() -> None:
    from ...rig import Bench

    bench = Bench(stream(DROP), stream(b"event: done\ndata: a\n\n"))
    client = bench.client
    fallbacks = Fallbacks(
        resume=lambda: client.plan_events(GET, query={"resumed": True}, timeout=7.0),
        rescue=lambda: Detour(client.plan(GET, max_retries=0), always([LAST])),
    )
    events = client.events(POST, UNTIL_DONE, json={}, timeout=5.0, fallbacks=fallbacks)
    assert [event.data for event in events] == ["a"]
    sent = bench.transport.requests
    assert [request.method for request in sent] == ["POST", "GET"]
    assert sent[1].url.endswith("?resumed=true")
    assert Headers(sent[1].headers).get("accept") == "text/event-stream"


def test_greeting_of_each_connection_is_shown_once() -> None:
    rules = EventRules(is_terminal=done, greets=lambda event: event.event == "hello")
    hello = b"event: hello\ndata: h\n\n"
    played = run(
        Fallbacks(), [stream(hello, DROP), stream(hello, b"event: done\ndata: b\n\n")], rules=rules
    )
    assert seen(played) == ["h", "b"]


def test_stream_that_ends_in_silence_is_looked_after_before_it_is_opened_again() -> None:
    looks: list[str] = []

    def read(response: Response) -> Reading:
        looks.append(response.json()["state"])
        return [LAST] if looks[-1] == "ended" else None

    fallbacks = Fallbacks(ended=lambda: Detour(plan(), read))
    played = run(
        fallbacks,
        [
            stream(b"id: 1\ndata: a\n\n"),
            reply(200, json={"state": "running"}),
            stream(b"id: 2\ndata: b\n\n"),
            reply(200, json={"state": "ended"}),
        ],
    )
    assert seen(played) == ["a", "b", "made"]
    assert looks == ["running", "ended"]
    assert len(played.sleeps) == 1


def test_look_after_a_silent_end_that_fails_tells_nothing() -> None:
    fallbacks = Fallbacks(ended=lambda: Detour(plan(), lambda response: [LAST]))
    played = run(
        fallbacks, [stream(), reply(404), stream(DROP), stream(b"event: done\ndata: z\n\n")]
    )
    assert len(played.sends) == 4


def test_numbers_of_events_may_be_written_in_their_data() -> None:
    def number(event: ServerSentEvent) -> int | None:
        return int(event.data) if event.data.isdigit() else None

    rules = EventRules(is_terminal=done, numbered=number)
    played = run(
        Fallbacks(),
        [stream(b"data: 1\n\n", DROP), stream(b"data: 1\n\ndata: 2\n\nevent: done\ndata: 3\n\n")],
        rules=rules,
    )
    assert seen(played) == ["1", "2", "3"]
