"""Lists of sessions, and what one of them did."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.services.amdahl.agents.desk import Result, ToolFailed

from .conftest import APPROVAL, Agents, said


async def one_of_each(agents) -> dict[str, str]:
    """A session in every state, by status."""

    @agents.script
    async def complete(desk):
        return Result("")

    @agents.script
    async def failed(desk):
        raise ValueError

    @agents.script
    async def awaiting_input(desk):
        await desk.ask("q", "approval", {}, APPROVAL)
        return Result("")

    @agents.script
    async def running(desk):
        await asyncio.Event().wait()
        raise AssertionError

    names = ("complete", "failed", "awaiting_input", "running")
    found = {name: await agents.start(name) for name in names}
    canceled = await agents.start("running")
    await agents.api.ask("POST", f"/agents/{canceled}/cancel")
    for name in ("complete", "failed", "awaiting_input"):
        await agents.settled(found[name])
    while (await agents.status(found["running"]))["status"] != "running":
        await asyncio.sleep(0.01)
    return {**found, "canceled": canceled}


async def test_runs_are_filtered_by_status_under_both_paths(agents):
    ids = await one_of_each(agents)
    api = agents.api
    for path in ("/agent-runs", "/agents/sessions"):
        assert (await api.ask("GET", path))["total"] == 5
    for status, session_id in ids.items():
        answer = await api.ask("GET", f"/agent-runs?status={status}")
        assert [one["session_id"] for one in answer["items"]] == [session_id]
        assert (answer["total"], answer["items"][0]["status"]) == (1, status)
    assert (await api.ask("GET", "/agent-runs?status=queued"))["items"] == []
    error = await api.refused("GET", "/agent-runs?status=done", None, 400, "invalid_argument")
    assert "awaiting_input" in error["details"]["allowed"]


async def test_an_answered_session_is_listed_as_queued_until_it_is_carried_on(started):
    async with started(agent_concurrency_count=1) as api:
        agents, hold = Agents(api), asyncio.Event()

        @agents.script
        async def asks(desk):
            await desk.ask("q", "approval", {}, APPROVAL)
            return Result("")

        @agents.script
        async def blocks(desk):
            await hold.wait()
            return Result("")

        status = await agents.ended("asks")
        blocker = await agents.start("blocks")
        while (await agents.status(blocker))["status"] != "running":
            await asyncio.sleep(0.01)
        answer = await agents.resume(status["session_id"], approved=True)
        assert answer["status"] == "queued"
        assert (await agents.status(status["session_id"]))["status"] == "queued"
        queued = await api.ask("GET", "/agent-runs?status=queued")
        running = await api.ask("GET", "/agent-runs?status=running")
        assert [one["session_id"] for one in queued["items"]] == [status["session_id"]]
        assert [one["session_id"] for one in running["items"]] == [blocker]
        hold.set()
        assert (await agents.settled(status["session_id"]))["status"] == "complete"


async def test_runs_are_filtered_by_profile_text_and_dates_and_paged(agents):
    @agents.script
    async def quick(desk):
        return Result("")

    agents.works["A Second Task"] = quick
    ids = [await agents.start("quick", "researcher") for _ in range(3)]
    ids.append(await agents.start("A Second Task"))
    for session_id in ids:
        await agents.settled(session_id)
    api, newest_first = agents.api, ids[::-1]

    async def listed(query: str) -> list[str]:
        return [
            one["session_id"] for one in (await api.ask("GET", f"/agent-runs?{query}"))["items"]
        ]

    assert await listed("profile=researcher") == newest_first[1:]
    assert await listed("profile_id=copilot") == newest_first[:1]
    assert await listed("q=second%20TASK") == newest_first[:1]
    assert await listed("q=%25") == []
    at = (await agents.status(ids[2]))["created_at"]
    assert set(await listed(f"created_at_gte={at}")) >= {ids[3]}
    assert await listed("updated_at_gte=2999-01-01") == []
    first = await api.ask("GET", "/agent-runs?limit=3")
    assert (first["total"], first["has_more"]) == (4, True)
    rest = await api.ask("GET", f"/agent-runs?limit=3&cursor={first['next_cursor']}")
    shown = [one["session_id"] for one in first["items"] + rest["items"]]
    assert (shown, rest["next_cursor"]) == (newest_first, None)
    assert await listed("limit=3&offset=3") == newest_first[3:]
    other = f"/agent-runs?profile=copilot&cursor={first['next_cursor']}"
    await api.refused("GET", other, None, 400, "invalid_argument")


async def test_a_run_shows_its_turns_steps_and_conversation(agents):
    @agents.script
    async def busy(desk):
        async def nothing():
            desk.used(5, 1)
            return {"rows": []}

        async def broken():
            raise ToolFailed("no such table", "unknown_table")

        async with desk.turn("plan"):
            await desk.step("think", nothing)
            await desk.tool("look", "query", "Looking", {"sql": "SELECT 1"}, nothing)
        answer = await desk.ask("outline", "approval", {"question": "Well?"}, APPROVAL)
        async with desk.turn("write"):
            with pytest.raises(ToolFailed):
                await desk.tool("bad", "query", "Failing", {}, broken)
            await desk.message("say", said("Hello"))
            await desk.artifact("piece", "note", "A note", {"ok": answer["approved"]})
        return Result("done")

    status = await agents.ended("busy")
    session_id = status["session_id"]
    waiting = await agents.api.ask("GET", f"/agent-runs/{session_id}")
    assert [step["status"] for step in waiting["steps"]] == ["awaiting_input"]
    assert waiting["conversation"][-1]["content"]["context"] == {"question": "Well?"}
    await agents.resume(session_id, approved=True)
    status = await agents.settled(session_id)
    run = await agents.api.ask("GET", f"/agent-runs/{session_id}")
    assert {name: run[name] for name in status} == status
    assert run["id"] == session_id
    plan, write = run["turns"]
    assert (plan["turn"], plan["name"], plan["usage"]) == (
        1,
        "plan",
        {"input_tokens": 10, "output_tokens": 2},
    )
    assert all(turn["started_at"] <= turn["completed_at"] for turn in (plan, write))
    assert [(step["type"], step["name"], step["status"]) for step in plan["steps"]] == [
        ("step", "think", "complete"),
        ("tool", "look", "complete"),
    ]
    look = plan["steps"][1]
    assert (look["tool"], look["arguments"], look["ok"], look["summary"]) == (
        "query",
        {"sql": "SELECT 1"},
        True,
        "0 rows",
    )
    bad, message, artifact = write["steps"]
    assert (bad["status"], bad["error"]["code"], bad["ok"]) == ("failed", "unknown_table", False)
    assert (message["type"], message["message_id"]) == ("message", "msg_say")
    assert artifact["artifact"]["title"] == "A note"
    assert [(step["type"], step["status"]) for step in run["steps"]] == [("ask", "complete")]
    talk = [(line["role"], line["type"]) for line in run["conversation"]]
    assert talk == [
        ("user", "task"),
        ("assistant", "question"),
        ("user", "answer"),
        ("assistant", "message"),
    ]
    assert run["conversation"][2]["content"] == {"approved": True}
    assert run["conversation"][3]["content"] == "Hello "
