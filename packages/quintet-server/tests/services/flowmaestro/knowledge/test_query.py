"""Listing knowledge bases and asking them."""

from __future__ import annotations

import pytest

from quintet_server.engines.embed.local import LOCAL_MODEL

QUESTIONS = {
    "How do I reset my password?": "docs/password.md",
    "What does it cost per month?": "docs/prices.txt",
    "Can I have my money back?": "docs/refunds.html",
    "Where do cats like to sleep?": "docs/cats.md",
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_obvious_paraphrase_finds_its_document_first(faq, question) -> None:
    assert (await faq.names(question))[0] == QUESTIONS[question]


async def test_answer_has_every_name_of_every_field(faq) -> None:
    data = await faq.ask("How do I reset my password?", top_k=1)
    assert (data["query"], data["top_k"]) == ("How do I reset my password?", 1)
    assert data["knowledge_base_id"] == "kb_faq"
    [hit] = data["results"]
    assert hit["id"] == hit["chunk_id"]
    assert hit["id"].startswith("chunk_")
    assert hit["document_id"].startswith("doc_")
    assert hit["score"] == hit["similarity"]
    assert hit["content"].startswith("# Passwords\n\nTo change")
    assert (hit["chunk_index"], hit["metadata"]) == (0, {})


async def test_scores_fall_and_lie_between_zero_and_one(faq) -> None:
    hits = (await faq.ask("warm prices of a forgotten roof", top_k=20))["results"]
    scores = [hit["score"] for hit in hits]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    [same] = (await faq.ask("Cats sleep on warm roofs and hunt mice at night.", top_k=1))["results"]
    assert 0.999 < same["score"] <= 1


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, 5),
        ({"top_k": None}, 5),
        ({"top_k": 3}, 3),
        ({"top_k": 0}, 1),
        ({"top_k": -7}, 1),
        ({"top_k": 20}, 20),
        ({"top_k": 21}, 20),
        ({"top_k": 2**62}, 20),
    ],
)
async def test_top_k_defaults_to_five_and_is_clamped(faq, given, used) -> None:
    data = await faq.ask("password", **given)
    assert data["top_k"] == used
    assert len(data["results"]) <= used


@pytest.mark.parametrize("top_k", ["5", 2.5, 5.0, True, [], {}, 2**70])
async def test_top_k_that_is_no_integer_is_refused(faq, top_k) -> None:
    content = str({"query": "x", "top_k": top_k}).replace("'", '"').replace("True", "true")
    answer = await faq.api.call("POST", "/knowledge-bases/kb_faq/query", content=content)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "validation_error"
    assert error["details"]["errors"][0]["field"] == "top_k"


@pytest.mark.parametrize(
    "body",
    [{}, *({"query": query} for query in (None, "", " \n", 5, ["x"], "x" * 10_001))],
)
async def test_query_that_is_no_question_is_refused(faq, body) -> None:
    answer = await faq.api.post("/knowledge-bases/kb_faq/query", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["errors"][0]["field"] == "query"


@pytest.mark.parametrize("query", ["\x00", "a\x00b", "😀" * 5000, "\u202e\ufffe", "'; DROP TABLE"])
async def test_any_text_is_a_question(faq, query) -> None:
    assert (await faq.ask(query))["query"] == query


@pytest.mark.parametrize("id", ["kb_nothing", "faq2", "kb_faq%00", "%00", "a%2Fb", "%F0%9F%98%80"])
async def test_unknown_knowledge_base_is_not_found(faq, id) -> None:
    for answer in (
        await faq.api.get(f"/knowledge-bases/{id}"),
        await faq.api.post(f"/knowledge-bases/{id}/query", {"query": "x"}),
    ):
        assert answer.status_code == 404
        error = answer.json()["error"]
        assert error["code"] == "resource_not_found"
        if id == "kb_nothing":
            assert error["message"] == "Knowledge Base with id 'kb_nothing' not found"
            assert error["details"] == {"resource": "Knowledge Base", "id": "kb_nothing"}


async def test_another_project_sees_nothing_even_under_the_same_name(faq, tmp_path) -> None:
    other = await faq.api.other_project()
    assert (await other.get("/knowledge-bases/kb_faq")).status_code == 404
    assert (await other.get("/knowledge-bases")).json()["data"] == []
    asked = await other.post("/knowledge-bases/kb_faq/query", {"query": "password"})
    assert asked.status_code == 404
    theirs = type(faq)(other, tmp_path)
    await theirs.apply(documents=[{"text": "Their secret is 42.", "name": "secret"}])
    await theirs.indexed()
    assert await theirs.names("password", top_k=20) in ([], ["secret"])
    assert "secret" not in await faq.names("Their secret is 42.", top_k=20)
    assert (await theirs.indexed())["document_count"] == 1
    assert (await faq.indexed())["document_count"] == 4


async def test_one_knowledge_base_does_not_see_another(faq) -> None:
    await faq.apply("other", [{"text": "Passwords are reset by hand.", "name": "hand"}])
    await faq.indexed("kb_other")
    assert await faq.names("password", id="kb_other") == ["hand"]
    assert "hand" not in await faq.names("password", top_k=20)


async def test_a_name_stands_for_an_id(faq) -> None:
    assert (await faq.api.data("/knowledge-bases/faq"))["id"] == "kb_faq"
    assert (await faq.ask("password", id="faq"))["knowledge_base_id"] == "kb_faq"


async def test_list_shows_newest_first_with_counts(faq) -> None:
    await faq.apply("empty", [], title="Nothing yet", description="Soon.")
    answer = (await faq.api.get("/knowledge-bases")).json()
    assert [base["id"] for base in answer["data"]] == ["kb_empty", "kb_faq"]
    empty, filled = answer["data"]
    assert set(empty) == {
        *("id", "name", "description", "document_count", "chunk_count", "embedding_model"),
        *("created_at", "updated_at"),
    }
    assert (empty["name"], empty["description"]) == ("Nothing yet", "Soon.")
    assert (empty["document_count"], empty["chunk_count"]) == (0, 0)
    assert (filled["name"], filled["description"]) == ("faq", None)
    assert (filled["document_count"], filled["chunk_count"]) == (4, 4)
    assert filled["embedding_model"] == LOCAL_MODEL
    assert filled["created_at"].endswith("Z")
    assert answer["pagination"]["total_count"] == 2
    second = (await faq.api.get("/knowledge-bases?per_page=1&page=2")).json()
    assert [base["id"] for base in second["data"]] == ["kb_faq"]
    beyond = (await faq.api.get("/knowledge-bases?page=9")).json()
    assert (beyond["data"], beyond["pagination"]["total_count"]) == ([], 2)


async def test_one_shows_how_it_is_cut(faq) -> None:
    base = await faq.indexed()
    assert (base["chunk_size"], base["chunk_overlap"]) == (1000, 200)
    assert base["documents"] == {"ready": 4, "pending": 0, "failed": 0}
    assert base["failed_documents"] == []


async def test_knowledge_base_without_documents_answers_nothing(desk) -> None:
    await desk.apply(documents=[])
    assert (await desk.ask("anything"))["results"] == []


async def test_scopes_are_asked_for(faq) -> None:
    reader = await faq.api.with_scopes("knowledge-bases:read")
    assert (await reader.get("/knowledge-bases/kb_faq")).status_code == 200
    refused = await reader.post("/knowledge-bases/kb_faq/query", {"query": "x"})
    assert refused.status_code == 403
    assert refused.json()["error"]["details"]["missing_scopes"] == ["knowledge-bases:query"]
    stranger = await faq.api.with_scopes("workflows:read")
    assert (await stranger.get("/knowledge-bases")).status_code == 403
    both = await faq.api.with_scopes("knowledge-base-reader")
    assert (await both.post("/knowledge-bases/kb_faq/query", {"query": "x"})).status_code == 200
