"""The model inside the process: no network, sensible ranking, bounded batches."""

from __future__ import annotations

import asyncio
import builtins
import logging
import math
import subprocess
import sys

import pytest

from quintet_server.engines.embed import local as subject
from quintet_server.engines.embed.engine import Embeddings, model_name
from quintet_server.engines.embed.local import LOCAL_MODEL, LocalEmbedder
from quintet_server.engines.embed.model import EmbeddingsUnavailable, UnknownEmbeddingModel
from quintet_server.engines.embed.settings import EmbedSettings


@pytest.fixture(scope="module")
def shared():
    embedder = LocalEmbedder()
    yield embedder
    embedder.close()


def cosine(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_vectors_are_of_length_one_in_the_order_of_the_texts(shared) -> None:
    texts = [f"text number {number}" for number in range(150)]
    vectors = await shared.embed(texts)
    assert len(vectors) == 150
    assert {len(vector) for vector in vectors} == {shared.dims} == {256}
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-5) for vector in vectors)
    [alone] = await shared.embed([texts[77]])
    assert cosine(alone, vectors[77]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How do I reset my password?", "To change a forgotten password, open the account page."),
        ("What does it cost?", "The price is ten euros a month."),
        ("Can I get my money back?", "Refunds are paid within thirty days of the purchase."),
    ],
)
async def test_paraphrases_are_nearer_than_other_subjects(shared, question, answer) -> None:
    others = ["The cat sleeps on the warm roof.", "Volcanoes erupt when magma rises."]
    asked, right, *wrong = await shared.embed([question, answer, *others])
    assert cosine(asked, right) > 0.3
    assert all(cosine(asked, vector) < cosine(asked, right) - 0.15 for vector in wrong)


async def test_text_without_words_is_a_vector_of_zeros(shared) -> None:
    [vector] = await shared.embed([""])
    assert vector == [0.0] * 256
    assert await shared.embed([]) == []


async def test_odd_texts_are_embedded(shared) -> None:
    vectors = await shared.embed(
        ["\x00", "half \ud800 a pair", "😀" * 500, "ÿ\u202e", "\n\t ", "a" * 100_000]
    )
    assert all(math.isfinite(x) for vector in vectors for x in vector)


def test_nothing_is_asked_of_the_network_and_logging_is_left_alone() -> None:
    script = """
import asyncio, logging, socket
def refuse(*_):
    raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
from quintet_server.engines.embed.local import LocalEmbedder
embedder = LocalEmbedder()
print(len(asyncio.run(embedder.embed(["hello"]))[0]), logging.getLogger().handlers)
embedder.close()
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "256 []"


def test_batches_are_small_in_number_and_in_size() -> None:
    sizes = [len(batch) for batch in subject._batches(["short"] * 200)]
    assert sizes == [64, 64, 64, 8]
    assert [len(batch) for batch in subject._batches(["x" * 30_000] * 5)] == [2, 2, 1]
    assert [len(batch) for batch in subject._batches(["x" * 100_000] * 2)] == [1, 1]
    assert [len(batch) for batch in subject._batches(["x", "y" * 63_999, "z"])] == [1, 1, 1]
    assert list(subject._batches([])) == []


async def test_a_question_does_not_wait_for_a_whole_document(shared) -> None:
    await shared.embed(["warm"])
    order = []

    async def embed(name, count):
        await shared.embed(["some words about nothing " * 20] * count)
        order.append(name)

    document = asyncio.create_task(embed("document", 3000))
    await asyncio.sleep(0)
    await embed("question", 1)
    await document
    assert order == ["question", "document"]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ModuleNotFoundError("wordllama"), r"pip install 'quintet-server\[ai\]'"),
        (ImportError("a library is damaged"), "cannot be loaded: a library is damaged"),
    ],
)
async def test_package_that_is_missing_or_broken_says_what_to_do(monkeypatch, failure, said):
    real = builtins.__import__

    def without(name, *args, **options):
        if name == "wordllama":
            raise failure
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    embedder, handlers = LocalEmbedder(), logging.getLogger().handlers[:]
    with pytest.raises(EmbeddingsUnavailable, match=said):
        await embedder.embed(["x"])
    embedder.close()
    assert logging.getLogger().handlers == handlers


async def test_default_is_local_and_short_names_stand_for_it() -> None:
    embeddings = Embeddings(EmbedSettings(base_url=None))
    assert (embeddings.model, embeddings.dims) == (LOCAL_MODEL, 256)
    assert model_name("wordllama") == LOCAL_MODEL
    assert len((await embeddings.embed(["x"]))[0]) == 256
    assert embeddings.of("wordllama") is embeddings.of(LOCAL_MODEL)
    with pytest.raises(UnknownEmbeddingModel, match="AI_BASE_URL"):
        embeddings.of("text-embedding-3-small")
    await embeddings.stop()


def test_making_the_engine_loads_nothing() -> None:
    script = (
        "import sys; from quintet_server.engines.embed.engine import Embeddings; Embeddings();"
        "print([name for name in ('wordllama', 'numpy', 'tokenizers') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "[]"
