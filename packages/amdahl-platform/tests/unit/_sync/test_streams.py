# Generated from tests/unit/_async/test_streams.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Streams under torture: each event once, in order, and an end that is never silent."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from amdahl import AgentEvent, AmdahlClient, StreamError, StreamLimitError
from quintet.errors import ConnectionFailure

from .rig import BASE, client, frame, header, ok, refused, reply, run, sent, stream

DROP = ConnectionFailure("the peer is gone", progress=2)
TEXTS = ["plain", "two\nlines", "sep\u2028arated\u2029", "\U0001f980 ünïcode \x85", "  spaced  "]
STORY = [
    frame("session.started", 1, {"max_turns": 20}),
    *(frame("message.delta", n + 2, {"text": text}) for n, text in enumerate(TEXTS)),
    frame("brand.new", 7, {"x": 1}),
    frame("session.completed", 8, {"result": {"text": "done"}}),
]
WHOLE = b"retry: 2000\n\n" + b": ping\n\n".join(STORY)


def follow(am: AmdahlClient, **options: Any) -> list[Any]:
    return [event["seq"] for event in am.agents.stream("as_1", **options)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100_000])
def test_cuts_do_not_matter(size: int) -> None:
    chunks = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
    am, transport = client(stream(*chunks))
    events = [event for event in am.agents.stream("as_1")]
    assert [event["seq"] for event in events] == list(range(1, 9))
    assert [event["data"]["text"] for event in events[1:6]] == TEXTS
    assert transport.open_exchanges == 0


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=6), st.sampled_from(["\n", "\r", "\r\n"]))
def test_cuts_anywhere_and_any_ends_of_lines_give_the_same(cuts: list[int], end: str) -> None:
    text = WHOLE.replace(b"\n", end.encode())
    edges = [0, *sorted(cuts), len(text)]
    chunks = [text[a:b] for a, b in pairwise(edges)]
    am, _ = client(stream(*chunks))
    assert _run(follow(am)) == list(range(1, 9))


def _run(result: Any) -> Any:
    return result


def test_connection_killed_after_each_event_shows_each_once() -> None:
    # Every connection begins one event too early, as a service does that replays generously.
    answers = [stream(*STORY[max(0, n - 1) : n + 1], DROP) for n in range(len(STORY))]
    am, transport = client(*answers)
    assert follow(am) == list(range(1, 9))
    assert [header(transport, "Last-Event-ID", n) for n in range(8)] == [
        None,
        *(str(n) for n in range(1, 8)),
    ]


def test_connection_killed_within_each_event_loses_nothing() -> None:
    answers = [stream(event[: len(event) // 2], DROP) for event in STORY[:1]]
    am, _ = client(*answers, stream(*STORY[:3], STORY[3][:20], DROP), stream(*STORY[3:]))
    assert follow(am) == list(range(1, 9))


def test_stream_without_ids_goes_by_seq() -> None:
    def bare(kind: str, seq: int) -> bytes:
        return f"data: {json.dumps({'type': kind, 'seq': seq})}\n\n".encode()

    first, last = bare("session.started", 1), bare("session.completed", 3)
    am, _ = client(
        stream(first, first, bare("turn.started", 2), DROP),
        stream(first, bare("turn.started", 2), last),
    )
    assert follow(am) == [1, 2, 3]


def test_replays_without_anything_new_come_to_an_end() -> None:
    only = b'data: {"type": "session.started", "seq": 1}\n\n'
    am, transport = client(*[stream(only, DROP)] * 6, ok(run("running")))
    with pytest.raises(StreamError):
        follow(am)
    assert len(transport.requests) == 7


def test_clean_end_of_a_run_that_has_ended_makes_its_last_event() -> None:
    result = {"text": "done"}
    am, transport = client(stream(STORY[0]), ok(run("completed", result=result)))
    events = am.agents.stream("as_1")
    seen = [event for event in events]
    assert [event.type for event in seen] == ["session.started", "session.completed"]
    assert seen[-1]["data"] == {"result": result}
    assert events.final == seen[-1]
    assert not events.failed
    assert sent(transport)[:2] == ("GET", "/agents/as_1/status")


@pytest.mark.parametrize(
    ("status", "kind", "data"),
    [
        ("failed", "session.failed", {"error": {"code": "c"}}),
        ("cancelled", "session.canceled", {}),
    ],
)
def test_other_ends_are_made_too(status: str, kind: str, data: Any) -> None:
    am, _ = client(stream(), ok({"data": run(status, error={"code": "c"})}))
    stream_ = am.agents.stream("as_1")
    final = stream_.until_end()
    assert final is not None
    assert (final.type, final.data, stream_.failed) == (kind, data, True)


def test_clean_end_of_a_run_that_goes_on_is_a_drop() -> None:
    am, transport = client(stream(STORY[0]), ok(run("running")), stream(*STORY))
    assert follow(am) == list(range(1, 9))
    assert header(transport, "Last-Event-ID") == "1"


def test_run_is_asked_before_a_stream_is_given_up() -> None:
    am, _ = client(
        stream(STORY[0], DROP), *[stream(DROP)] * 5, ok(run("failed", error={"code": "boom"}))
    )
    events = [event for event in am.agents.stream("as_1")]
    assert events[-1].type == "session.failed"
    assert events[-1].data == {"error": {"code": "boom"}}
    am, _ = client(stream(STORY[0], DROP), *[stream(DROP)] * 5, refused(404, "not_found"))
    with pytest.raises(StreamError, match="5 reconnects") as caught:
        follow(am)
    assert caught.value.last_event_id == "1"


def test_stream_goes_on_after_an_id() -> None:
    am, transport = client(stream(*STORY))
    events = am.agents.stream("as_1", last_event_id="6")
    assert [event["seq"] for event in events] == [7, 8]
    assert header(transport, "Last-Event-ID") == "6"
    assert events.last_event_id == "8"
    assert transport.requests[0].url == BASE + "/agents/as_1/stream"


def test_unreadable_event_is_passed_on_as_it_came() -> None:
    odd = b"id: 1\nevent: turn.started\ndata: {oops\n\nid: 2\nevent: x\ndata: [1]\n\n"
    am, _ = client(stream(odd, frame("session.completed", 3)))
    events = [event for event in am.agents.stream("as_1")]
    assert dict(events[0]) == {"type": "turn.started", "data": None, "raw": "{oops"}
    assert (events[1].type, events[1]["raw"], events[1].id) == ("x", "[1]", "2")
    assert events[0].seq is None


def test_type_may_come_from_the_data_or_from_the_name() -> None:
    am, _ = client(
        stream(
            b'id: 1\ndata: {"type": "tool_start", "seq": 1}\n\n'
            b'id: 2\nevent: turn.started\ndata: {"seq": 2}\n\n'
            b'id: 3\nevent: session.cancelled\ndata: {"seq": 3}\n\n'
        )
    )
    events = [event for event in am.agents.stream("as_1")]
    assert [event.type for event in events] == ["tool_start", "turn.started", "session.canceled"]
    assert events[-1].is_final


def test_text_about_the_end_is_not_the_end() -> None:
    talk = frame("message.delta", 1, {"text": '"type":"session.completed"'})
    am, _ = client(stream(talk + frame("session.failed", 2)))
    assert follow(am) == [1, 2]


def test_what_is_no_stream_is_an_error() -> None:
    am, _ = client(ok({"type": "session.completed"}))
    with pytest.raises(Exception, match="expected an event stream") as caught:
        follow(am)
    assert type(caught.value).__name__ == "DecodeError"


def test_event_beyond_its_bound_is_an_error() -> None:
    am, _ = client(stream(b"data: ", *[b"x" * 65536] * 17, b"\n\n"))
    with pytest.raises(StreamLimitError):
        follow(am)


def test_service_that_restarts_is_waited_for() -> None:
    am, transport = client(
        stream(STORY[0], DROP),
        reply(503),
        ConnectionFailure("refused"),
        stream(*STORY[1:]),
        max_retries=0,
    )
    assert follow(am) == list(range(1, 9))
    assert len(transport.requests) == 4


def test_stream_left_early_is_closed_and_closing_twice_is_fine() -> None:
    am, transport = client(stream(STORY[0], AssertionError("read on")))
    events = am.agents.stream("as_1")
    first = events.__next__()
    assert isinstance(first, AgentEvent)
    events.close()
    events.close()
    assert transport.open_exchanges == 0


def test_closed_client_ends_its_streams() -> None:
    am, _ = client(stream(*STORY))
    events = am.agents.stream("as_1")
    am.close()
    with pytest.raises(Exception, match="closed"):
        events.until_end()


def test_event_survives_a_pickle() -> None:
    event = AgentEvent({"type": "x", "seq": 1}, "7")
    again = pickle.loads(pickle.dumps(event))
    assert (again, again.id, type(again)) == (event, "7", AgentEvent)
    assert AgentEvent({"type": "x", "seq": True}).seq is None
