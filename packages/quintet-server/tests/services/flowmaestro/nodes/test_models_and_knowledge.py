"""Nodes that think: llm, router, knowledgeBaseQuery, shared-memory, over scripted engines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatEnd,
    ChatFailed,
    ChatMessage,
    ChatRefused,
    ChatRequest,
    ChatUnavailable,
    Usage,
)
from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.services.flowmaestro.knowledge.model import (
    Hit,
    KnowledgeAnswer,
    KnowledgeBaseNotFound,
    KnowledgeUnavailable,
)
from quintet_server.services.flowmaestro.nodes import knowledge_base_query
from quintet_server.services.flowmaestro.nodes.memory import ENTRIES_MAX, SharedMemory


class ScriptedChat:
    """Answers with texts, raises errors, and remembers what it was asked."""

    def __init__(self, *answers: str | Exception, is_available: bool = True) -> None:
        self._answers = list(answers)
        self.requests: list[ChatRequest] = []
        self.is_available = is_available

    async def complete(self, request: ChatRequest) -> ChatEnd:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return ChatEnd(answer, "stop", Usage(7, 5, 12), "model-1", "local")


class LetterEmbedder:
    """A vector of letter counts: equal texts are near, texts without common letters are not."""

    model = "letters"
    dims = 26

    def __init__(self) -> None:
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.embedded += texts
        return [[float(t.lower().count(chr(97 + i))) for i in range(26)] for t in texts]


class NoEmbedder(LetterEmbedder):
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        raise EmbeddingsUnavailable("install it")


LLM = {"provider": "openai", "model": "gpt-4", "prompt": "Hi {{name}}"}


async def test_llm_asks_the_model_and_shows_text_and_usage(run):
    chat = ScriptedChat("Hello!")
    config = {
        **LLM,
        "systemPrompt": "Be {{mood}}.",
        "temperature": "{{t}}",
        "maxTokens": 50,
        "topP": 0.9,
        "outputVariable": "answer",
    }
    result = await run("llm", config, {"name": "Ada", "mood": "kind", "t": 0.1}, chat=chat)
    assert result.output == {
        "answer": {
            "text": "Hello!",
            "usage": {"promptTokens": 7, "completionTokens": 5, "totalTokens": 12},
            "model": "model-1",
            "provider": "local",
        }
    }
    assert result.variables == result.output
    assert chat.requests == [
        ChatRequest(
            messages=(ChatMessage("system", "Be kind."), ChatMessage("user", "Hi Ada")),
            model="gpt-4",
            temperature=0.1,
            top_p=0.9,
            max_tokens=50,
        )
    ]


async def test_llm_defaults(run):
    chat = ScriptedChat("x")
    result = await run("llm", {"model": "m", "prompt": "p"}, {}, chat=chat)
    assert result.output["text"] == "x"
    assert chat.requests[0].temperature == 0.7
    assert chat.requests[0].max_tokens == 1000
    assert [message.role for message in chat.requests[0].messages] == ["user"]


@pytest.mark.parametrize(
    "provider", ["openai", "Anthropic", "google", "cohere", "huggingface", "xai", "local"]
)
async def test_llm_every_provider_is_served_by_the_model_there_is(run, provider):
    result = await run("llm", {**LLM, "provider": provider}, {}, chat=ScriptedChat("x"))
    assert result.output["provider"] == "local"


@pytest.mark.parametrize(
    ("error", "code", "is_retryable"),
    [
        (ChatFailed("connection lost"), "model_failed", True),
        (ChatBusy("queue full"), "model_failed", True),
        (ChatRefused("too long", status=400), "model_refused", False),
        (ChatUnavailable("quintet models install smollm2"), "model_unavailable", False),
    ],
)
async def test_llm_failures_say_whether_another_try_may_help(failure, error, code, is_retryable):
    told = await failure("llm", LLM, {}, chat=ScriptedChat(error))
    assert (told.message, told.code, told.retryable) == (error.message, code, is_retryable)


async def test_llm_prompt_that_becomes_empty_fails(failure):
    error = await failure("llm", {**LLM, "prompt": "{{p}}"}, {"p": " "}, chat=ScriptedChat())
    assert error.message == "prompt is empty"


ROUTER = {
    "prompt": "{{ticket}}",
    "outputVariable": "route",
    "routes": [
        {"value": "billing", "label": "Billing", "description": "invoices, payments and refunds"},
        {"value": "tech", "label": "Technical", "description": "errors, crashes, bugs"},
    ],
}


@pytest.mark.parametrize(
    ("answer", "route", "is_default"),
    [
        ('{"route": "tech"}', "tech", False),
        ("TECH", "tech", False),
        ('"Technical."', "tech", False),
        ("I do not know", "billing", True),
        ('{"route": "sales"}', "billing", True),
    ],
)
async def test_router_takes_the_models_route_or_the_default(run, answer, route, is_default):
    chat = ScriptedChat(answer)
    result = await run("router", ROUTER, {"ticket": "It crashed"}, chat=chat)
    assert result.output["route"] == route
    assert result.handles == {route}
    assert result.variables == {"route": route}
    metadata = result.output["_routerMetadata"]
    assert metadata["method"] == "model"
    assert metadata["isDefault"] is is_default
    assert metadata["usage"]["totalTokens"] == 12
    [request] = chat.requests
    assert request.response_schema is not None
    assert request.response_schema["properties"]["route"]["enum"] == ["billing", "tech"]
    assert "invoices" in request.messages[0].content
    assert request.messages[1].content == "It crashed"


@pytest.mark.parametrize(
    ("ticket", "default", "route", "is_default"),
    [
        ("The app has an error and crashes", None, "tech", False),
        ("I want a refund for my invoice", None, "billing", False),
        ("Hello there", "human", "human", True),
        ("Hello there", None, "billing", True),
    ],
)
async def test_router_without_a_model_goes_by_words(run, ticket, default, route, is_default):
    config = {**ROUTER, "defaultRoute": default}
    result = await run("router", config, {"ticket": ticket}, chat=ScriptedChat(is_available=False))
    assert result.output["route"] == route
    assert result.handles == {route}
    assert result.output["_routerMetadata"]["method"] == "keywords"
    assert result.output["_routerMetadata"]["isDefault"] is is_default


def hit(number: int) -> Hit:
    return Hit(f"chunk_{number}", f"text {number}", "doc_1", "guide.md", number, 0.9, {"a": number})


@pytest.fixture
def searched(monkeypatch):
    """The searches that were made; they answer with two pieces, or as a test sets."""
    made = SimpleNamespace(calls=[], answer=KnowledgeAnswer("kb_docs", [hit(0), hit(1)]))

    async def search(parts: Any, *arguments: Any) -> KnowledgeAnswer:
        made.calls.append(arguments)
        if isinstance(made.answer, Exception):
            raise made.answer
        return made.answer

    monkeypatch.setattr(knowledge_base_query, "search", search)
    return made


KB = {"knowledgeBaseId": "{{kb}}", "query": "about {{topic}}"}


async def test_knowledge_query_shows_results_and_their_sum(run, searched):
    result = await run("kbQuery", KB, {"kb": "docs", "topic": "x"})
    shown = [
        {
            "content": f"text {n}",
            "similarity": 0.9,
            "documentName": "guide.md",
            "chunkIndex": n,
            "metadata": {"a": n},
        }
        for n in (0, 1)
    ]
    assert result.output == {
        "success": True,
        "data": {
            "query": "about x",
            "results": shown,
            "topResult": shown[0],
            "combinedText": "text 0\n\ntext 1",
            "count": 2,
            "metadata": {"knowledgeBaseId": "kb_docs", "topK": 5, "threshold": 0.7},
        },
    }
    assert searched.calls == [("prj_1", "docs", "about x", 5, 0.7)]


async def test_knowledge_query_honours_its_numbers_and_leaves_metadata_out(run, searched):
    config = {"knowledgeBaseId": "kb_docs", "queryText": "q", "topK": "{{k}}", "threshold": 0}
    result = await run("kbQuery", {**config, "includeMetadata": False}, {"k": 2})
    assert searched.calls == [("prj_1", "kb_docs", "q", 2, 0)]
    assert "metadata" not in result.output["data"]["results"][0]


async def test_knowledge_query_without_hits_has_no_top_result(run, searched):
    searched.answer = KnowledgeAnswer("kb_docs", [])
    data = (await run("kbQuery", KB)).output["data"]
    assert data["topResult"] is None
    assert data["count"] == 0
    assert data["combinedText"] == ""


@pytest.mark.parametrize(
    "error", [KnowledgeBaseNotFound("docs"), KnowledgeUnavailable("CREATE EXTENSION vector")]
)
async def test_knowledge_query_that_fails_does_not_fail_the_node(run, searched, error):
    searched.answer = error
    assert (await run("kbQuery", KB)).output == {"success": False, "error": str(error)}


async def test_knowledge_query_that_becomes_empty_is_told(run, searched):
    config = {"knowledgeBaseId": "docs", "query": "{{q}}", "outputVariable": "k"}
    result = await run("kbQuery", config, {"q": ""})
    assert result.output == {"k": {"success": False, "error": "query is empty"}}
    assert searched.calls == []


async def test_memory_stores_values_that_later_nodes_see(run):
    memory = SharedMemory()
    config = {"operation": "store", "key": "k{{n}}", "value": "{{v}}"}
    result = await run("shared-memory", config, {"n": 1, "v": {"a": [1]}}, shared=memory)
    assert result.output == {"key": "k1", "stored": True, "searchable": True}
    assert result.shared == {"k1": {"a": [1]}}
    seen = await run(
        "output",
        {"outputName": "o", "value": "{{shared.k1.a[0]}}", "format": "number"},
        {},
        shared=memory,
    )
    assert seen.output == {"o": 1}


async def test_memory_of_another_process_is_restored_from_what_was_stored(run):
    first, second = SharedMemory(), SharedMemory()
    stored = await run("shared-memory", {"key": "a", "value": 1}, {}, shared=first)
    second.restore(stored.shared)
    assert dict(second) == {"a": 1}


async def test_memory_is_searched_by_embeddings_and_embeds_each_value_once(run):
    memory, embedder = SharedMemory(), LetterEmbedder()
    memory.restore({"a": "aabb", "b": "zzzz", "c": {"k": "ab"}})
    config = {"operation": "search", "searchQuery": "{{q}}", "topK": 2, "similarityThreshold": 0.5}
    result = await run("shared-memory", config, {"q": "ab"}, shared=memory, embedder=embedder)
    assert result.output["query"] == "ab"
    assert result.output["method"] == "embeddings"
    assert [one["key"] for one in result.output["results"]] == ["a", "c"]
    assert math.isclose(result.output["results"][0]["similarity"], 1, abs_tol=1e-5)
    assert result.output["resultCount"] == 2
    embedder.embedded.clear()
    await run("shared-memory", config, {"q": "z"}, shared=memory, embedder=embedder)
    assert embedder.embedded == ["z"]


async def test_memory_changed_value_is_embedded_anew(run):
    memory, embedder = SharedMemory(), LetterEmbedder()
    config = {"operation": "search", "searchQuery": "zz"}
    memory.store("a", "aa")
    assert (await run("shared-memory", config, {}, shared=memory, embedder=embedder)).output[
        "results"
    ] == []
    memory.store("a", "zz")
    found = (await run("shared-memory", config, {}, shared=memory, embedder=embedder)).output
    assert [one["value"] for one in found["results"]] == ["zz"]


async def test_memory_without_embeddings_is_searched_by_words(run):
    memory = SharedMemory()
    memory.restore({"a": "The refund was paid", "b": "A crash report"})
    config = {"operation": "search", "searchQuery": "paid refunds"}
    result = await run("shared-memory", config, {}, shared=memory, embedder=NoEmbedder())
    assert result.output["method"] == "keywords"
    assert result.output["results"] == [
        {"key": "a", "value": "The refund was paid", "similarity": 1.0}
    ]


async def test_memory_is_bounded(failure):
    memory = SharedMemory()
    memory.restore({str(n): n for n in range(ENTRIES_MAX)})
    error = await failure("shared-memory", {"key": "one more", "value": 1}, {}, shared=memory)
    assert error.code == "memory_full"
