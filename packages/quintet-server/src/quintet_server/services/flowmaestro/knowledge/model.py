"""What a search of a knowledge base answers, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Hit", "KnowledgeAnswer", "KnowledgeBaseNotFound", "KnowledgeUnavailable"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of a document that answers a question; `score` is from 0 to 1."""

    id: str
    content: str
    document_id: str
    document_name: str
    chunk_index: int
    score: float
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnowledgeAnswer:
    """The best pieces, best first."""

    kb_id: str
    hits: Sequence[Hit]


class KnowledgeBaseNotFound(Exception):
    """The project has no such knowledge base."""

    def __init__(self, ref: str):
        super().__init__(f"there is no knowledge base {ref!r}")
        self.ref = ref


class KnowledgeUnavailable(Exception):
    """It cannot be searched now (no pgvector, no embeddings); the text says what to do."""
