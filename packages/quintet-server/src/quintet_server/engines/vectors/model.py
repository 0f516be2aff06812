"""What is kept with a vector, what a search finds, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ModelMismatch", "VectorHit", "VectorItem", "VectorRow", "VectorsUnavailable"]


@dataclass(frozen=True, slots=True)
class VectorRow:
    """A piece of a document, with its vector.

    Attributes:
        id: unique within the collection; putting it again replaces the row.
        document_id: what the piece belongs to, for deleting.
        position: of the piece within its document, from 0.
        content: the text.
        embedding: finite numbers, as many as the collection's model makes.
        metadata: JSON; a search can ask for equality of some of its fields.
    """

    id: str
    document_id: str
    position: int
    content: str
    embedding: Sequence[float]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VectorHit:
    """A piece that was found; `score` is its cosine similarity, from 0 to 1."""

    id: str
    document_id: str
    position: int
    content: str
    metadata: dict[str, Any]
    score: float


@dataclass(frozen=True, slots=True)
class VectorItem:
    """A piece as it is kept, without its vector."""

    id: str
    document_id: str
    position: int
    content: str
    metadata: dict[str, Any]


class VectorsUnavailable(Exception):
    """The database has no pgvector; the text names `CREATE EXTENSION vector`."""


class ModelMismatch(Exception):
    """The collection holds vectors of another model (or size): they cannot be compared."""

    def __init__(self, collection: str, kept: tuple[str, int], given: tuple[str, int]):
        super().__init__(
            f"{collection} holds vectors of model {kept[0]} ({kept[1]} numbers each), "
            f"not of {given[0]} ({given[1]})"
        )
        self.collection = collection
        self.kept = kept
        self.given = given
