"""What an embedder is, and what it can refuse.

Vectors of different models cannot be compared, so a vector never travels without the name of the
model that made it. One embedder makes vectors of exactly one model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = [
    "Embedder",
    "EmbeddingsFailed",
    "EmbeddingsRefused",
    "EmbeddingsUnavailable",
    "UnknownEmbeddingModel",
    "embeddable",
]


class EmbeddingsUnavailable(Exception):
    """No vectors can be made now; the text says what to install or to configure."""


class EmbeddingsFailed(EmbeddingsUnavailable):
    """The upstream could not be reached, or did not do its work: trying again may help.

    `status` is what it answered, if that is what went wrong: 5xx, or a 4xx that passes.
    """

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


class EmbeddingsRefused(EmbeddingsUnavailable):
    """The upstream refused the request (`status` 4xx): trying again does not help."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class UnknownEmbeddingModel(EmbeddingsUnavailable):
    """This server has no embedder for the model that was asked for."""


class Embedder(Protocol):
    """Makes vectors of one model."""

    @property
    def model(self) -> str:
        """The name kept with every vector."""

    @property
    def dims(self) -> int | None:
        """Numbers per vector; None until an upstream has answered for the first time."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, in order.

        A text without anything the model knows gets a vector of zeros. Does not block the event
        loop, and does not retry.

        Raises:
            EmbeddingsUnavailable: or one of its kinds, see above.
        """
        ...


def embeddable(text: str, max_chars: int) -> str:
    """The beginning of a text, without halves of surrogate pairs, which no model reads."""
    return text[:max_chars].encode("utf-8", "replace").decode()
