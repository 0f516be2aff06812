"""Managed search: items kept, found by meaning and by what they have, changed and deleted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from psycopg.types.json import Jsonb

from ..conftest import Api

INGEST, QUERY = "/ai/search/ingest", "/ai/search/query"
WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

ANIMALS = {
    "cat": "A cat sleeps on the sofa all day long.",
    "dog": "The dog runs in the park and chases a ball.",
    "tax": "The tax office sends invoices to companies every quarter.",
    "soup": "Boil the carrots and potatoes to make a vegetable soup.",
}


async def filled(api: Api) -> Api:
    for number, (id, content) in enumerate(ANIMALS.items()):
        metadata = {"n": number, "lang": "en", "deep": {"even": number % 2 == 0, "tags": [id]}}
        type = "animal" if id in ("cat", "dog") else "other"
        body = {"id": id, "content": content, "type": type, "metadata": metadata}
        assert await api.ask(INGEST, body) == {"success": True, "id": id}
    return api


@pytest_asyncio.fixture(name="full", loop_scope="session")
async def _full(api: Api) -> Api:
    """A project with four items."""
    return await filled(api)


async def found(api: Api, text: str, **more: Any) -> list[str]:
    answer = await api.ask(QUERY, {"text": text, **more})
    return [hit["id"] for hit in answer["results"]]


async def test_query_finds_by_meaning_best_first(full: Api) -> None:
    answer = await full.ask(QUERY, {"text": "kittens that nap on a couch"})
    results = answer["results"]
    assert results[0].keys() == {"id", "content", "score", "type", "metadata"}
    assert results[0]["id"] == "cat"
    assert results[0]["content"] == ANIMALS["cat"]
    assert results[0]["type"] == "animal"
    assert results[0]["metadata"]["deep"] == {"even": True, "tags": ["cat"]}
    scores = [hit["score"] for hit in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert (await found(full, "cooking with vegetables"))[0] == "soup"
    assert (await found(full, ANIMALS["tax"]))[0] == "tax"


async def test_top_k_bounds_the_results_and_is_five_by_default(api: Api) -> None:
    for number in range(8):
        await api.ask(INGEST, {"content": f"cat number {number}", "type": "cat"})
    assert len(await found(api, "cat")) == 5
    assert len(await found(api, "cat", topK=2)) == 2
    assert len(await found(api, "cat", topK=100)) == 8


async def test_types_choose_any_of_them(full: Api) -> None:
    assert set(await found(full, "cat", types=["animal"])) <= {"cat", "dog"}
    assert (await found(full, "carrot soup", types=["other"]))[0] == "soup"
    assert "soup" not in await found(full, "carrot soup", types=["animal"])
    both = await found(full, "cat soup", types=["animal", "other"], topK=100)
    assert set(both) == set(await found(full, "cat soup", topK=100))
    assert await found(full, "cat", types=["nothing"]) == []
    assert await found(full, "cat", types=[]) == await found(full, "cat")


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"n": 0}, {"cat"}),
        ({"n": 0.0}, {"cat"}),
        ({"n": "0"}, set()),
        ({"n": False}, set()),
        ({"lang": "en"}, {"cat", "dog"}),
        ({"lang": "EN"}, set()),
        ({"deep": {"even": True}}, {"cat"}),
        ({"deep": {"even": False, "tags": ["dog"]}}, {"dog"}),
        ({"n": 0, "lang": "en"}, {"cat"}),
        ({"n": 1, "deep": {"even": True}}, set()),
        ({"missing": None}, set()),
        ({}, {"cat", "dog"}),
    ],
)
async def test_filter_asks_for_equal_values_of_the_same_type(
    full: Api, wanted: dict[str, Any], ids: set[str]
) -> None:
    text = "A cat sleeps, the dog runs"
    assert set(await found(full, text, filter=wanted, types=["animal"])) == ids


async def test_item_without_an_id_gets_one(api: Api) -> None:
    first = await api.ask(INGEST, {"content": "one", "type": "t"})
    second = await api.ask(INGEST, {"content": "one", "type": "t"})
    assert first["id"] != second["id"]
    assert await api.ask("/ai/search/get", {"id": first["id"]}) == {
        "result": {"id": first["id"], "content": "one", "type": "t", "metadata": {}},
        "exists": True,
    }


async def test_same_id_replaces_all_of_the_item(full: Api) -> None:
    body = {"id": "cat", "content": "Rockets fly to the moon.", "type": "space"}
    await full.ask(INGEST, body)
    shown = await full.ask("/ai/search/get", {"id": "cat"})
    assert shown["result"] == {**body, "metadata": {}}
    assert (await found(full, "spaceship and moon"))[0] == "cat"
    assert "cat" not in await found(full, "kittens nap", types=["animal"])
    assert await full.ask("/ai/search/count") == {"count": 4}


async def test_unknown_id_is_null_and_does_not_exist(full: Api) -> None:
    for api in (full, await full.other_project()):
        answer = await api.ask("/ai/search/get", {"id": "nothing"})
        assert answer == {"result": None, "exists": False}


async def test_update_replaces_content_and_keeps_what_is_not_given(full: Api) -> None:
    body = {"id": "cat", "content": "Rockets fly to the moon."}
    assert await full.ask("/ai/search/update", body) == {"success": True, "id": "cat"}
    shown = (await full.ask("/ai/search/get", {"id": "cat"}))["result"]
    assert shown["content"] == body["content"]
    assert shown["type"] == "animal"
    assert shown["metadata"]["n"] == 0
    assert (await found(full, "spaceship and moon"))[0] == "cat"
    await full.ask("/ai/search/update", {**body, "type": "space", "metadata": {"a": 1}})
    shown = (await full.ask("/ai/search/get", {"id": "cat"}))["result"]
    assert (shown["type"], shown["metadata"]) == ("space", {"a": 1})


async def test_update_keeps_what_another_one_has_just_made_of_the_rest(full: Api) -> None:
    change = "UPDATE vectors SET metadata = %s WHERE project_id = %s AND id = 'cat'"
    async with full.runtime.db.transaction() as conn:
        await conn.execute(change, (Jsonb({"new": 1}), full.project_id))
        body = {"id": "cat", "content": "A cat.", "type": "pet"}
        updating = asyncio.create_task(full.ask("/ai/search/update", body))
        await full.eventually(WAITING)
    await updating
    item = (await full.ask("/ai/search/get", {"id": "cat"}))["result"]
    assert (item["type"], item["content"], item["metadata"]) == ("pet", "A cat.", {"new": 1})


async def test_update_of_an_item_that_is_just_being_deleted_is_404(full: Api) -> None:
    delete = "DELETE FROM vectors WHERE project_id = %s AND id = 'cat'"
    body = {"id": "cat", "content": "A cat."}
    async with full.runtime.db.transaction() as conn:
        await conn.execute(delete, (full.project_id,))
        updating = asyncio.create_task(full.post("/ai/search/update", body))
        await full.eventually(WAITING)
    assert (await updating).status_code == 404
    assert not (await full.ask("/ai/search/get", {"id": "cat"}))["exists"]


async def test_update_of_an_unknown_item_is_404(full: Api) -> None:
    body = {"id": "nothing", "content": "x"}
    await full.refused("/ai/search/update", body, 404, "VALIDATION_ERROR", "NOT_FOUND")
    fresh = await full.other_project()
    await fresh.refused("/ai/search/update", body, 404, "VALIDATION_ERROR", "NOT_FOUND")


async def test_deleted_items_are_gone_and_deleting_again_is_fine(full: Api) -> None:
    assert await full.ask("/ai/search/delete", {"id": "cat"}) == {"success": True, "deleted": 1}
    assert await full.ask("/ai/search/delete", {"id": "cat"}) == {"success": True, "deleted": 0}
    assert "cat" not in await found(full, "cat", topK=100)
    answer = await full.ask("/ai/search/deleteByType", {"type": "other"})
    assert answer == {"success": True, "deleted": 2}
    assert await full.ask("/ai/search/count") == {"count": 1}


async def test_counts_by_type(full: Api) -> None:
    assert await full.ask("/ai/search/count") == {"count": 4}
    assert await full.ask("/ai/search/count", {"type": "animal"}) == {"count": 2}
    assert await full.ask("/ai/search/count", {"type": "nothing"}) == {"count": 0}
    answer = await full.get("/ai/search/listTypes")
    assert answer.status_code == 200
    assert answer.json() == {
        "types": [{"type": "animal", "count": 2}, {"type": "other", "count": 2}]
    }


async def test_new_project_has_nothing(api: Api) -> None:
    assert await found(api, "anything") == []
    assert await api.ask("/ai/search/count") == {"count": 0}
    assert (await api.get("/ai/search/listTypes")).json() == {"types": []}
    assert await api.ask("/ai/search/delete", {"id": "x"}) == {"success": True, "deleted": 0}
    answer = await api.ask("/ai/search/deleteByType", {"type": "x"})
    assert answer == {"success": True, "deleted": 0}


async def test_projects_see_nothing_of_each_other(full: Api) -> None:
    other = await filled(await full.other_project())
    await other.ask("/ai/search/deleteByType", {"type": "animal"})
    await other.ask("/ai/search/delete", {"id": "tax"})
    assert await full.ask("/ai/search/count") == {"count": 4}
    assert await found(other, "cat", types=["animal"]) == []


async def test_text_in_which_the_model_knows_nothing_finds_nothing(full: Api) -> None:
    await full.ask(INGEST, {"id": "odd", "content": "\u3164", "type": "odd"})
    assert await found(full, "anything", types=["odd"]) == []
    assert (await full.ask("/ai/search/get", {"id": "odd"}))["exists"]


async def test_items_ingested_at_the_same_time_are_all_kept(api: Api) -> None:
    bodies = [{"id": f"i{n}", "content": f"item {n}", "type": "t"} for n in range(30)]
    await asyncio.gather(*(api.ask(INGEST, body) for body in bodies))
    assert await api.ask("/ai/search/count", {"type": "t"}) == {"count": 30}


async def test_repetition_with_an_idempotency_key_makes_no_second_item(api: Api) -> None:
    headers = {"Idempotency-Key": "ingest-1"}
    body = {"content": "once", "type": "t"}
    first = await api.ask(INGEST, body, headers=headers)
    assert await api.ask(INGEST, body, headers=headers) == first
    assert await api.ask("/ai/search/count") == {"count": 1}
    other = await api.post(INGEST, {**body, "type": "u"}, headers=headers)
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (INGEST, {"type": "t"}, "content"),
        (INGEST, {"content": "x"}, "type"),
        (INGEST, {"content": "", "type": "t"}, "content"),
        (INGEST, {"content": " \n", "type": "t"}, "content"),
        (INGEST, {"content": "a\x00b", "type": "t"}, "content"),
        (INGEST, {"content": "x" * 32_001, "type": "t"}, "content"),
        (INGEST, {"content": 5, "type": "t"}, "content"),
        (INGEST, {"content": "x", "type": ""}, "type"),
        (INGEST, {"content": "x", "type": "t" * 201}, "type"),
        (INGEST, {"content": "x", "type": "t", "id": ""}, "id"),
        (INGEST, {"content": "x", "type": "t", "id": "i" * 513}, "id"),
        (INGEST, {"content": "x", "type": "t", "id": "a\x00"}, "id"),
        (INGEST, {"content": "x", "type": "t", "metadata": []}, "metadata"),
        (INGEST, {"content": "x", "type": "t", "metadata": {"n": 2**70}}, "metadata"),
        (INGEST, {"content": "x", "type": "t", "metadata": {"s": ["a\x00"]}}, "metadata"),
        (INGEST, {"content": "x", "type": "t", "metadata": {"s": "x" * 16_384}}, "metadata"),
        (QUERY, {}, "text"),
        (QUERY, {"text": "  "}, "text"),
        (QUERY, {"text": "x", "topK": 0}, "topK"),
        (QUERY, {"text": "x", "topK": 101}, "topK"),
        (QUERY, {"text": "x", "topK": 1.5}, "topK"),
        (QUERY, {"text": "x", "topK": "5"}, "topK"),
        (QUERY, {"text": "x", "types": "t"}, "types"),
        (QUERY, {"text": "x", "types": ["t"] * 101}, "types"),
        (QUERY, {"text": "x", "filter": []}, "filter"),
        (QUERY, {"text": "x", "filter": {"a": "\x00"}}, "filter"),
        (QUERY, {"text": "x", "filter": {"a": 2**70}}, "filter"),
        ("/ai/search/get", {}, "id"),
        ("/ai/search/update", {"id": "x"}, "content"),
        ("/ai/search/delete", {}, "id"),
        ("/ai/search/deleteByType", {}, "type"),
        ("/ai/search/count", {"type": 5}, "type"),
        ("/ai/search/configure", {}, "embeddingModel"),
        ("/ai/search/configure", {"embeddingModel": "klingon"}, "embeddingModel"),
        ("/ai/embed", {}, "text"),
        ("/ai/embed", {"text": ""}, "text"),
    ],
)
async def test_what_is_wrong_is_said_by_field(
    api: Api, path: str, body: dict[str, Any], field: str
) -> None:
    error = await api.refused(path, body, 400, "VALIDATION_ERROR")
    assert field in error["details"]["fieldErrors"], error
    assert error["message"].startswith(field)


async def test_scopes_are_told_apart(api: Api) -> None:
    reader, writer = await api.with_scopes("ai:search"), await api.with_scopes("ai:ingest")
    body = {"id": "x", "content": "x", "type": "t"}
    await writer.ask(INGEST, body)
    await reader.ask(QUERY, {"text": "x"})
    await writer.refused(QUERY, {"text": "x"}, 403, "FORBIDDEN")
    await writer.refused("/ai/embed", {"text": "x"}, 403, "FORBIDDEN")
    for path in (INGEST, "/ai/search/update", "/ai/search/delete", "/ai/search/deleteByType"):
        await reader.refused(path, body, 403, "FORBIDDEN")
    await reader.refused("/ai/search/configure", {"embeddingModel": "english"}, 403, "FORBIDDEN")
    public = await api.with_scopes("public")
    await public.refused(QUERY, {"text": "x"}, 403, "FORBIDDEN")
    assert (await public.get("/ai/search/listTypes")).status_code == 403


async def test_listing_types_is_get_only(api: Api) -> None:
    answer = await api.post("/ai/search/listTypes", {})
    assert answer.status_code == 405
    assert answer.json()["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("model", [None, "wordllama", "@cf/baai/bge-base-en-v1.5"])
async def test_embedding_says_which_model_made_it(api: Api, model: str | None) -> None:
    answer = await api.ask("/ai/embed", {"text": "a cat", "model": model})
    assert answer["model"] == "wordllama-l2-supercat-256"
    assert len(answer["embedding"]) == 256
    assert sum(number**2 for number in answer["embedding"]) == pytest.approx(1, abs=1e-3)
