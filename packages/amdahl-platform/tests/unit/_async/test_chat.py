"""Conversations: in the words of the other lanes, and followed like runs of agents."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import DecodeError, MisuseError

from .rig import client, frame, header, ok, reply, sent, stream

RUN: dict[str, Any] = {"run_id": "as_1", "chat_id": "chat_1", "pending_input": None, "answer": None}


async def test_states_are_those_of_runs_of_agents() -> None:
    listed = {"id": "chat_1", "status": "active", "runs": [{"run_id": "as_1", "status": "error"}]}
    am, _ = client(ok({**RUN, "status": "error"}), ok(listed))
    assert (await am.chat.run("chat_1", "as_1"))["status"] == "failed"
    chat = await am.chat.get("chat_1")
    assert (chat["status"], chat["runs"][0]["status"]) == ("active", "failed")


async def test_choices_that_are_asked_for_become_a_schema() -> None:
    pending = {"type": "multiple_choice", "context": {}, "schema": {"choice": ["a", "b"]}}
    am, _ = client(ok({**RUN, "status": "awaiting_input", "pending_input": pending}))
    asked = (await am.chat.run("chat_1", "as_1"))["pending_input"]
    assert asked is not None
    assert asked["schema"]["properties"] == {"choice": {"enum": ["a", "b"]}}


async def test_look_that_is_held_has_the_time_it_needs() -> None:
    limits: list[float | None] = []
    am, transport = client(*[ok({**RUN, "status": "complete"})] * 3, timeout=2.0)
    plain = transport.send

    async def send(request: Any, until: float | None, seconds: float | None) -> Any:
        limits.append(seconds)
        return await plain(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    await am.chat.run("chat_1", "as_1", wait_ms=30_000)
    await am.chat.run("chat_1", "as_1", wait_ms=30_000, timeout=4.0)
    await am.chat.run("chat_1", "as_1")
    assert limits == [35.0, 4.0, 2.0]


async def test_stream_resumes_and_its_end_is_taken_from_the_run() -> None:
    answer = {"answer_text": "Blue.", "content_blocks": [], "follow_ups": []}
    am, transport = client(
        stream(frame("session.started", 1)),
        ok({**RUN, "status": "complete", "answer": answer}),
    )
    events = [event async for event in am.chat.stream("chat_1", "as_1")]
    assert [event["type"] for event in events] == ["session.started", "session.completed"]
    assert events[-1]["session_id"] == "as_1"
    assert events[-1]["data"]["answer"] == answer
    assert [sent(transport, n)[1] for n in range(2)] == [
        "/chats/chat_1/runs/as_1/stream",
        "/chats/chat_1/runs/as_1",
    ]


async def test_stream_goes_on_after_an_event() -> None:
    am, transport = client(stream(frame("session.completed", 3)))
    await am.chat.stream("chat_1", "as_1", last_event_id="2").until_end()
    assert header(transport, "Last-Event-ID") == "2"


async def test_calls_that_are_wrong_are_refused_before_they_are_sent() -> None:
    am, transport = client()
    with pytest.raises(MisuseError, match="input"):
        await am.chat.start(None)  # type: ignore[arg-type]
    with pytest.raises(MisuseError, match="config"):
        await am.chat.start("Hi", config="deep")  # type: ignore[arg-type]
    with pytest.raises(MisuseError, match="input"):
        await am.chat.resume("chat_1", "as_1", "yes")  # type: ignore[arg-type]
    assert not transport.requests


async def test_answer_without_a_status_is_none() -> None:
    am, _ = client(ok({"run_id": "as_1"}), reply(200, body=b"[]"))
    with pytest.raises(DecodeError):
        await am.chat.run("chat_1", "as_1")
    with pytest.raises(DecodeError):
        await am.chat.start("Hi")
