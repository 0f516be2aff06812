# Generated from flowmaestro/_async/agents.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.agents``: agents, their threads, and what they remember of users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given, mapping, user_id as checked
from flowmaestro._sync.calls import Resource

if TYPE_CHECKING:
    from flowmaestro.types import (
        Agent,
        AgentList,
        AgentResponse,
        Memory,
        MemoryDeletionResponse,
        MemoryList,
        MemoryResponse,
        MemorySearchResponse,
        MemoryStatsResponse,
        ThreadResponse,
    )


class Agents(Resource):
    """Agents of the key's workspace."""

    def list(
        self,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> AgentList:
        """Return one page of agents, newest first; :meth:`iter` walks all pages.

        Args:
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.
        """
        query = given(page=page, per_page=per_page)
        found = self._calls.page(wire.LIST_AGENTS, query=query, timeout=timeout)
        return cast("AgentList", found)

    def iter(
        self, *, per_page: int = 100, max_items: int | None = None, timeout: float | None = None
    ) -> Iterator[Agent]:
        """Iterate over all agents, fetching pages as they are needed.

        Args:
            per_page: Agents per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        def fetch(page: int | None, size: int | None) -> AgentList:
            return self.list(page, size, timeout=timeout)

        for item in self._calls.items(fetch, per_page, max_items):
            yield item

    def get(self, agent_id: str, *, timeout: float | None = None) -> AgentResponse:
        """Return an agent with its system prompt, settings and tools.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(wire.GET_AGENT, path={"agent_id": agent_id}, timeout=timeout)
        return cast("AgentResponse", found)

    def create_thread(
        self,
        agent_id: str,
        metadata: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ThreadResponse:
        """Begin a conversation with an agent.

        Args:
            agent_id: With whom.
            metadata: Kept with the thread and returned with it; a ``user_id`` in it is whose
                memory the agent uses.
            idempotency_key: A key of your own. A service that honours it begins one thread once
                however often it is sent, so the call is repeated like one that only reads.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is no such agent.
        """
        found = self._calls.answer(
            wire.CREATE_THREAD,
            path={"agent_id": agent_id},
            json=given(metadata=mapping("metadata", metadata)),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("ThreadResponse", found)

    def list_memory(
        self,
        agent_id: str,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> MemoryList:
        """Return one page of what an agent remembers, by user.

        Args:
            agent_id: Whose memory.
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.
        """
        found = self._calls.page(
            wire.LIST_MEMORY,
            path={"agent_id": agent_id},
            query=given(page=page, per_page=per_page),
            timeout=timeout,
        )
        return cast("MemoryList", found)

    def iter_memory(
        self,
        agent_id: str,
        *,
        per_page: int = 100,
        max_items: int | None = None,
        timeout: float | None = None,
    ) -> Iterator[Memory]:
        """Iterate over what an agent remembers, fetching pages as they are needed.

        Args:
            agent_id: Whose memory.
            per_page: Users per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        def fetch(page: int | None, size: int | None) -> MemoryList:
            return self.list_memory(agent_id, page, size, timeout=timeout)

        for item in self._calls.items(fetch, per_page, max_items):
            yield item

    def get_memory(
        self, agent_id: str, user_id: str, *, timeout: float | None = None
    ) -> MemoryResponse:
        """Return what an agent remembers of a user.

        Raises:
            NotFoundError: It remembers nothing, or there is no such agent.
        """
        found = self._calls.answer(
            wire.GET_MEMORY,
            path={"agent_id": agent_id, "user_id": checked(user_id)},
            timeout=timeout,
        )
        return cast("MemoryResponse", found)

    def set_memory(
        self,
        agent_id: str,
        user_id: str,
        working_memory: str,
        metadata: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> MemoryResponse:
        """Replace what an agent remembers of a user.

        Args:
            agent_id: Whose memory.
            user_id: Of whom.
            working_memory: The text to remember; not empty.
            metadata: Kept with it.
            timeout: Seconds for one attempt of this call.
        """
        found = self._calls.answer(
            wire.SET_MEMORY,
            path={"agent_id": agent_id, "user_id": checked(user_id)},
            json=given(working_memory=working_memory, metadata=mapping("metadata", metadata)),
            timeout=timeout,
        )
        return cast("MemoryResponse", found)

    def delete_memory(
        self, agent_id: str, user_id: str, *, timeout: float | None = None
    ) -> MemoryDeletionResponse:
        """Forget a user.

        Raises:
            NotFoundError: There is nothing to forget, or no such agent.
        """
        found = self._calls.deletion(
            wire.DELETE_MEMORY,
            {"agent_id": agent_id, "user_id": user_id},
            path={"agent_id": agent_id, "user_id": checked(user_id)},
            timeout=timeout,
        )
        return cast("MemoryDeletionResponse", found)

    def search_memory(
        self,
        agent_id: str,
        query: str,
        *,
        top_k: int | None = None,
        similarity_threshold: float | None = None,
        user_id: str | None = None,
        timeout: float | None = None,
    ) -> MemorySearchResponse:
        """Search the conversations that an agent remembers.

        Args:
            agent_id: Whose memory.
            query: What to look for.
            top_k: At most so many results, 1 to 50; the service's default is 10.
            similarity_threshold: From 0 to 1; the service's default is 0.7.
            user_id: Only conversations with this user.
            timeout: Seconds for one attempt of this call.
        """
        found = self._calls.answer(
            wire.SEARCH_MEMORY,
            path={"agent_id": agent_id},
            json=given(
                query=query,
                top_k=top_k,
                similarity_threshold=similarity_threshold,
                user_id=user_id,
            ),
            timeout=timeout,
        )
        return cast("MemorySearchResponse", found)

    def memory_stats(self, agent_id: str, *, timeout: float | None = None) -> MemoryStatsResponse:
        """Return counts about what an agent remembers."""
        found = self._calls.answer(wire.MEMORY_STATS, path={"agent_id": agent_id}, timeout=timeout)
        return cast("MemoryStatsResponse", found)
