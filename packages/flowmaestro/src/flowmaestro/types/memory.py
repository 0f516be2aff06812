"""What agents remember of users."""

from __future__ import annotations

from typing import Any, TypedDict

from flowmaestro.types.envelope import Meta, Pagination


class _MemoryCore(TypedDict):
    user_id: str
    working_memory: str


class Memory(_MemoryCore, total=False):
    """What an agent remembers of one user."""

    agent_id: str
    metadata: dict[str, Any] | None
    created_at: str
    updated_at: str


class MemoryResponse(TypedDict):
    """One user's memory."""

    data: Memory
    meta: Meta


class MemoryList(TypedDict):
    """A page of memories."""

    data: list[Memory]
    pagination: Pagination
    meta: Meta


class MemoryMatch(TypedDict, total=False):
    """A passage of a conversation that matches a search."""

    content: str
    role: str
    similarity: float
    execution_id: str
    context_before: list[Any]
    context_after: list[Any]


class _MemorySearchCore(TypedDict):
    results: list[MemoryMatch]


class MemorySearch(_MemorySearchCore, total=False):
    """What a search of an agent's memory found."""

    agent_id: str
    query: str
    result_count: int


class MemorySearchResponse(TypedDict):
    """The answer to a search of an agent's memory."""

    data: MemorySearch
    meta: Meta


class MemoryStatsResponse(TypedDict):
    """Counts about an agent's memory."""

    data: dict[str, Any]
    meta: Meta


class MemoryDeletion(TypedDict):
    """A memory that is gone."""

    agent_id: str
    user_id: str
    deleted: bool


class MemoryDeletionResponse(TypedDict):
    """The answer to deleting a memory."""

    data: MemoryDeletion
    meta: Meta
