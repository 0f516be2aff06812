"""Agents and threads (contract, sections 5.1 and 5.2)."""

from __future__ import annotations

import asyncio

import pytest

TOOLS = [
    {"name": "docs", "description": "The manual", "type": "knowledge_base", "knowledge_base": "m"},
    {
        "name": "order",
        "description": "An order",
        "type": "http",
        "url": "https://shop.test/{{id}}",
        "headers": {"authorization": "secret"},
    },
]


async def test_agents_are_listed_newest_first_with_what_the_list_has(talk):
    for name in ("a", "b", "c"):
        await talk.agent(name, model="gpt", provider="openai")
    body = (await talk.get("/agents?per_page=2")).json()
    assert [one["id"] for one in body["data"]] == ["agent_c", "agent_b"]
    assert body["pagination"]["total_count"] == 3
    assert body["pagination"]["has_more"] is True
    first = body["data"][0]
    assert set(first) == {
        "id",
        "name",
        "description",
        "model",
        "provider",
        "created_at",
        "updated_at",
    }
    assert (first["name"], first["model"], first["provider"]) == ("c", "gpt", "openai")


async def test_an_agent_shows_its_prompt_and_tools_but_no_secrets(talk):
    await talk.agent("full", tools=TOOLS, temperature=0.5, max_tokens=9)
    agent = await talk.data("/agents/agent_full")
    assert agent["system_prompt"] == "Be kind."
    assert (agent["temperature"], agent["max_tokens"]) == (0.5, 9)
    assert agent["available_tools"] == [
        {"id": "tool_docs", "name": "docs", "description": "The manual", "type": "knowledge_base"},
        {"id": "tool_order", "name": "order", "description": "An order", "type": "http"},
    ]
    assert "secret" not in str(agent)


async def test_an_unknown_agent_is_404(talk):
    for method, path in (("GET", "/agents/agent_x"), ("POST", "/agents/agent_x/threads")):
        answer = await talk.call(method, path)
        assert answer.status_code == 404
        assert answer.json()["error"]["details"] == {"resource": "Agent", "id": "agent_x"}


async def test_a_thread_keeps_its_metadata(talk):
    agent = await talk.agent()
    metadata = {"user_id": "u1", "deep": {"list": [1, None, "x"]}}
    answer = await talk.post(f"/agents/{agent}/threads", {"metadata": metadata})
    assert answer.status_code == 201
    made = answer.json()["data"]
    assert made["id"].startswith("thread_")
    assert made == {
        "id": made["id"],
        "agent_id": agent,
        "title": None,
        "status": "active",
        "metadata": metadata,
        "message_count": 0,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "last_message_at": None,
    }
    assert await talk.data(f"/threads/{made['id']}") == made


@pytest.mark.parametrize("body", [None, {}, {"metadata": None}])
async def test_a_thread_without_metadata_has_empty_ones(talk, body):
    agent = await talk.agent()
    answer = await talk.post(f"/agents/{agent}/threads", body)
    assert answer.status_code == 201
    assert answer.json()["data"]["metadata"] == {}


async def test_metadata_must_be_an_object(talk):
    agent = await talk.agent()
    answer = await talk.post(f"/agents/{agent}/threads", {"metadata": [1]})
    assert answer.status_code == 400


async def test_a_deleted_thread_is_gone_everywhere(talk):
    thread = await talk.thread()
    await talk.answer(thread)
    answer = await talk.delete(f"/threads/{thread}")
    assert (answer.status_code, answer.json()["data"]) == (200, {"id": thread, "deleted": True})
    for method, path in (
        ("GET", ""),
        ("GET", "/messages"),
        ("GET", "/events"),
        ("POST", "/messages"),
        ("DELETE", ""),
    ):
        body = {"content": "Hi"} if method == "POST" else None
        answer = await talk.call(method, f"/threads/{thread}{path}", json=body)
        assert answer.status_code == 404, (method, path)


async def test_deleting_a_thread_stops_its_answer(talk):
    thread, never = await talk.thread(), asyncio.Event()
    talk.model.says("a", never)
    async with talk.streaming(thread) as (_, events):
        async for event in events:
            if event["event"] == "message:token":
                assert (await talk.delete(f"/threads/{thread}")).status_code == 200
            last = event
    assert last["event"] == "message:failed"
    assert last["data"]["status"] == "cancelled"
    await talk.until(lambda: talk.model.left == 1)
    states = await talk.sql("SELECT state FROM runs WHERE subject = %s", thread)
    assert states == [("cancelled",)]


async def test_who_waits_for_the_answer_of_a_deleted_thread_gets_404(talk):
    thread, never = await talk.thread(), asyncio.Event()
    talk.model.says("a", never)
    waiting = asyncio.create_task(talk.say(thread))
    [[turn]] = await talk.eventually("SELECT id FROM runs WHERE subject = %s", thread)
    await talk.written(turn, 1)
    assert (await talk.delete(f"/threads/{thread}")).status_code == 200
    assert (await waiting).status_code == 404


async def test_deleting_a_thread_while_its_answer_ends_never_hangs(talk):
    agent = await talk.agent()
    threads = [await talk.thread(agent) for _ in range(20)]

    async def talk_and_go(thread: str) -> tuple[int, int]:
        sending = asyncio.create_task(talk.say(thread))
        await talk.eventually("SELECT 1 FROM runs WHERE subject = %s", thread)
        deleted = await talk.delete(f"/threads/{thread}")
        return (await sending).status_code, deleted.status_code

    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*map(talk_and_go, threads))
    assert {deleted for _, deleted in outcomes} == {200}
    assert {sent for sent, _ in outcomes} <= {200, 404}
    left = await talk.sql(
        "SELECT 1 FROM flowmaestro_threads WHERE project_id = %s"
        " AND (status <> 'deleted' OR running_turn_id IS NOT NULL)",
        talk.project_id,
    )
    assert left == []


async def test_threads_need_their_scopes(talk):
    thread = await talk.thread()
    reader = await talk.with_scopes("agents:read", "threads:read")
    reader.http.base_url = talk.http.base_url
    async with reader.http:
        assert (await reader.get(f"/threads/{thread}")).status_code == 200
        assert (await reader.post("/agents/agent_helper/threads")).status_code == 403
        assert (await reader.delete(f"/threads/{thread}")).status_code == 403
