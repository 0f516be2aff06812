"""``client.data``: queries, what there is to query, and searches of documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping, objects, text
from amdahl._async.calls import AsyncResource, object_of
from amdahl._async.pager import AsyncPager, list_all
from amdahl.responses import ResponseInfo
from amdahl.results import QueryResult

if TYPE_CHECKING:
    from amdahl.types import Document, DocumentList, Exploration, Ingested, SearchResults


class AsyncData(AsyncResource):
    """The data of the key's business."""

    async def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> QueryResult:
        """Run one SELECT and return its rows. The service adds the tenant; the SQL names none.

        Warns with :class:`TruncatedResultWarning` if there are more rows than came.

        Args:
            sql: One statement that reads.
            params: Values of ``@name`` in it.
            limit: Rows at most; the service's default is 1000. It takes more than 10 000 for
                10 000, without an error: ``truncated`` says that there are more rows.
            timeout: Seconds for one attempt of this call; the service stops a query after 25.

        Raises:
            InvalidSqlError: The statement is refused; ``reason`` says why.
            QueryTimeoutError: It ran too long. Not repeated unless the client has
                ``retry_timeouts``.
        """
        body = given(sql=text("sql", sql), params=mapping("params", params), limit=limit)
        response = await self._calls.request(wire.QUERY, {"json": body, "timeout": timeout})
        found = object_of(response, wire.QUERY)
        info = ResponseInfo(response, self._calls.clock.time())
        return QueryResult(found, info).warn_if_truncated()

    async def explore(
        self,
        scope: Literal["all", "schema", "clusters", "knowledge"] = "all",
        *,
        include_samples: bool = True,
        timeout: float | None = None,
    ) -> Exploration:
        """Return what there is to ask about: tables, columns, samples, documents.

        Args:
            scope: What to look at.
            include_samples: Whether columns come with sample values.
            timeout: Seconds for one attempt of this call.
        """
        body = {"scope": scope, "include_samples": include_samples}
        found = await self._calls.answer(wire.EXPLORE, json=body, timeout=timeout)
        return cast("Exploration", found)

    async def search(
        self,
        query: str,
        mode: Literal["hybrid", "semantic", "keyword"] = "hybrid",
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> SearchResults:
        """Return the documents of the knowledge base that fit a query, best first.

        Args:
            query: What to look for.
            mode: By meaning, by word, or both.
            limit: Documents at most; the service's default if omitted.
            timeout: Seconds for one attempt of this call.
        """
        body = given(query=text("query", query), mode=mode, limit=limit)
        found = await self._calls.answer(wire.SEARCH, json=body, timeout=timeout)
        return cast("SearchResults", found)

    async def ingest(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Ingested:
        """Put rows into a table of a self-hosted service; needs the scope ``data:write``.

        Args:
            table: Such as ``"interactions"``.
            rows: Objects with the table's columns.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            InvalidArgumentError: A row does not fit the table.
            MisuseError: A row is no mapping.
        """
        body = {"table": text("table", table), "rows": objects("rows", rows)}
        found = await self._calls.answer(
            wire.INGEST, json=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return cast("Ingested", found)

    async def documents(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        q: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        timeout: float | None = None,
    ) -> DocumentList:
        """Return one page of the knowledge base's documents, newest first.

        :meth:`iter_documents` walks them all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Documents to skip; not with ``cursor``.
            q: Words of the name or the title.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            updated_at_gte: RFC 3339; not changed before this.
            updated_at_lte: RFC 3339; not changed after this.
            timeout: Seconds for one attempt of this call.
        """
        query = given(
            limit=limit,
            cursor=cursor,
            offset=offset,
            q=q,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            updated_at_gte=updated_at_gte,
            updated_at_lte=updated_at_lte,
        )
        found = await self._calls.page(
            wire.LIST_DOCUMENTS, key="documents", query=query, timeout=timeout
        )
        return cast("DocumentList", found)

    def iter_documents(
        self,
        *,
        q: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> AsyncPager[Document]:
        """Return all documents of the knowledge base, fetched as they are needed.

        Args:
            q: Words of the name or the title.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            updated_at_gte: RFC 3339; not changed before this.
            updated_at_lte: RFC 3339; not changed after this.
            limit: Documents per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_DOCUMENTS,
            key="documents",
            q=q,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            updated_at_gte=updated_at_gte,
            updated_at_lte=updated_at_lte,
            limit=limit,
            timeout=timeout,
        )

    async def delete_document(
        self, document_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a document of the knowledge base; needs the scope ``data:write``.

        Raises:
            NotFoundError: There is none with this id.
        """
        await self._calls.value(
            wire.DELETE_DOCUMENT,
            path={"document_id": document_id},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
