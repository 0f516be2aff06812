"""Every number of knowledge bases, each an environment variable `QUINTET_KNOWLEDGE_...`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["KnowledgeSettings"]


class KnowledgeSettings(BaseSettings):
    """Settings of the group `knowledge`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_KNOWLEDGE_", extra="ignore", frozen=True)

    documents_max_count: int = Field(
        default=10_000, ge=1, description="Most documents of one knowledge base."
    )
    documents_max_bytes: int = Field(
        default=512 * 1024 * 1024, ge=1, description="Most bytes of all its documents together."
    )
    chunks_max_count: int = Field(
        default=10_000, ge=1, description="Most pieces that one document is split into."
    )
    index_concurrency_count: int = Field(
        default=2, ge=1, description="Documents that one process indexes at a time."
    )
    index_attempts_max_count: int = Field(
        default=5, ge=1, description="How often indexing a document is tried."
    )
    index_timeout_seconds: int = Field(
        default=900, ge=1, description="Longest time for indexing one document."
    )
    unavailable_wait_seconds: float = Field(
        default=30.0,
        ge=0,
        description="Without pgvector or embeddings, indexing waits and looks again after this.",
    )
