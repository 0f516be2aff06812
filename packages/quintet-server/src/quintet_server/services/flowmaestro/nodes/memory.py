"""The shared memory of one execution."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quintet_server.services.flowmaestro.expressions.values import to_text
from quintet_server.services.flowmaestro.nodes.errors import NodeError
from quintet_server.services.flowmaestro.nodes.words import overlap, words_of

if TYPE_CHECKING:
    from quintet_server.engines.embed.model import Embedder

ENTRIES_MAX = 1_000


class SharedMemory(dict[str, Any]):
    """The memory of one execution: what `shared.` leads to, changed by `store` only.

    It lives in the process; the journal of the run has its contents (`NodeResult.shared`), and
    embeddings are made when somebody searches.
    """

    def __init__(self) -> None:
        super().__init__()
        self._embeddings: dict[str, tuple[str, Sequence[float]]] = {}

    def store(self, key: str, value: Any) -> None:
        """Set a value. Raises NodeError when there are too many."""
        if key not in self and len(self) >= ENTRIES_MAX:
            raise NodeError(f"Shared memory holds {ENTRIES_MAX} keys at most", "memory_full")
        self[key] = value

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Set what a step of this run had stored before the process changed."""
        for key, value in stored.items():
            self.store(key, value)

    async def search(
        self, query: str, top_k: int, threshold: float, embedder: Embedder
    ) -> tuple[list[dict[str, Any]], str]:
        """The entries nearest to a query, `{key, value, similarity}`, and how they were found.

        By embeddings; by the share of the query's words in an entry where there are none.
        """
        from quintet_server.engines.embed.model import EmbeddingsUnavailable

        values = dict(self)  # as they are now: others may store while embeddings are made
        try:
            scores, method = await self._by_meaning(query, embedder), "embeddings"
        except EmbeddingsUnavailable:
            scores, method = self._by_words(query), "keywords"
        found = sorted(scores.items(), key=lambda item: -item[1])
        return [
            {"key": key, "value": values[key], "similarity": round(score, 6)}
            for key, score in found[:top_k]
            if score >= threshold
        ], method

    async def _by_meaning(self, query: str, embedder: Embedder) -> dict[str, float]:
        texts = {key: _searched_text(key, value) for key, value in self.items()}
        known = self._embeddings
        changed = [key for key in texts if key not in known or known[key][0] != texts[key]]
        wanted, *made = await embedder.embed([query, *(texts[key] for key in changed)])
        for key, embedding in zip(changed, made, strict=True):
            known[key] = (texts[key], embedding)
        return {key: _cosine(wanted, known[key][1]) for key in texts}

    def _by_words(self, query: str) -> dict[str, float]:
        wanted = words_of(query)
        return {
            key: overlap(wanted, words_of(_searched_text(key, value)))
            for key, value in self.items()
        }


def _searched_text(key: str, value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else f"{key}: {to_text(value)}"


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.sqrt(_product(one, one) * _product(other, other))
    return max(0.0, min(1.0, _product(one, other) / lengths)) if lengths else 0.0


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
