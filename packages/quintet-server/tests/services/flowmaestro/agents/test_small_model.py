"""The same with a real, small language model in this machine: its words are never tested."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ..conftest import new_key
from .conftest import Talk, kinds, said, serving, talk_to


@pytest_asyncio.fixture(loop_scope="session")
async def small(local_model: str, database_url: str, tmp_path: Path) -> AsyncIterator[Talk]:
    """A server whose agents speak with the small model."""
    settings = {"tool_rounds_max_count": 1}
    async with serving(database_url, tmp_path / "data", **settings) as (runtime, url):
        client = await talk_to(runtime, url, await new_key(runtime), "default")
        client.folder = tmp_path
        client.http.timeout = 100  # a busy machine generates a few tokens a second
        async with client.http:
            yield client


async def test_a_story_is_streamed_word_by_word_and_counted(small, local_model):
    thread = await small.thread(await small.agent(max_tokens=24))
    events = await small.stream(thread, "Tell me a story.")
    assert kinds(events) == ["message:started", "message:token", "message:completed"]
    last = events[-1]["data"]
    assert said(events) == last["content"]
    assert last["content"].strip()
    tokens = [one["data"]["sequence"] for one in events[1:-1]]
    assert tokens == list(range(1, len(tokens) + 1))
    usage = last["usage"]
    assert 0 < usage["completion_tokens"] <= 24
    assert usage["prompt_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert last["metadata"]["model"] == local_model
    assert (await small.data("/agents/agent_helper"))["model"] == local_model


async def test_an_answer_rests_on_the_knowledge_base_and_names_it(small):
    pytest.importorskip("wordllama")
    folder = small.folder / "docs"
    folder.mkdir()
    (folder / "parcels.md").write_text("# Parcels\n\nA parcel to Norway takes nine days.\n")
    base = {"kind": "knowledge_base", "name": "manual", "spec": {"documents": [{"path": "docs"}]}}
    tool = {"name": "docs", "type": "knowledge_base", "knowledge_base": "manual"}
    agent = await small.agent(tools=[tool], max_tokens=16)  # and the knowledge base, empty
    await small.apply(small.folder, base)
    await small.eventually("SELECT 1 FROM flowmaestro_documents WHERE state = 'ready'")
    thread = await small.thread(agent)
    data = await small.answer(thread, "How long does a parcel to Norway take?")
    [source] = data["metadata"]["sources"]
    assert source["document_name"] == "docs/parcels.md"
    assert source["knowledge_base_id"] == "kb_manual"
    assert 0 < source["similarity"] <= 1
    assert data["tool_calls"][0]["name"] == "docs"


async def test_a_tool_is_chosen_by_a_form_and_the_answer_comes(small):
    tool = {
        "name": "order",
        "description": "Looks up the state of an order by its number",
        "type": "http",
        "url": f"{str(small.http.base_url).removesuffix('/api/v1/')}/healthz",
        "parameters": {
            "properties": {"number": {"type": "string", "maxLength": 8}},
            "required": ["number"],
        },
    }
    thread = await small.thread(await small.agent(tools=[tool], max_tokens=16))
    data = await small.answer(thread, "What is the state of order 17?")
    for call in data["tool_calls"] or []:
        assert call["name"] == "order"
        assert isinstance(call["arguments"].get("number"), str)
    assert data["iterations"] >= 2  # it was asked at least once


async def test_deleting_a_thread_frees_the_model(small):
    thread = await small.thread(await small.agent(max_tokens=900))
    async with small.streaming(thread, "Count to a thousand.") as (_, events):
        async for event in events:
            if event["event"] == "message:token":
                assert (await small.delete(f"/threads/{thread}")).status_code == 200
                break
    other = await small.thread("agent_helper")
    async with asyncio.timeout(60):
        async with small.streaming(other, "Hi") as (_, events):
            async for event in events:
                if event["event"] == "message:token":
                    break


@pytest.mark.kill
async def test_after_a_kill_another_process_continues_in_the_middle(
    smollm2, start_process, database_url, small
):
    # `small` only looks: its own workers would answer first.
    await small.runtime.runs.stop()
    agent = await small.agent(max_tokens=60)
    thread = await small.thread(agent)
    env = {"QUINTET_AI_MODEL_PATH": str(smollm2)}
    first = await asyncio.to_thread(start_process, "--database-url", database_url, env=env)
    turn = await small.begin(thread, "Tell me a long story about the sea.")
    await small.written(turn, 5)
    first.kill()
    before = await small.sql(
        "SELECT data->>'token' FROM events WHERE stream = %s AND type = 'thread.message.token'"
        " ORDER BY seq",
        turn,
    )
    second = await asyncio.to_thread(start_process, "--database-url", database_url, env=env)
    events = await small.events(f"/threads/{thread}/events")
    with contextlib.suppress(ProcessLookupError):
        await asyncio.to_thread(second.stop)
    assert kinds(events)[-1] == "message:completed"
    content = events[-1]["data"]["content"]
    assert said(events) == content
    assert content.startswith("".join(row[0] for row in before))
    tokens = [one["data"]["sequence"] for one in events if one["event"] == "message:token"]
    assert tokens == list(range(1, len(tokens) + 1))
    assert events[-1]["data"]["usage"]["completion_tokens"] <= 64
