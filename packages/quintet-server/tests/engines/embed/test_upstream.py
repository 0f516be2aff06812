"""An OpenAI-compatible API as the source of vectors, over a real socket."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import orjson
import pytest

from quintet_server.engines.embed.engine import Embeddings
from quintet_server.engines.embed.model import (
    EmbeddingsFailed,
    EmbeddingsRefused,
    EmbeddingsUnavailable,
)
from quintet_server.engines.embed.settings import EmbedSettings

KEY = "sk-very-secret"


class Upstream:
    """Answers with vectors of three numbers, or with what a test sets."""

    def __init__(self):
        self.requests = []
        self.answer = None
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
                upstream.requests.append((self.path, dict(self.headers), body))
                status, answer = upstream.answer or (200, upstream.vectors(body))
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def vectors(self, body):
        data = [
            {"index": number, "embedding": [float(len(text)), 1, 0.5]}
            for number, text in enumerate(body["input"])
        ]
        return orjson.dumps({"data": data[::-1], "model": body["model"]})

    def says(self, status, answer):
        self.answer = (status, answer if isinstance(answer, bytes) else orjson.dumps(answer))


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.server.shutdown()
    upstream.server.server_close()


@pytest.fixture
async def embeddings(upstream):
    settings = EmbedSettings(
        model="embed-small", base_url=upstream.url + "/", api_key=KEY, batch_max_count=2
    )
    embeddings = Embeddings(settings)
    yield embeddings
    await embeddings.stop()


async def test_texts_travel_in_batches_and_vectors_come_back_in_order(embeddings, upstream) -> None:
    assert embeddings.dims is None
    vectors = await embeddings.embed(["a", "", "ccc"])
    assert vectors == [[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [3.0, 1.0, 0.5]]
    assert (embeddings.model, embeddings.dims) == ("embed-small", 3)
    paths = [path for path, _, _ in upstream.requests]
    assert paths == ["/v1/embeddings"] * 2
    assert [body["input"] for _, _, body in upstream.requests] == [["a", " "], ["ccc"]]
    assert upstream.requests[0][1]["authorization"] == f"Bearer {KEY}"
    assert upstream.requests[0][2]["model"] == "embed-small"


async def test_other_models_of_the_same_api_can_be_asked_for(embeddings, upstream) -> None:
    await embeddings.of("embed-large").embed(["x"])
    assert upstream.requests[0][2]["model"] == "embed-large"
    assert len((await embeddings.of("wordllama").embed(["x"]))[0]) == 256


async def test_size_can_be_asked_for(upstream) -> None:
    embeddings = Embeddings(EmbedSettings(model="m", base_url=upstream.url, dims_count=3))
    assert embeddings.dims == 3
    await embeddings.embed(["x"])
    assert upstream.requests[0][2]["dimensions"] == 3
    assert "authorization" not in upstream.requests[0][1]
    await embeddings.stop()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_refusal_says_what_the_api_said_and_is_final(embeddings, upstream, status) -> None:
    upstream.says(status, {"error": {"message": "no such\nmodel"}})
    with pytest.raises(EmbeddingsRefused, match=f"{status}: no such model") as caught:
        await embeddings.embed(["x"])
    assert caught.value.status == status
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_passing_trouble_is_worth_another_try(embeddings, upstream, status) -> None:
    upstream.says(status, b"<html>busy</html>")
    with pytest.raises(EmbeddingsFailed, match=f"{status}: <html>busy"):
        await embeddings.embed(["x"])


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b"[]",
        {"data": []},
        {"data": [{"embedding": "base64"}]},
        {"data": [{"embedding": []}]},
        {"data": [{"embedding": [1]}, {"embedding": [2]}]},
        {"data": [{"index": 7, "embedding": [1]}]},
        b'{"data": [{"embedding": [1e999]}]}',
        {"data": [None]},
    ],
)
async def test_nonsense_is_a_failure(embeddings, upstream, answer) -> None:
    upstream.says(200, answer)
    with pytest.raises(EmbeddingsFailed, match="embeddings API answered"):
        await embeddings.embed(["x"])


async def test_answer_beyond_the_bound_is_refused_while_it_is_read(upstream) -> None:
    settings = EmbedSettings(model="m", base_url=upstream.url, response_max_bytes=2048)
    embeddings = Embeddings(settings)
    upstream.says(200, b" " * 100_000)
    with pytest.raises(EmbeddingsFailed, match="QUINTET_EMBED_RESPONSE_MAX_BYTES"):
        await embeddings.embed(["x"])
    await embeddings.stop()


async def test_api_that_is_not_there_is_a_failure(upstream) -> None:
    upstream.server.server_close()
    embeddings = Embeddings(EmbedSettings(model="m", base_url=upstream.url))
    with pytest.raises(EmbeddingsFailed, match="cannot be reached"):
        await embeddings.embed(["x"])
    await embeddings.stop()


async def test_slow_api_is_given_up() -> None:
    async def sleep(_request):
        await asyncio.sleep(0)
        raise httpx.ReadTimeout("")

    settings = EmbedSettings(model="m", base_url="http://127.0.0.1:1")
    embeddings = Embeddings(settings, transport=httpx.MockTransport(sleep))
    with pytest.raises(EmbeddingsUnavailable, match="ReadTimeout"):
        await embeddings.embed(["x"])
    await embeddings.stop()


def test_address_and_key_are_read_from_the_common_variables(monkeypatch) -> None:
    monkeypatch.setenv("AI_BASE_URL", "http://common")
    monkeypatch.setenv("AI_API_KEY", KEY)
    settings = EmbedSettings()
    assert (settings.model, settings.base_url) == ("wordllama", "http://common")
    assert KEY not in repr(settings)
    monkeypatch.setenv("QUINTET_EMBED_BASE_URL", "http://own")
    assert EmbedSettings().base_url == "http://own"
