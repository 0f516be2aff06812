"""Sending and reading messages (contract, sections 5.2 and 5.3), against a scripted model."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import kinds, said
from .scripted_model import CUT

INTEGERS = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


async def test_a_send_is_answered_with_the_union_of_the_documented_shapes(talk):
    thread = await talk.thread()
    talk.model.says("Hel", "lo")
    data = await talk.answer(thread, "Hi there")
    assert data["content"] == "Hello"
    assert data["id"] == data["message_id"] == data["execution_id"]
    assert data["id"].startswith("msg_")
    assert (data["thread_id"], data["role"], data["status"]) == (thread, "assistant", "completed")
    assert data["usage"] == INTEGERS
    assert data["tool_calls"] is None
    assert data["tool_calls_count"] == 0
    assert data["iterations"] == 1
    assert data["message"] == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": None,
        "created_at": data["created_at"],
    }
    assert data["metadata"]["finish_reason"] == "stop"
    assert data["metadata"]["model"] == "scripted"


async def test_a_model_is_given_prompt_settings_and_the_conversation(talk):
    agent = await talk.agent(temperature=0.25, max_tokens=77)
    thread = await talk.thread(agent)
    talk.model.says("First")
    await talk.answer(thread, "One")
    await talk.answer(thread, "Two")
    assert talk.model.shown() == [
        ("system", "Be kind."),
        ("user", "One"),
        ("assistant", "First"),
        ("user", "Two"),
    ]
    request = talk.model.requests[-1]
    assert (request["temperature"], request["max_tokens"]) == (0.25, 77)


async def test_messages_are_listed_oldest_first_and_in_pages(talk):
    thread = await talk.thread()
    for text in ("One", "Two", "Three"):
        talk.model.says(f"{text}!")
        await talk.answer(thread, text)
    assert await talk.messages(thread) == [
        ("user", "One"),
        ("assistant", "One!"),
        ("user", "Two"),
        ("assistant", "Two!"),
        ("user", "Three"),
        ("assistant", "Three!"),
    ]
    page = (await talk.get(f"/threads/{thread}/messages?page=2&per_page=4")).json()
    assert [one["content"] for one in page["data"]] == ["Three", "Three!"]
    assert page["pagination"]["total_count"] == 6
    assert page["pagination"]["has_prev"] is True
    assert page["pagination"]["has_more"] is page["pagination"]["has_next"] is False
    answer = page["data"][1]
    assert answer["usage"] == INTEGERS
    assert answer["tool_calls"] is None
    assert answer["created_at"].endswith("Z")


async def test_a_thread_counts_its_messages(talk):
    thread = await talk.thread()
    assert (await talk.data(f"/threads/{thread}"))["last_message_at"] is None
    data = await talk.answer(thread)
    shown = await talk.data(f"/threads/{thread}")
    assert shown["message_count"] == 2
    assert shown["last_message_at"] == data["created_at"]


async def test_a_stream_on_the_same_response_ends_with_the_whole_answer(talk):
    thread = await talk.thread()
    talk.model.says("Once ", "upon", " a time ☃", "\n\nend")
    events = await talk.stream(thread)
    assert kinds(events) == ["message:started", "message:token", "message:completed"]
    tokens = [one["data"] for one in events if one["event"] == "message:token"]
    assert [one["sequence"] for one in tokens] == [1, 2, 3, 4]
    last = events[-1]["data"]
    assert said(events) == last["content"] == "Once upon a time ☃\n\nend"
    assert last["usage"] == INTEGERS
    for event in events:
        assert event["data"]["type"] == event["event"]
        assert event["data"]["thread_id"] == thread
        assert event["data"]["message_id"] == last["message_id"]
        assert event["data"]["timestamp"] > 0
    numbers = [int(event["id"]) for event in events]
    assert numbers == sorted(set(numbers))
    listed = (await talk.data(f"/threads/{thread}/messages"))[-1]
    assert (listed["id"], listed["content"]) == (last["message_id"], last["content"])
    assert listed["created_at"] == last["created_at"]


async def test_pieces_arrive_while_the_answer_is_being_generated(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("a", more, "b")
    async with talk.streaming(thread) as (_, events):
        async for event in events:
            if event["event"] == "message:token":
                assert event["data"]["token"] == ("b" if more.is_set() else "a")
                more.set()
    assert more.is_set()


async def test_without_the_accept_header_a_stream_is_told_where_to_look(talk):
    thread = await talk.thread()
    talk.model.says("x", "y")
    answer = await talk.say(thread, stream=True)
    assert answer.status_code == 202
    data = answer.json()["data"]
    assert data["id"] == data["message_id"]
    assert (data["thread_id"], data["status"]) == (thread, "processing")
    events = await talk.events(f"/threads/{thread}/events")
    assert kinds(events) == ["connected", "message:started", "message:token", "message:completed"]
    assert events[0]["data"] == {"type": "connected", "thread_id": thread}
    assert "id" not in events[0]
    assert events[-1]["data"]["message_id"] == data["message_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": ""}, "content"),
        ({"content": "  "}, "content"),
        ({"content": None}, "content"),
        ({"content": 5}, "content"),
        ({"content": "x" * 100_001}, "content"),
        ({"content": "x", "stream": "yes"}, "stream"),
        ({"content": "x", "timeout": "soon"}, "timeout"),
        ({"content": "x", "timeout": 0}, "timeout"),
        ({"content": "x", "timeout": True}, "timeout"),
    ],
)
async def test_a_bad_body_is_refused_by_field_and_stores_nothing(talk, body, field):
    thread = await talk.thread()
    answer = await talk.post(f"/threads/{thread}/messages", body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "validation_error"
    assert error["details"]["errors"][0]["field"] == field
    if body.get("content") in ("", None):
        assert error["message"] == "Message content is required"
    assert await talk.messages(thread) == []


async def test_after_the_timeout_the_answer_is_408_and_still_arrives(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("late", more, "r")
    answer = await talk.say(thread, timeout=50)
    assert answer.status_code == 408
    assert answer.json()["error"]["code"] == "timeout"
    assert await talk.messages(thread) == [("user", "Hi")]
    more.set()
    events = await talk.events(f"/threads/{thread}/events")
    assert events[-1]["data"]["content"] == "later"
    assert await talk.messages(thread) == [("user", "Hi"), ("assistant", "later")]


async def test_a_second_message_meanwhile_is_refused_and_not_stored(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("a", more)
    turn = await talk.begin(thread)
    refused = await talk.say(thread, "And?")
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "validation_error"
    assert turn in error["message"]
    assert error["details"] == {"thread_id": thread, "message_id": turn}
    more.set()
    assert await talk.ended(turn) == "completed"
    assert await talk.messages(thread) == [("user", "Hi"), ("assistant", "a")]
    assert (await talk.answer(thread, "And?"))["content"] == "ok"


async def test_of_many_messages_at_once_one_is_taken(talk):
    thread = await talk.thread()
    answers = await asyncio.gather(*(talk.say(thread, f"m{n}", stream=True) for n in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 202
    assert set(statuses[1:]) <= {202, 409}
    users = [text for role, text in await talk.messages(thread) if role == "user"]
    assert len(users) == statuses.count(202)


async def test_whoever_hangs_up_does_not_stop_the_answer(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("a", more, "b")
    async with talk.streaming(thread) as (_, events):
        async for event in events:
            if event["event"] == "message:token":
                break
    more.set()
    events = await talk.events(f"/threads/{thread}/events")
    assert events[-1]["data"]["content"] == "ab"
    assert talk.model.left == 0


async def test_a_waiting_caller_who_hangs_up_does_not_stop_the_answer(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("a", more, "b")
    sending = asyncio.create_task(talk.say(thread))
    [[turn]] = await talk.eventually("SELECT id FROM runs WHERE subject = %s", thread)
    await talk.written(turn, 1)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    more.set()
    assert await talk.ended(turn) == "completed"
    assert (await talk.messages(thread))[-1] == ("assistant", "ab")


async def test_an_idempotency_key_sends_a_message_once(talk):
    thread = await talk.thread()
    talk.model.says("only once")
    options = {"headers": {"Idempotency-Key": "k1"}}
    first = await talk.post(f"/threads/{thread}/messages", {"content": "Hi"}, **options)
    again = await talk.post(f"/threads/{thread}/messages", {"content": "Hi"}, **options)
    assert first.status_code == again.status_code == 200
    assert first.json()["data"] == again.json()["data"]
    assert len(talk.model.requests) == 1
    other = await talk.post(f"/threads/{thread}/messages", {"content": "Ho"}, **options)
    assert other.status_code == 409


async def test_an_idempotency_key_waits_for_the_turn_that_runs(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("x", more)
    options = {"headers": {"Idempotency-Key": "k2"}}
    body = {"content": "Hi", "timeout": 50}
    first = await talk.post(f"/threads/{thread}/messages", body, **options)
    assert first.status_code == 408
    more.set()
    again = await talk.post(f"/threads/{thread}/messages", body, **options)
    while again.status_code == 408:
        again = await talk.post(f"/threads/{thread}/messages", body, **options)
    assert again.json()["data"]["content"] == "x"
    assert len(talk.model.requests) == 1


async def test_a_model_that_refuses_fails_the_turn_and_frees_the_thread(talk):
    thread = await talk.thread()
    talk.model.says(400)
    answer = await talk.say(thread)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "execution_failed"
    events = await talk.events(f"/threads/{thread}/events")
    assert kinds(events) == ["connected", "message:started", "message:failed"]
    failed = events[-1]["data"]
    assert failed["error"] == answer.json()["error"]["message"]
    assert failed["code"] == "model_refused"
    assert await talk.messages(thread) == [("user", "Hi")]
    assert (await talk.answer(thread))["content"] == "ok"


async def test_an_answer_that_breaks_off_fails_if_the_model_cannot_continue(talk):
    thread = await talk.thread()
    talk.model.says("half", CUT)
    events = await talk.stream(thread)
    assert kinds(events) == ["message:started", "message:token", "message:failed"]
    assert events[-1]["data"]["code"] == "model_failed"
    assert await talk.messages(thread) == [("user", "Hi")]


async def test_an_empty_answer_is_an_answer(talk):
    thread = await talk.thread()
    talk.model.says()
    assert (await talk.answer(thread))["content"] == ""


async def test_a_nul_in_an_answer_does_not_break_it(talk):
    thread = await talk.thread()
    talk.model.says("a\x00b")
    events = await talk.stream(thread)
    assert said(events) == events[-1]["data"]["content"] == "a\ufffdb"


async def test_without_a_model_a_send_is_503_with_the_two_ways_and_stores_nothing(api, tmp_path):
    spec = {"kind": "agent", "name": "mute", "spec": {}}
    await api.apply(tmp_path, spec)
    thread = (await api.post("/agents/agent_mute/threads")).json()["data"]["id"]
    for body in ({"content": "Hi"}, {"content": "Hi", "stream": True}):
        answer = await api.post(f"/threads/{thread}/messages", body)
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert error["code"] == "service_unavailable"
        assert "quintet models install smollm2" in error["message"]
        assert "AI_BASE_URL" in error["message"]
    assert await api.data(f"/threads/{thread}/messages") == []


async def test_both_scopes_are_needed_to_send(talk):
    thread = await talk.thread()
    for scopes in (["agents:execute"], ["threads:write"]):
        async with (await talk.with_scopes(*scopes)).http as http:
            http.base_url = talk.http.base_url
            answer = await http.post(f"/threads/{thread}/messages", json={"content": "Hi"})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "insufficient_scope"


async def test_threads_of_another_project_are_unknown(talk):
    thread = await talk.thread()
    stranger = await talk.other("somebody else")
    async with stranger.http:
        for method, path in (
            ("GET", ""),
            ("GET", "/messages"),
            ("GET", "/events"),
            ("POST", "/messages"),
            ("DELETE", ""),
        ):
            body = {"content": "Hi"} if method == "POST" else None
            answer = await stranger.call(method, f"/threads/{thread}{path}", json=body)
            assert answer.status_code == 404, (method, path)
            assert answer.json()["error"]["message"] == f"Thread with id '{thread}' not found"
