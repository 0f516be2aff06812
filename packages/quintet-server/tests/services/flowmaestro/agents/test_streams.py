"""`GET /threads/{id}/events` (contract, section 5.3), over real sockets."""

from __future__ import annotations

import asyncio

from ..conftest import frames
from .conftest import kinds, said


async def test_a_late_subscriber_gets_the_whole_turn(talk):
    thread = await talk.thread()
    talk.model.says("a", "b", "c")
    live = await talk.stream(thread)
    late = await talk.events(f"/threads/{thread}/events")
    assert late[0]["event"] == "connected"
    assert late[1:] == live


async def test_a_subscriber_in_the_middle_sees_every_piece_once(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says("a", "b", more, "c", "d")
    turn = await talk.begin(thread)
    await talk.written(turn, 2)
    reading = asyncio.create_task(talk.events(f"/threads/{thread}/events"))
    more.set()
    events = await reading
    assert said(events) == "abcd"
    assert kinds(events)[-1] == "message:completed"


async def test_last_event_id_goes_on_behind_it(talk):
    thread = await talk.thread()
    talk.model.says("a", "b", "c")
    live = await talk.stream(thread)
    for place, event in enumerate(live):
        headers = {"Last-Event-ID": event["id"]}
        rest = await talk.events(f"/threads/{thread}/events", headers=headers)
        assert rest[1:] == live[place + 1 :]
        asked = await talk.events(f"/threads/{thread}/events?last_event_id={event['id']}")
        assert asked == rest


async def test_the_newest_turn_is_told_unless_another_is_asked_for(talk):
    thread = await talk.thread()
    talk.model.says("first")
    first = await talk.stream(thread)
    talk.model.says("second")
    second = await talk.stream(thread)
    newest = await talk.events(f"/threads/{thread}/events")
    assert newest[1:] == second
    [user, answer, *_] = await talk.data(f"/threads/{thread}/messages")
    for message_id in (answer["id"], user["id"]):
        asked = await talk.events(f"/threads/{thread}/events?message_id={message_id}")
        assert asked[1:] == first
    unknown = await talk.get(f"/threads/{thread}/events?message_id=msg_x")
    assert unknown.status_code == 404


async def test_a_message_of_another_thread_is_unknown(talk):
    agent = await talk.agent()
    one, two = await talk.thread(agent), await talk.thread(agent)
    data = await talk.answer(one)
    answer = await talk.get(f"/threads/{two}/events?message_id={data['id']}")
    assert answer.status_code == 404


async def test_a_thread_without_a_turn_waits_for_its_first(talk):
    thread = await talk.thread()
    async with (
        asyncio.timeout(60),
        talk.http.stream("GET", f"/threads/{thread}/events") as answer,
    ):
        events = []
        async for event in frames(answer):
            events.append(event)
            if event["event"] == "connected":
                talk.model.says("hello")
                turn = await talk.begin(thread)
    assert kinds(events) == ["connected", "message:started", "message:token", "message:completed"]
    assert events[-1]["data"]["message_id"] == turn


async def test_the_end_of_a_turn_whose_events_are_gone_is_still_told(talk):
    thread = await talk.thread()
    data = await talk.answer(thread)
    await talk.sql("DELETE FROM events WHERE stream = %s", data["id"])
    for forget in (None, "DELETE FROM runs WHERE id = %s"):
        if forget:
            await talk.sql(forget, data["id"])
        events = await talk.events(f"/threads/{thread}/events")
        assert kinds(events) == ["connected", "message:completed"]
        last = events[-1]["data"]
        assert (last["content"], last["usage"]) == (data["content"], data["usage"])
        assert last["created_at"] == data["created_at"]


async def test_a_forgotten_failure_is_a_failure(talk):
    thread = await talk.thread()
    talk.model.says(400)
    await talk.say(thread)
    await talk.sql("DELETE FROM events WHERE project_id = %s", talk.project_id)
    await talk.sql("DELETE FROM runs WHERE project_id = %s", talk.project_id)
    events = await talk.events(f"/threads/{thread}/events")
    assert kinds(events) == ["connected", "message:failed"]


async def test_many_readers_see_the_same(talk):
    thread, more = await talk.thread(), asyncio.Event()
    talk.model.says(*"some", more, *" words")
    turn = await talk.begin(thread)
    path = f"/threads/{thread}/events"
    reading = [asyncio.create_task(talk.events(path)) for _ in range(20)]
    await talk.written(turn, 4)
    more.set()
    told = await asyncio.gather(*reading)
    assert all(events == told[0] for events in told)
    assert said(told[0]) == "some words"


async def test_a_stream_needs_its_scope(talk):
    thread = await talk.thread()
    other = await talk.with_scopes("agents:read")
    other.http.base_url = talk.http.base_url
    async with other.http:
        assert (await other.get(f"/threads/{thread}/events")).status_code == 403
