"""Answering and cancelling sessions: what is taken, what is refused, and what it does at once."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.services.amdahl.agents.desk import Result

from .conftest import APPROVAL, Agents


async def asking(agents, schema=APPROVAL) -> str:
    """A session that waits for an answer to such a question."""

    @agents.script
    async def asks(desk):
        answer = await desk.ask("q", "approval", {"question": "Well?"}, schema)
        return Result("", data=answer)

    status = await agents.ended("asks")
    assert status["status"] == "awaiting_input"
    return status["session_id"]


def path(session_id: str, verb: str = "resume") -> str:
    return f"/agents/{session_id}/{verb}"


@pytest.mark.parametrize(
    "body",
    [
        {"input": {"approved": True}},
        {"approved": True},
        {"approved": True, "request_id": "pi_1"},
        {"input": {"approved": True}, "request_id": "pi_1"},
        {"input": {"approved": True}, "approved": "ignored"},
    ],
)
async def test_an_answer_is_taken_in_either_form_and_queues_the_session(agents, body):
    session_id = await asking(agents)
    answer = await agents.api.ask("POST", path(session_id), body)
    assert (answer["success"], answer["status"]) == (True, "queued")
    assert (answer["session_id"], answer["pending_input"]) == (session_id, None)
    assert (await agents.settled(session_id))["result"]["data"] == {"approved": True}
    events = await agents.events(session_id)
    changes = [
        (event["data"]["previous"], event["data"]["status"])
        for event in events
        if event["type"] == "session.status"
    ]
    assert changes == [
        ("queued", "running"),
        ("running", "awaiting_input"),
        ("awaiting_input", "queued"),
        ("queued", "running"),
    ]
    [resumed] = [event["data"] for event in events if event["type"] == "session.resumed"]
    assert resumed["request_id"] == "pi_1"
    [awaiting] = [e["data"] for e in events if e["type"] == "session.awaiting_input"]
    assert awaiting["pending_input"]["schema"] == APPROVAL


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": {}}, "input"),
        ({}, "body"),
        ({"input": {"approved": "yes"}}, "input.approved"),
        ({"approved": 1}, "body.approved"),
        ({"input": "approved"}, "input"),
        ({"input": None}, "input"),
    ],
)
async def test_an_answer_its_schema_does_not_allow_is_refused_and_the_session_waits_on(
    agents, body, field
):
    session_id = await asking(agents)
    error = await agents.api.refused("POST", path(session_id), body, 400, "invalid_argument")
    assert error["details"]["field"] == field
    assert (await agents.status(session_id))["status"] == "awaiting_input"


async def test_a_question_may_ask_for_something_called_input(agents):
    schema = {
        "type": "object",
        "properties": {"input": {"type": "string"}, "request_id": {"type": "string"}},
        "required": ["input", "request_id"],
    }
    session_id = await asking(agents, schema)
    body = {"input": "text", "request_id": "anything"}
    await agents.api.ask("POST", path(session_id), body)
    assert (await agents.settled(session_id))["result"]["data"] == body


async def test_a_choice_that_is_none_of_them_names_them(agents):
    schema = {"type": "object", "properties": {"choice": {"enum": ["a", "b"]}}}
    session_id = await asking(agents, schema)
    body = {"choice": "c"}
    error = await agents.api.refused("POST", path(session_id), body, 400, "invalid_argument")
    assert error["details"]["allowed"] == ["a", "b"]


async def test_an_answer_to_another_question_is_refused(agents):
    session_id = await asking(agents)
    body = {"input": {"approved": True}, "request_id": "pi_0"}
    error = await agents.api.refused("POST", path(session_id), body, 409, "invalid_state")
    assert error["details"]["request_id"] == "pi_1"
    assert (await agents.status(session_id))["status"] == "awaiting_input"


async def test_two_answers_at_once_go_on_once(agents):
    session_id = await asking(agents)
    body = {"input": {"approved": True}}
    answers = await asyncio.gather(*(agents.api.post(path(session_id), body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    await agents.settled(session_id)
    assert (await agents.types(session_id)).count("session.resumed") == 1
    await agents.api.refused("POST", path(session_id), body, 409, "invalid_state")


async def test_same_key_answers_once(agents):
    session_id = await asking(agents)
    body, key = {"input": {"approved": True}}, {"Idempotency-Key": "k"}
    first = await agents.api.post(path(session_id), body, headers=key)
    await agents.settled(session_id)
    again = await agents.api.post(path(session_id), body, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()


async def test_a_session_that_runs_cannot_be_resumed(agents):
    @agents.script
    async def holds(desk):
        await asyncio.Event().wait()
        raise AssertionError

    session_id = await agents.start("holds")
    await agents.api.refused("POST", path(session_id), {"x": 1}, 409, "invalid_state")


async def test_cancelling_stops_a_step_under_way_and_leaves_nothing_of_it(agents):
    begun, stopped = asyncio.Event(), asyncio.Event()

    @agents.script
    async def thinks(desk):
        async def model():
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        async with desk.turn("t"):
            await desk.tool("model", "think", "Thinking", {}, model)
        raise AssertionError

    session_id = await agents.start("thinks")
    await begun.wait()
    answer = await agents.api.ask("POST", path(session_id, "cancel"))
    assert (answer["success"], answer["status"]) == (True, "canceled")
    assert answer["completed_at"] is not None
    async with asyncio.timeout(60):
        await stopped.wait()
    assert await agents.types(session_id) == [
        "session.started",
        "session.status",
        "turn.started",
        "tool_start",
        "session.canceled",
    ]


async def test_cancelling_makes_a_model_stop_talking(agents):
    begun, stopped = asyncio.Event(), asyncio.Event()

    @agents.script
    async def talks(desk):
        async def model():
            try:
                yield "x" * 200
                begun.set()
                await asyncio.Event().wait()
            finally:
                stopped.set()

        return Result(await desk.message("m", model))

    session_id = await agents.start("talks")
    await begun.wait()
    await agents.api.ask("POST", path(session_id, "cancel"))
    async with asyncio.timeout(60):
        await stopped.wait()
    assert "message.completed" not in await agents.types(session_id)


async def test_a_session_that_is_not_begun_yet_is_cancelled_without_beginning(started):
    async with started(agent_concurrency_count=1) as api:
        agents, done = Agents(api), []

        @agents.script
        async def holds(desk):
            await asyncio.Event().wait()
            raise AssertionError

        @agents.script
        async def never(desk):
            done.append(1)
            return Result("")

        first = await agents.start("holds")
        second = await agents.start("never")
        answer = await api.ask("POST", path(second, "cancel"))
        assert (answer["status"], answer["started_at"]) == ("canceled", None)
        assert await agents.types(second) == ["session.canceled"]
        await api.ask("POST", path(first, "cancel"))
        assert done == []


async def test_a_session_that_catches_everything_is_cancelled_within_one_step(agents):
    begun, ended = asyncio.Event(), asyncio.Event()

    @agents.script
    async def stubborn(desk):
        async def step():
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return "never mind"

        await desk.step("s", step)
        try:
            await desk.artifact("a", "note", "Too late", {})
        finally:
            ended.set()
        raise AssertionError

    session_id = await agents.start("stubborn")
    await begun.wait()
    await agents.api.ask("POST", path(session_id, "cancel"))
    async with asyncio.timeout(60):
        await ended.wait()
    assert (await agents.status(session_id))["status"] == "canceled"
    assert (await agents.api.ask("GET", "/artifacts"))["total"] == 0


async def test_cancelling_is_idempotent_and_final(agents):
    session_id = await asking(agents)
    for _ in range(2):
        answer = await agents.api.ask("POST", path(session_id, "cancel"))
        assert (answer["status"], answer["pending_input"]) == ("canceled", None)
    body = {"input": {"approved": True}}
    await agents.api.refused("POST", path(session_id), body, 409, "invalid_state")
    assert (await agents.types(session_id)).count("session.canceled") == 1


@pytest.mark.parametrize("fails", [False, True])
async def test_what_has_ended_cannot_be_cancelled(agents, fails):
    @agents.script
    async def ends(desk):
        if fails:
            raise ValueError
        return Result("")

    status = await agents.ended("ends")
    error = await agents.api.refused(
        "POST", path(status["session_id"], "cancel"), None, 409, "invalid_state"
    )
    assert error["details"]["status"] == ("failed" if fails else "complete")


@pytest.mark.parametrize("verb", ["resume", "cancel"])
async def test_sessions_that_do_not_exist_are_404(agents, verb):
    await agents.api.refused("POST", f"/agents/as_none/{verb}", {"x": 1}, 404, "not_found")
