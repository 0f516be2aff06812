"""`/agents/{id}/memory` (contract, section 5.4)."""

from __future__ import annotations

import pytest
import pytest_asyncio

from quintet_server.services.flowmaestro.agents.recall import nearest


@pytest_asyncio.fixture(loop_scope="session")
async def path(talk):
    return f"/agents/{await talk.agent()}/memory"


async def put(talk, path, **body):
    return await talk.call("PUT", path, json=body)


async def test_what_is_put_is_there(talk, path):
    answer = await put(talk, f"{path}/u1", working_memory="Likes tea", metadata={"a": 1})
    assert answer.status_code == 200
    memory = answer.json()["data"]
    assert memory == await talk.data(f"{path}/u1")
    assert memory == {
        "user_id": "u1",
        "working_memory": "Likes tea",
        "metadata": {"a": 1},
        "created_at": memory["created_at"],
        "updated_at": memory["updated_at"],
    }
    again = (await put(talk, f"{path}/u1", working_memory="Likes coffee")).json()["data"]
    assert (again["working_memory"], again["metadata"]) == ("Likes coffee", {"a": 1})
    assert again["created_at"] == memory["created_at"]


async def test_memories_are_listed_in_pages(talk, path):
    for number in range(3):
        await put(talk, f"{path}/u{number}", working_memory=f"m{number}")
    body = (await talk.get(f"{path}?per_page=2")).json()
    assert len(body["data"]) == 2
    assert body["pagination"]["total_count"] == 3


async def test_a_deleted_memory_is_gone(talk, path):
    await put(talk, f"{path}/u1", working_memory="x")
    answer = await talk.delete(f"{path}/u1")
    assert answer.json()["data"] == {
        "agent_id": "agent_helper",
        "user_id": "u1",
        "deleted": True,
    }
    for method in ("GET", "DELETE"):
        missing = await talk.call(method, f"{path}/u1")
        assert missing.status_code == 404
        assert missing.json()["error"]["details"]["resource"] == "Working memory"


@pytest.mark.parametrize(
    ("method", "name"),
    [("PUT", "stats"), ("PUT", "search"), ("DELETE", "stats"), ("DELETE", "search")],
)
async def test_what_stands_beside_the_users_is_not_taken_for_one(talk, path, method, name):
    answer = await talk.call(method, f"{path}/{name}", json={"working_memory": "x"})
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "validation_error"
    assert await talk.data(path) == []


@pytest.mark.parametrize("body", [{}, {"working_memory": " "}, {"working_memory": 5}])
async def test_a_memory_must_say_something(talk, path, body):
    assert (await put(talk, f"{path}/u1", **body)).status_code == 400


async def test_writing_needs_more_than_reading(talk, path):
    reader = await talk.with_scopes("agents:read")
    reader.http.base_url = talk.http.base_url
    async with reader.http:
        assert (await reader.get(path)).status_code == 200
        assert (await put(reader, f"{path}/u1", working_memory="x")).status_code == 403
        assert (await reader.delete(f"{path}/u1")).status_code == 403


async def test_memory_of_an_unknown_agent_is_404(talk):
    for method, path in (
        ("GET", ""),
        ("GET", "/u1"),
        ("GET", "/stats"),
        ("DELETE", "/u1"),
    ):
        assert (await talk.call(method, f"/agents/agent_x/memory{path}")).status_code == 404
    answer = await talk.post("/agents/agent_x/memory/search", {"query": "x"})
    assert answer.status_code == 404


async def test_the_model_is_told_what_is_known_of_the_threads_user(talk, path):
    await put(talk, f"{path}/u1", working_memory="Likes tea")
    mine = await talk.thread("agent_helper", metadata={"user_id": "u1"})
    other = await talk.thread("agent_helper", metadata={"user_id": "u2"})
    await talk.answer(mine)
    assert talk.model.shown()[0] == (
        "system",
        "Be kind.\n\nWhat you know about the user:\nLikes tea",
    )
    await talk.answer(other)
    assert talk.model.shown()[0] == ("system", "Be kind.")


async def test_stats_count_what_there_is(talk, path):
    await put(talk, f"{path}/u1", working_memory="x")
    thread = await talk.thread("agent_helper", metadata={"user_id": "u1"})
    await talk.answer(thread)
    gone = await talk.thread("agent_helper")
    await talk.answer(gone)
    await talk.delete(f"/threads/{gone}")
    assert await talk.data(f"{path}/stats") == {
        "agent_id": "agent_helper",
        "thread_count": 1,
        "message_count": 2,
        "user_message_count": 1,
        "assistant_message_count": 1,
        "user_count": 1,
        "working_memory_count": 1,
    }


async def test_a_search_finds_what_was_said_with_its_surroundings(talk, path):
    pytest.importorskip("wordllama")
    thread = await talk.thread("agent_helper", metadata={"user_id": "u1"})
    talk.model.says("Open the settings and choose a new password.")
    await talk.answer(thread, "How do I reset my password?")
    talk.model.says("We ship to Norway.")
    await talk.answer(thread, "Where do you deliver parcels?")
    found = await talk.post(
        f"{path}/search", {"query": "reset my password", "similarity_threshold": 0.3, "top_k": 2}
    )
    assert found.status_code == 200, found.text
    data = found.json()["data"]
    assert (data["agent_id"], data["query"]) == ("agent_helper", "reset my password")
    assert data["result_count"] == len(data["results"]) == 2
    first = data["results"][0]
    assert first["content"] == "How do I reset my password?"
    assert first["role"] == "user"
    assert 0.3 <= first["similarity"] <= 1
    assert first["context_before"] is None
    assert first["context_after"] == "Open the settings and choose a new password."
    assert first["execution_id"].startswith("msg_")
    nobody = await talk.post(f"{path}/search", {"query": "reset", "user_id": "u2"})
    assert nobody.json()["data"]["results"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "x", "top_k": 0},
        {"query": "x", "top_k": 51},
        {"query": "x", "top_k": True},
        {"query": "x", "similarity_threshold": 2},
        {"query": "x", "similarity_threshold": "high"},
        {"query": "x", "user_id": 5},
    ],
)
async def test_a_bad_search_is_refused(talk, path, body):
    assert (await talk.post(f"{path}/search", body)).status_code == 400


def test_nearest_orders_cuts_and_never_leaves_zero_to_one():
    vectors = [[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    found = nearest([1.0, 0.0], vectors, 10, 0.5)
    assert [place for place, _ in found] == [0, 4, 3]
    assert all(0 <= similarity <= 1 for _, similarity in found)
    assert nearest([1.0, 0.0], vectors, 1, 0.0) == [(0, 1.0)]
