"""``client.knowledge_bases``: documents that answer questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given
from flowmaestro._async.calls import AsyncResource
from flowmaestro._shapes import mirror_results

if TYPE_CHECKING:
    from flowmaestro.types import (
        KnowledgeBase,
        KnowledgeBaseList,
        KnowledgeBaseResponse,
        QueryResponse,
    )


class AsyncKnowledgeBases(AsyncResource):
    """Knowledge bases of the key's workspace."""

    async def list(
        self,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> KnowledgeBaseList:
        """Return one page of knowledge bases, newest first; :meth:`iter` walks all pages.

        Args:
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.
        """
        query = given(page=page, per_page=per_page)
        found = await self._calls.page(wire.LIST_KNOWLEDGE_BASES, query=query, timeout=timeout)
        return cast("KnowledgeBaseList", found)

    async def iter(
        self, *, per_page: int = 100, max_items: int | None = None, timeout: float | None = None
    ) -> AsyncIterator[KnowledgeBase]:
        """Iterate over all knowledge bases, fetching pages as they are needed.

        Args:
            per_page: Knowledge bases per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        async def fetch(page: int | None, size: int | None) -> KnowledgeBaseList:
            return await self.list(page, size, timeout=timeout)

        async for item in self._calls.items(fetch, per_page, max_items):
            yield item

    async def get(
        self, knowledge_base_id: str, *, timeout: float | None = None
    ) -> KnowledgeBaseResponse:
        """Return a knowledge base with its embedding model and chunk sizes.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.GET_KNOWLEDGE_BASE,
            path={"knowledge_base_id": knowledge_base_id},
            timeout=timeout,
        )
        return cast("KnowledgeBaseResponse", found)

    async def query(
        self,
        knowledge_base_id: str,
        query: str,
        top_k: int | None = None,
        *,
        timeout: float | None = None,
    ) -> QueryResponse:
        """Return the passages that fit a question best.

        Each result has its score as ``similarity`` and as ``score``.

        Args:
            knowledge_base_id: Where to look.
            query: The question; not empty.
            top_k: At most so many results, 1 to 20; the service's default is 5.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is no such knowledge base.
        """
        found = await self._calls.answer(
            wire.QUERY_KNOWLEDGE_BASE,
            path={"knowledge_base_id": knowledge_base_id},
            json=given(query=query, top_k=top_k),
            timeout=timeout,
        )
        mirror_results(found["data"].get("results"))
        return cast("QueryResponse", found)
