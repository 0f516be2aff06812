"""Knowledge bases and what they answer."""

from __future__ import annotations

from typing import Any, TypedDict

from flowmaestro.types.envelope import Meta, Pagination


class _KnowledgeBaseCore(TypedDict):
    id: str
    name: str
    document_count: int


class DocumentCounts(TypedDict):
    """How many documents answer queries, wait to be indexed, and cannot be."""

    ready: int
    pending: int
    failed: int


class FailedDocument(TypedDict):
    """A document that could not be indexed, and why."""

    id: str
    name: str
    error: str


class KnowledgeBase(_KnowledgeBaseCore, total=False):
    """A knowledge base. What follows ``updated_at`` comes with ``knowledge_bases.get`` only.

    ``documents`` and ``failed_documents`` are told by the Quintet server, not by the vendor's.
    """

    description: str | None
    chunk_count: int
    embedding_model: str
    created_at: str
    updated_at: str
    chunk_size: int
    chunk_overlap: int
    documents: DocumentCounts
    failed_documents: list[FailedDocument]


class KnowledgeBaseResponse(TypedDict):
    """One knowledge base."""

    data: KnowledgeBase
    meta: Meta


class KnowledgeBaseList(TypedDict):
    """A page of knowledge bases."""

    data: list[KnowledgeBase]
    pagination: Pagination
    meta: Meta


class _QueryResultCore(TypedDict):
    content: str
    document_name: str
    similarity: float
    """From 0 to 1."""
    score: float
    """The same as ``similarity``."""


class QueryResult(_QueryResultCore, total=False):
    """A passage that answers a query."""

    id: str
    chunk_id: str
    document_id: str
    chunk_index: int
    metadata: dict[str, Any]


class _QueryResultsCore(TypedDict):
    results: list[QueryResult]


class QueryResults(_QueryResultsCore, total=False):
    """What a query found, best first."""

    query: str
    top_k: int
    knowledge_base_id: str


class QueryResponse(TypedDict):
    """The answer to a query."""

    data: QueryResults
    meta: Meta
