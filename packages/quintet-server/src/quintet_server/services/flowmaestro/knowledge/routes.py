"""Knowledge bases on the wire: list, look at one, ask one.

Shapes are the union of the vendor's guide, its API reference and its published package; `documents`
and `failed_documents` of a single knowledge base are ours; so is that a name stands for an id.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.services.flowmaestro.context import Call, call_of
from quintet_server.services.flowmaestro.errors import invalid_field, not_found, unavailable
from quintet_server.services.flowmaestro.knowledge import bases
from quintet_server.services.flowmaestro.knowledge.definitions import KINDS
from quintet_server.services.flowmaestro.knowledge.indexing import start
from quintet_server.services.flowmaestro.knowledge.search import (
    Hit,
    KnowledgeBaseNotFound,
    KnowledgeUnavailable,
    search,
)
from quintet_server.services.flowmaestro.references import KNOWLEDGE_BASE, reference
from quintet_server.services.flowmaestro.wire import instant, ok, ok_list

__all__ = ["KINDS", "ROUTES", "start"]

_RESOURCE = "Knowledge Base"
_TOP_K = 5
_TOP_K_MAX = 20
_QUERY_MAX_CHARS = 10_000


async def list_knowledge_bases(request: Request) -> Response:
    """`GET /knowledge-bases`: newest first."""
    call = call_of(request, "knowledge-bases:read")
    async with call.parts.db.connection() as conn:
        found, total = await bases.list_page(conn, call.project_id, call.page)
    return ok_list(request, [_item(one) for one in found], call.page, total)


async def get_knowledge_base(request: Request) -> Response:
    """`GET /knowledge-bases/{id}`."""
    call = call_of(request, "knowledge-bases:read")
    id = call.path_id()
    async with call.parts.db.connection() as conn:
        found = await bases.find(conn, call.project_id, reference(KNOWLEDGE_BASE, id))
        if found is None:
            raise not_found(_RESOURCE, id)
        failed = await bases.failed_documents(conn, call.project_id, found.id)
    ready = found.document_count - found.pending_count - found.failed_count
    detail = {
        "chunk_size": found.chunk_size,
        "chunk_overlap": found.chunk_overlap,
        "documents": {
            "ready": ready,
            "pending": found.pending_count,
            "failed": found.failed_count,
        },
        "failed_documents": [
            {"id": one.id, "name": one.name, "error": one.error} for one in failed
        ],
    }
    return ok(request, _item(found) | detail)


async def query_knowledge_base(request: Request) -> Response:
    """`POST /knowledge-bases/{id}/query`: the pieces nearest to a question."""
    call = call_of(request, "knowledge-bases:read", "knowledge-bases:query")
    id = call.path_id()
    query, top_k = await _question(call)
    try:
        answer = await search(call.parts, call.project_id, id, query, top_k)
    except KnowledgeBaseNotFound:
        raise not_found(_RESOURCE, id) from None
    except KnowledgeUnavailable as error:
        raise unavailable(str(error)) from error
    return ok(
        request,
        {
            "results": [_result(hit) for hit in answer.hits],
            "query": query,
            "top_k": top_k,
            "knowledge_base_id": answer.kb_id,
        },
    )


async def _question(call: Call) -> tuple[str, int]:
    """The question and how many pieces to answer with: 1 to 20, what is beyond is clamped."""
    body = await call.json_object()
    query, top_k = body.get("query"), body.get("top_k")
    if not isinstance(query, str) or not query.strip():
        raise invalid_field("query", "query must be a non-empty string")
    if len(query) > _QUERY_MAX_CHARS:
        raise invalid_field("query", f"query must have at most {_QUERY_MAX_CHARS} characters")
    if top_k is None:
        top_k = _TOP_K
    if not isinstance(top_k, int) or isinstance(top_k, bool):
        raise invalid_field("top_k", "top_k must be an integer")
    return query, max(1, min(top_k, _TOP_K_MAX))


def _item(base: bases.KnowledgeBase) -> dict[str, Any]:
    return {
        "id": base.id,
        "name": base.name,
        "description": base.description,
        "document_count": base.document_count,
        "chunk_count": base.chunk_count,
        "embedding_model": base.embedding_model,
        "created_at": instant(base.created_at),
        "updated_at": instant(base.updated_at),
    }


def _result(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "chunk_id": hit.id,
        "content": hit.content,
        "document_id": hit.document_id,
        "document_name": hit.document_name,
        "similarity": hit.score,
        "score": hit.score,
        "chunk_index": hit.chunk_index,
        "metadata": hit.metadata,
    }


ROUTES: tuple[tuple[str, str, object], ...] = (
    ("GET", "/knowledge-bases", list_knowledge_bases),
    ("GET", "/knowledge-bases/{id}", get_knowledge_base),
    ("POST", "/knowledge-bases/{id}/query", query_knowledge_base),
)
