"""Embeddings inside the process: wordllama's static vectors, whose weights come with its wheel.

Work is done by one thread of its own, in small batches: a question that arrives while a large
document is being embedded waits for a batch of some milliseconds, not for the document.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from quintet_server.engines.embed.model import EmbeddingsUnavailable, embeddable

__all__ = ["LOCAL_MODEL", "LocalEmbedder"]

LOCAL_MODEL = "wordllama-l2-supercat-256"
_CONFIG = "l2_supercat"
_DIMS = 256
_BATCH_MAX_COUNT = 64
# Each text of a batch takes the room of the longest: about a kibibyte for each of its tokens.
_BATCH_MAX_CHARS = 64_000
_MISSING = (
    "the embedding model is not installed: pip install 'quintet-server[ai]', or name another "
    "model in QUINTET_EMBED_MODEL and an OpenAI-compatible API in AI_BASE_URL"
)


class LocalEmbedder:
    """Vectors of length 1, or 0 for a text in which the model knows nothing.

    The model is loaded by the first call, which takes about a second and 100 MB.
    """

    def __init__(self, *, text_max_chars: int = 32_000) -> None:
        self._text_max_chars = text_max_chars
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed")
        self._loaded: Any = None

    @property
    def model(self) -> str:
        """The wheel's model and its size."""
        return LOCAL_MODEL

    @property
    def dims(self) -> int | None:
        """256."""
        return _DIMS

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See :class:`~.model.Embedder`. Raises EmbeddingsUnavailable when it is not installed."""
        loop = asyncio.get_running_loop()
        vectors: list[list[float]] = []
        for batch in _batches([embeddable(text, self._text_max_chars) for text in texts]):
            vectors += await loop.run_in_executor(self._thread, self._embed, batch)
        return vectors

    def close(self) -> None:
        """End the thread; a batch under way is finished first."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _embed(self, texts: list[str]) -> list[list[float]]:
        if self._loaded is None:
            self._loaded = _load()
        import numpy as np

        vectors = self._loaded.embed(texts, batch_size=len(texts))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        scaled: list[list[float]] = np.divide(
            vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0
        ).tolist()
        return scaled


def _load() -> Any:
    """Load the model from its own wheel.

    Its loader looks for the tokenizer in a cache folder and then on the network. The wheel's folder
    has the layout of such a cache, so that is where it is sent, with downloads switched off.
    """
    try:
        wordllama = _import()
    except ModuleNotFoundError as error:
        raise EmbeddingsUnavailable(_MISSING) from error
    except ImportError as error:
        raise EmbeddingsUnavailable(f"the embedding model cannot be loaded: {error}") from error
    folder = Path(wordllama.__file__).parent
    try:
        return wordllama.WordLlama.load(_CONFIG, cache_dir=folder, dim=_DIMS, disable_download=True)
    except FileNotFoundError as error:
        raise EmbeddingsUnavailable(f"the embedding model is incomplete: {error}") from error


def _import() -> Any:
    """Import the library; it would set up the root logger unless that has a handler already."""
    root, placeholder = logging.getLogger(), logging.NullHandler()
    root.addHandler(placeholder)
    try:
        import wordllama
    finally:
        root.removeHandler(placeholder)
    return wordllama


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    longest = 0
    for text in texts:
        longest = max(longest, len(text))
        if batch and (
            len(batch) == _BATCH_MAX_COUNT or longest * (len(batch) + 1) > _BATCH_MAX_CHARS
        ):
            yield batch
            batch, longest = [], len(text)
        batch.append(text)
    if batch:
        yield batch
