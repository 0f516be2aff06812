"""Sending messages: whole, as a stream, and by what there is instead of a stream."""

from __future__ import annotations

from typing import Any

import pytest

from flowmaestro import (
    AsyncEventStream,
    ConfigurationError,
    ConflictError,
    DecodeError,
    FlowMaestroConnectionError,
    FlowMaestroStreamError,
    FlowMaestroTimeoutError,
    MisuseError,
    NotFoundError,
    ServerError,
    ServiceTimeoutError,
)
from quintet.errors import ConnectionFailure

from .rig import client, frames, header, ok, pagination, refused, reply, sent, stream

DROP = ConnectionFailure("the peer is gone", progress=2)
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
PLACE = {"thread_id": "t_1", "message_id": "msg_2"}
CONNECTED = ("connected", {"thread_id": "t_1"})
STARTED = ("message:started", {**PLACE, "role": "assistant"}, 1)
HEL = ("message:token", {**PLACE, "token": "Hel", "sequence": 1}, 2)
LO = ("message:token", {**PLACE, "token": "lo", "sequence": 2}, 3)
COMPLETED = ("message:completed", {**PLACE, "content": "Hello", "usage": USAGE}, 4)
WHOLE = {**PLACE, "id": "msg_2", "role": "assistant", "content": "Hello", "usage": USAGE}
UPSTREAM = {
    "execution_id": "exec_9",
    "thread_id": "t_1",
    "status": "completed",
    "message": {"role": "assistant", "content": "Hello", "tool_calls": [], "created_at": "now"},
    "iterations": 1,
    "tool_calls_count": 0,
}
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


async def read(events: AsyncEventStream[Any]) -> tuple[list[str], str]:
    """The types of the events, and the text of their tokens."""
    kinds, text = [], ""
    async for event in events:
        kinds.append(event["type"])
        text += event.get("token", "")
    return kinds, text


ALL = ["message:started", "message:token", "message:token", "message:completed"]
ONE_TOKEN = ["message:started", "message:token", "message:completed"]


async def test_answer_is_returned_as_documented() -> None:
    fm, transport = client(ok(WHOLE))
    data = (await fm.threads.send_message("t_1", "Hi"))["data"]
    assert sent(transport) == ("POST", "/threads/t_1/messages", {"content": "Hi"})
    assert (data["content"], data["usage"]["total_tokens"]) == ("Hello", 3)


async def test_answer_one_level_down_is_lifted() -> None:
    fm, _ = client(ok(UPSTREAM))
    data = (await fm.threads.send_message("t_1", "Hi"))["data"]
    assert (data["role"], data["content"], data["created_at"]) == ("assistant", "Hello", "now")
    assert data["tool_calls"] == []
    assert data["usage"] == ZEROS


@pytest.mark.parametrize(
    ("data", "usage"),
    [
        ({"message_id": "m", "content": "x"}, ZEROS),
        ({"id": "m", "content": "x", "usage": {"total_tokens": 9}}, {**ZEROS, "total_tokens": 9}),
        ({"id": "m", "content": "x", "usage": None, "message": None}, ZEROS),
    ],
)
async def test_ids_and_usage_are_always_there(data: Any, usage: Any) -> None:
    fm, _ = client(ok(data))
    found = (await fm.threads.send_message("t_1", "Hi"))["data"]
    assert found["id"] == found["message_id"] == "m"
    assert found["usage"] == usage


async def test_service_is_told_how_long_to_wait() -> None:
    fm, transport = client(ok(WHOLE))
    await fm.threads.send_message("t_1", "Hi", wait=2.5)
    assert sent(transport)[2] == {"content": "Hi", "timeout": 2500}


@pytest.mark.parametrize("wait", [0, -1, "x", True, float("nan")])
async def test_impossible_wait_is_refused(wait: Any) -> None:
    fm, _ = client()
    with pytest.raises(MisuseError):
        await fm.threads.send_message("t_1", "Hi", wait=wait)


async def test_failed_agent_is_a_server_error_and_not_asked_again() -> None:
    fm, transport = client(refused(500, "execution_failed", "The model failed"))
    with pytest.raises(ServerError) as caught:
        await fm.threads.send_message("t_1", "Hi")
    assert (caught.value.code, len(transport.requests)) == ("execution_failed", 1)


async def test_stream_comes_with_the_answer_to_the_message_itself() -> None:
    fm, transport = client(stream(frames(CONNECTED, STARTED, HEL, LO, COMPLETED)))
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert not transport.requests
    kinds, text = await read(events)
    assert sent(transport) == ("POST", "/threads/t_1/messages", {"content": "Hi", "stream": True})
    assert header(transport, "Accept") == "text/event-stream"
    assert (kinds, text) == (["connected", *ALL], "Hello")
    assert events.final is not None
    assert events.final.get("content") == "Hello"
    assert len(transport.requests) == 1


async def test_failed_answer_ends_the_stream_and_can_be_told() -> None:
    failed = ("message:failed", {**PLACE, "error": "no model"}, 2)
    fm, _ = client(stream(frames(STARTED, failed, HEL)))
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert (await read(events))[0] == ["message:started", "message:failed"]
    assert events.failed


async def test_internal_names_of_the_service_are_understood() -> None:
    fm, _ = client(
        stream(
            frames(
                ("thread:message:start", {"threadId": "t_1", "messageId": "m"}),
                ("thread:message:token", {"messageId": "m", "token": "Hello"}),
                ("thread:message:complete", {"messageId": "m", "finalContent": "Hello"}),
            )
        )
    )
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert await read(events) == (ONE_TOKEN, "Hello")
    assert events.final is not None
    assert (events.final.get("content"), events.final.get("message_id")) == ("Hello", "m")


async def test_broken_stream_is_taken_up_by_reading_and_the_message_not_sent_again() -> None:
    fm, transport = client(
        stream(frames(CONNECTED, STARTED, HEL), DROP),
        stream(frames(CONNECTED, STARTED, HEL, LO, COMPLETED)),
    )
    assert await read(fm.threads.send_message_stream("t_1", "Hi")) == (["connected", *ALL], "Hello")
    assert sent(transport) == ("GET", "/threads/t_1/events?message_id=msg_2", None)
    assert header(transport, "Last-Event-ID") == "2"


async def test_replay_without_ids_shows_no_token_twice() -> None:
    bare = [event[:2] for event in (STARTED, HEL, LO, COMPLETED)]
    fm, _ = client(stream(frames(*bare[:2]), DROP), stream(frames(*bare)))
    assert await read(fm.threads.send_message_stream("t_1", "Hi")) == (ALL, "Hello")


async def test_stream_that_broke_before_its_first_event_is_read_from_the_newest_turn() -> None:
    fm, transport = client(stream(DROP), stream(frames(STARTED, HEL, LO, COMPLETED)))
    assert await read(fm.threads.send_message_stream("t_1", "Hi")) == (ALL, "Hello")
    assert sent(transport) == ("GET", "/threads/t_1/events", None)


async def test_json_instead_of_a_stream_leads_to_the_events_of_the_thread() -> None:
    accepted = ok({**PLACE, "id": "msg_2", "status": "processing"}, 202)
    fm, transport = client(accepted, stream(frames(CONNECTED, STARTED, HEL, LO, COMPLETED)))
    assert await read(fm.threads.send_message_stream("t_1", "Hi")) == (["connected", *ALL], "Hello")
    assert sent(transport) == ("GET", "/threads/t_1/events?message_id=msg_2", None)
    assert len(transport.requests) == 2


@pytest.mark.parametrize("data", [WHOLE, UPSTREAM])
async def test_whole_answer_instead_of_a_stream_comes_as_one_token(data: Any) -> None:
    fm, transport = client(ok(data))
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert await read(events) == (ONE_TOKEN, "Hello")
    assert len(transport.requests) == 1
    assert events.final is not None
    assert "usage" in events.final


@pytest.mark.parametrize("data", [WHOLE, UPSTREAM])
async def test_service_that_cannot_stream_is_asked_for_the_whole_answer(data: Any) -> None:
    fm, transport = client(refused(501, "not_implemented"), ok(data))
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert await read(events) == (ONE_TOKEN, "Hello")
    assert sent(transport) == ("POST", "/threads/t_1/messages", {"content": "Hi"})
    assert events.final is not None
    assert events.final.get("content") == "Hello"


async def test_empty_answer_has_no_token() -> None:
    fm, _ = client(ok({**WHOLE, "content": ""}))
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert await read(events) == (["message:started", "message:completed"], "")


@pytest.mark.parametrize(
    "answer", [reply(200, body=b"<html>", headers={"Content-Type": "text/html"}), ok([]), ok({})]
)
async def test_something_else_instead_of_a_stream_is_a_decode_error(answer: Any) -> None:
    fm, transport = client(answer)
    with pytest.raises(DecodeError):
        await read(fm.threads.send_message_stream("t_1", "Hi"))
    assert len(transport.requests) == 1
    assert transport.open_exchanges == 0


async def test_message_that_may_have_arrived_is_not_sent_again() -> None:
    for progress in (1, 2):
        fm, transport = client(ConnectionFailure("broke", progress=progress))
        with pytest.raises(FlowMaestroConnectionError) as caught:
            await read(fm.threads.send_message_stream("t_1", "Hi"))
        assert caught.value.outcome_unknown
        assert len(transport.requests) == 1


async def test_missing_rest_is_made_from_the_finished_message() -> None:
    messages = [{"id": "msg_1", "role": "user", "content": "Hi"}, WHOLE]
    fm, transport = client(stream(frames(STARTED, HEL), DROP), *[stream(DROP)] * 5, ok(messages))
    events = fm.threads.send_message_stream("t_1", "Hi")
    assert await read(events) == (ALL, "Hello")
    assert sent(transport)[1] == "/threads/t_1/messages?page=1&per_page=100"
    assert events.final is not None
    assert events.final.get("usage") == USAGE


async def test_finished_message_is_looked_for_on_the_last_page_too() -> None:
    first = ok([{"id": "msg_1", "role": "user"}], pagination=pagination(1, 100, 250))
    last = ok({"messages": [WHOLE]})
    fm, transport = client(stream(frames(STARTED, HEL, LO), DROP), *[stream(DROP)] * 5, first, last)
    assert await read(fm.threads.send_message_stream("t_1", "Hi")) == (ALL, "Hello")
    assert sent(transport)[1] == "/threads/t_1/messages?page=3&per_page=100"


@pytest.mark.parametrize(
    "answers",
    [
        [ok([{"id": "msg_2", "role": "user", "content": "x"}])],
        [ok([])],
        [ok({})],
        [reply(200, body=b"no JSON")],
        [refused(404, "resource_not_found")],
        [ok([], pagination=pagination(1, 100, 250)), ok([])],
    ],
)
async def test_stream_that_stays_broken_raises_where_no_answer_is_found(answers: Any) -> None:
    fm, transport = client(stream(frames(STARTED, HEL), DROP), *[stream(DROP)] * 5, *answers)
    with pytest.raises(FlowMaestroStreamError) as caught:
        await read(fm.threads.send_message_stream("t_1", "Hi"))
    assert caught.value.last_event_id == "2"
    assert sum(request.method == "POST" for request in transport.requests) == 1


async def test_stream_of_an_unknown_message_is_not_looked_for() -> None:
    fm, transport = client(*[stream(DROP)] * 6)
    with pytest.raises(FlowMaestroStreamError):
        await read(fm.threads.send_message_stream("t_1", "Hi"))
    assert len(transport.requests) == 6


async def test_thread_events_are_followed() -> None:
    fm, transport = client(
        stream(frames(CONNECTED, STARTED, HEL), DROP), stream(frames(LO, COMPLETED))
    )
    events = fm.threads.stream("t_1", message_id="msg_2")
    assert await read(events) == (["connected", *ALL], "Hello")
    for index in range(2):
        assert sent(transport, index)[1] == "/threads/t_1/events?message_id=msg_2"


async def test_thread_events_go_on_after_a_given_one() -> None:
    fm, transport = client(stream(frames(STARTED, HEL, LO, COMPLETED)))
    kinds, text = await read(fm.threads.stream("t_1", last_event_id="2"))
    assert (kinds, text) == (["message:token", "message:completed"], "lo")
    assert sent(transport)[1] == "/threads/t_1/events"


async def test_thread_that_is_not_there_is_not_found() -> None:
    fm, _ = client(refused(404, "resource_not_found"), refused(404, "resource_not_found"))
    for events in (fm.threads.stream("nope"), fm.threads.send_message_stream("nope", "Hi")):
        with pytest.raises(NotFoundError):
            await read(events)


async def test_408_says_that_the_answer_goes_on() -> None:
    for call in ("send_message", "send_message_stream"):
        fm, transport = client(refused(408, "timeout", "Timed out"))
        with pytest.raises(ServiceTimeoutError) as caught:
            if call == "send_message":
                await fm.threads.send_message("t/1", "Hi")
            else:
                await read(fm.threads.send_message_stream("t/1", "Hi"))
        assert caught.value.thread_id == "t/1"
        assert isinstance(caught.value, FlowMaestroTimeoutError)
        assert isinstance(caught.value, TimeoutError)
        assert (caught.value.code, len(transport.requests)) == ("timeout", 1)


async def test_408_is_final_even_with_a_key() -> None:
    fm, transport = client(refused(408, "timeout", "Timed out"))
    with pytest.raises(ServiceTimeoutError):
        await fm.threads.send_message("t_1", "Hi", idempotency_key="mine")
    assert len(transport.requests) == 1


async def test_own_key_lets_a_streamed_message_be_sent_again() -> None:
    lost = ConnectionFailure("the peer is gone", progress=1)
    fm, transport = client(lost, refused(501, "not_implemented"), lost, ok(WHOLE), max_retries=1)
    events = fm.threads.send_message_stream("t_1", "Hi", idempotency_key="mine")
    assert await read(events) == (ONE_TOKEN, "Hello")
    assert [header(transport, "Idempotency-Key", n) for n in range(4)] == ["mine"] * 4


async def test_thread_that_is_still_answering_refuses_another_message() -> None:
    fm, transport = client(*[refused(409, "conflict", "Thread 't_1' is still answering")] * 2)
    with pytest.raises(ConflictError, match="still answering"):
        await fm.threads.send_message("t_1", "Hi")
    with pytest.raises(ConflictError):
        await read(fm.threads.send_message_stream("t_1", "Hi"))
    assert len(transport.requests) == 2


@pytest.mark.parametrize("timeout", [0, -1, "x"])
def test_impossible_timeout_is_refused(timeout: Any) -> None:
    fm, _ = client()
    with pytest.raises(ConfigurationError):
        fm.threads.send_message_stream("t_1", "Hi", timeout=timeout)
