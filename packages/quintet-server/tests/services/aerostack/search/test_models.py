"""The embedding model of a project: chosen, changed under load, missing, and kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from quintet_server.engines.embed import local
from quintet_server.engines.vectors.model import VectorsUnavailable

from ..conftest import Api, Started
from .test_search import ANIMALS, INGEST, QUERY, filled, found

CONFIGURE = "/ai/search/configure"
LOCAL = "wordllama-l2-supercat-256"


class Upstream:
    """An OpenAI-compatible API that knows words by their first letters."""

    def __init__(self) -> None:
        self.models: list[str] = []
        self.status = 200
        self.fails_after = 1_000_000
        self.go = threading.Event()
        self.go.set()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
                upstream.models.append(body["model"])
                assert upstream.go.wait(100)
                status = 500 if len(upstream.models) > upstream.fails_after else upstream.status
                answer = orjson.dumps(upstream.answer(body) if status == 200 else {"error": "no"})
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        data = []
        for index, text in enumerate(body["input"]):
            letters = [text.lower().count(letter) + 0.01 for letter in "abcdefg"]
            data.append({"index": index, "embedding": letters})
        return {"data": data, "model": body["model"]}


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    made = Upstream()
    monkeypatch.setenv("AI_BASE_URL", made.url)
    yield made
    made.server.shutdown()
    made.server.server_close()


async def configured(api: Api, choice: str) -> tuple[str, int]:
    answer = await api.ask(CONFIGURE, {"embeddingModel": choice})
    assert answer.keys() == {"success", "model", "reembedded"}
    assert answer["success"] is True
    return answer["model"], answer["reembedded"]


async def everything(api: Api) -> dict[str, Any]:
    shown = {}
    for id in ANIMALS:
        shown[id] = (await api.ask("/ai/search/get", {"id": id}))["result"]
    return shown


async def test_english_is_the_model_of_the_server_and_choosing_it_again_does_nothing(
    api: Api,
) -> None:
    assert await configured(api, "english") == (LOCAL, 0)
    await filled(api)
    assert await configured(api, "english") == (LOCAL, 0)
    assert (await found(api, "kittens that nap"))[0] == "cat"


async def test_embed_takes_a_choice_by_its_name_as_without_one(api: Api) -> None:
    answer = await api.ask("/ai/embed", {"text": "kittens that nap"})
    assert answer == await api.ask("/ai/embed", {"text": "kittens that nap", "model": "english"})
    assert answer["model"] == LOCAL


async def test_multilingual_without_an_api_is_503_and_says_how_to_get_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(api)
    for path, body in (
        (CONFIGURE, {"embeddingModel": "multilingual"}),
        ("/ai/embed", {"text": "x", "model": "@cf/baai/bge-m3"}),
        ("/ai/embed", {"text": "x", "model": "multilingual"}),
        ("/ai/embed", {"text": "x", "model": "some-model"}),
    ):
        error = await api.refused(path, body, 503, "INTERNAL_ERROR", "AI_REQUEST_FAILED")
        assert "AI_BASE_URL" in error["message"]
    assert (await found(api, "kittens that nap"))[0] == "cat"


async def test_changing_the_model_embeds_everything_again_and_back(
    started: Started, upstream: Upstream
) -> None:
    async with started() as api:
        await filled(api)
        before = await everything(api)
        assert await configured(api, "multilingual") == ("bge-m3", 4)
        assert await everything(api) == before
        assert set(upstream.models) == {"bge-m3"}
        asked = len(upstream.models)
        assert (await found(api, ANIMALS["soup"]))[0] == "soup"
        await api.ask(INGEST, {"id": "new", "content": "gggg", "type": "animal"})
        assert (await found(api, "gg", types=["animal"]))[0] == "new"
        assert len(upstream.models) == asked + 3
        assert await configured(api, "multilingual") == ("bge-m3", 0)
        assert await configured(api, "english") == (LOCAL, 5)
        assert (await found(api, "kittens that nap"))[0] == "cat"
        # Nothing of the other model is left behind.
        [[collections]] = await api.sql(
            "SELECT count(*) FROM vector_collections WHERE project_id = %s", api.project_id
        )
        assert collections == 1


async def test_model_can_be_chosen_before_there_are_items(
    started: Started, upstream: Upstream
) -> None:
    async with started(search_multilingual_model="other-model") as api:
        assert await configured(api, "multilingual") == ("other-model", 0)
        await filled(api)
        assert set(upstream.models) == {"other-model"}
        answer = await api.ask("/ai/embed", {"text": "abc", "model": "@cf/baai/bge-m3"})
        assert answer["model"] == "other-model"
        assert len(answer["embedding"]) == 7


async def test_upstream_that_fails_in_the_middle_changes_nothing(
    started: Started, upstream: Upstream
) -> None:
    async with started() as api:
        await filled(api)
        upstream.fails_after = 1  # the model is there, and gone when it is needed
        body = {"embeddingModel": "multilingual"}
        await api.refused(CONFIGURE, body, 502, "INTERNAL_ERROR", "AI_REQUEST_FAILED")
        assert (await found(api, "kittens that nap"))[0] == "cat"
        assert await api.ask("/ai/search/count") == {"count": 4}


@pytest.mark.parametrize(
    ("status", "answered", "code"),
    [(429, 429, "RATE_LIMIT_EXCEEDED"), (404, 502, "INTERNAL_ERROR"), (500, 502, "INTERNAL_ERROR")],
)
async def test_what_the_upstream_refuses_is_passed_on(
    started: Started, upstream: Upstream, status: int, answered: int, code: str
) -> None:
    upstream.status = status
    async with started() as api:
        answer = await api.post("/ai/embed", {"text": "x", "model": "m"})
        assert (answer.status_code, answer.json()["code"]) == (answered, code)
        assert ("retry-after" in answer.headers) == (answered == 429)


async def test_too_many_items_are_not_embedded_again(started: Started, upstream: Upstream) -> None:
    async with started(search_reembed_max_count=3) as api:
        await filled(api)
        body = {"embeddingModel": "multilingual"}
        error = await api.refused(CONFIGURE, body, 409, "VALIDATION_ERROR", "SEARCH_TOO_MANY_ITEMS")
        assert "all 4 items" in error["message"]
        assert (await found(api, "kittens that nap"))[0] == "cat"


async def test_items_that_come_during_a_change_are_of_the_new_model(
    started: Started, upstream: Upstream
) -> None:
    async with started() as api:
        await filled(api)

        async def ingest(number: int) -> None:
            await asyncio.sleep(number / 1000)
            await api.ask(INGEST, {"id": f"n{number}", "content": f"number {number}", "type": "n"})

        changed, *_ = await asyncio.gather(
            configured(api, "multilingual"), *(ingest(number) for number in range(40))
        )
        assert changed[0] == "bge-m3"
        assert await api.ask("/ai/search/count") == {"count": 44}
        dims = await api.sql("SELECT DISTINCT vector_dims(embedding) FROM vectors")
        assert dims == [(7,)]
        assert len(await found(api, "a b c d", topK=100)) == 44


async def held_change(api: Api, upstream: Upstream) -> asyncio.Task[tuple[str, int]]:
    """A change of the model whose first page of items is on its way to the upstream."""
    asked = len(upstream.models)
    change = asyncio.create_task(configured(api, "multilingual"))
    async with asyncio.timeout(60):
        while len(upstream.models) == asked:
            await asyncio.sleep(0.001)
    upstream.go.clear()
    async with asyncio.timeout(60):
        while len(upstream.models) == asked + 1:
            await asyncio.sleep(0.001)
    return change


async def test_what_happens_during_a_change_is_not_lost(
    started: Started, upstream: Upstream
) -> None:
    async with started() as api:
        await filled(api)
        change = await held_change(api, upstream)
        await api.ask("/ai/search/delete", {"id": "cat"})
        await api.ask(INGEST, {"id": "dog", "content": "ffff", "type": "letters"})
        for number in range(70):
            await api.ask(INGEST, {"id": f"n{number}", "content": "x", "type": "n"})
        # Meanwhile searches are answered as before.
        assert (await found(api, ANIMALS["soup"]))[0] == "soup"
        upstream.go.set()
        assert (await change)[0] == "bge-m3"
        assert await api.ask("/ai/search/count") == {"count": 73}
        assert (await api.ask("/ai/search/get", {"id": "cat"}))["exists"] is False
        assert (await found(api, "ff"))[0] == "dog"
        dims = await api.sql("SELECT DISTINCT vector_dims(embedding) FROM vectors")
        assert dims == [(7,)]


async def test_of_two_changes_at_the_same_time_one_is_told(
    started: Started, upstream: Upstream
) -> None:
    async with started() as api:
        await filled(api)
        change = await held_change(api, upstream)
        other = asyncio.create_task(api.post(CONFIGURE, {"embeddingModel": "multilingual"}))
        upstream.go.set()
        results = await asyncio.gather(change, other, return_exceptions=True)
        assert await api.ask("/ai/search/count") == {"count": 4}
        assert len(await found(api, "a b c d", topK=100)) == 4
        told = results[1]
        assert not isinstance(told, BaseException)
        statuses = {told.status_code, 409 if isinstance(results[0], AssertionError) else 200}
        assert 200 in statuses
        [[collections]] = await api.sql("SELECT count(*) FROM vector_collections")
        assert collections == 1


async def test_what_a_dead_process_left_of_a_change_is_cleared_away(
    started: Started, upstream: Upstream
) -> None:
    async with started() as api:
        await filled(api)
        await api.sql(
            "INSERT INTO vector_collections (project_id, name, model, dims) "
            "VALUES (%s, %s, 'x', 3)",
            *(api.project_id, "search:00000000000000000000000000"),
        )
        assert await configured(api, "english") == (LOCAL, 0)
        [[collections]] = await api.sql("SELECT count(*) FROM vector_collections")
        assert collections == 1
        assert (await found(api, "kittens that nap"))[0] == "cat"


async def test_project_keeps_its_model_when_the_server_gets_another_default(
    started: Started, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started() as api:
        await filled(api)
    monkeypatch.setenv("QUINTET_EMBED_MODEL", "new-default")
    async with started() as api:
        assert (await found(api, "kittens that nap"))[0] == "cat"
        assert upstream.models == []
        assert (await api.ask("/ai/embed", {"text": "x"}))["model"] == "new-default"
        assert await configured(api, "english") == ("new-default", 4)
        assert (await found(api, ANIMALS["soup"]))[0] == "soup"


async def test_model_that_makes_other_vectors_now_says_so_and_configuring_mends_it(
    started: Started, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started() as api:
        await configured(api, "multilingual")
        await filled(api)
        monkeypatch.setattr(
            upstream,
            "answer",
            lambda body: {
                "data": [{"index": n, "embedding": [1, 2]} for n, _ in enumerate(body["input"])],
                "model": body["model"],
            },
        )
        for path, body in (
            (QUERY, {"text": "x"}),
            (INGEST, {"content": "x", "type": "t"}),
        ):
            error = await api.refused(path, body, 409, "VALIDATION_ERROR", "SEARCH_MODEL_MISMATCH")
            assert "configure" in error["message"]
        assert await configured(api, "multilingual") == ("bge-m3", 4)
        assert len(await found(api, "x")) == 4


async def test_without_the_local_model_503_names_the_package(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("wordllama")

    monkeypatch.setattr(local, "_import", missing)
    async with started() as api:
        for path, body in (
            (INGEST, {"content": "x", "type": "t"}),
            ("/ai/embed", {"text": "x"}),
            (CONFIGURE, {"embeddingModel": "english"}),
        ):
            answer = await api.post(path, body)
            assert answer.status_code == 503
            assert "pip install 'quintet-server[ai]'" in answer.json()["message"]
            assert answer.headers["x-should-retry"] == "false"


async def test_without_pgvector_503_says_how_to_get_it(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started() as api:

        async def prepare() -> None:
            raise VectorsUnavailable("this PostgreSQL has no pgvector: CREATE EXTENSION vector")

        monkeypatch.setattr(api.runtime.vectors, "prepare", prepare)
        for path, body in (
            (INGEST, {"content": "x", "type": "t"}),
            (QUERY, {"text": "x"}),
            ("/ai/search/update", {"id": "x", "content": "x"}),
            ("/ai/search/get", {"id": "x"}),
            ("/ai/search/delete", {"id": "x"}),
            ("/ai/search/deleteByType", {"type": "x"}),
            ("/ai/search/count", {}),
            (CONFIGURE, {"embeddingModel": "english"}),
        ):
            error = await api.refused(path, body, 503, "INTERNAL_ERROR", "AI_REQUEST_FAILED")
            assert "CREATE EXTENSION vector" in error["message"]
        assert (await api.get("/ai/search/listTypes")).status_code == 503
        await api.ask("/ai/embed", {"text": "x"})
