"""What the log says of a turn, which is what webhooks are made of (contract, section 8.2)."""

from __future__ import annotations

import asyncio

import pytest

MESSAGE = {"thread_id", "message_id", "agent_id", "agent_name", "role", "content", "status"}
AGENT = {"thread_id", "agent_id", "agent_name", "status", "started_at"}


async def logged(talk):
    return await talk.sql(
        "SELECT type, data, terminal FROM events WHERE project_id = %s"
        " AND type <> 'thread.message.token' ORDER BY seq",
        talk.project_id,
    )


async def test_a_turn_tells_of_message_agent_and_answer(talk):
    agent = await talk.agent(name="helper")
    thread = await talk.thread(agent)
    answer = await talk.answer(thread, "Hi")
    rows = await logged(talk)
    assert [kind for kind, _, _ in rows] == [
        "thread.message.created",
        "agent.execution.started",
        "thread.message.started",
        "agent.execution.completed",
        "thread.message.completed",
    ]
    assert [terminal for _, _, terminal in rows] == [False] * 4 + [True]
    created, started, _, completed, said = [data for _, data, _ in rows]
    assert created.keys() >= MESSAGE
    assert (created["role"], created["content"]) == ("user", "Hi")
    assert said.keys() >= MESSAGE
    assert (said["role"], said["content"], said["status"]) == ("assistant", "ok", "completed")
    assert said["message_id"] == answer["id"]
    assert started.keys() >= AGENT
    assert started["status"] == "running"
    assert completed.keys() >= {*AGENT, "completed_at"}
    assert completed["status"] == "completed"
    assert started["started_at"] == completed["started_at"]
    for data in (created, started, completed, said):
        assert (data["thread_id"], data["agent_id"]) == (thread, agent)
        assert data["agent_name"] == "helper"


@pytest.mark.parametrize("how", ["failed", "cancelled"])
async def test_a_turn_without_an_answer_tells_why(talk, how):
    thread = await talk.thread()
    if how == "failed":
        talk.model.says(400)
        await talk.say(thread)
    else:
        talk.model.says("a", asyncio.Event())
        turn = await talk.begin(thread)
        await talk.written(turn, 1)
        await talk.delete(f"/threads/{thread}")
    rows = (await logged(talk))[-2:]
    assert [kind for kind, _, _ in rows] == ["agent.execution.failed", "thread.message.failed"]
    assert [terminal for _, _, terminal in rows] == [False, True]
    agent, message = [data for _, data, _ in rows]
    assert agent.keys() >= {*AGENT, "completed_at", "error"}
    assert message.keys() >= {*MESSAGE, "error"}
    assert message["status"] == agent["status"] == how
    assert message["error"] == agent["error"] != ""
