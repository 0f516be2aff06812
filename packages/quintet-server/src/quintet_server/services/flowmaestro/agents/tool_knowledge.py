"""The `knowledge_base` tool: passages for the model, and where they come from for the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quintet_server.services.flowmaestro.agents.definitions import KnowledgeTool
from quintet_server.services.flowmaestro.agents.tool_results import ToolFailed, ToolResult
from quintet_server.services.flowmaestro.knowledge.model import (
    KnowledgeBaseNotFound,
    KnowledgeUnavailable,
)
from quintet_server.services.flowmaestro.knowledge.search import search

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["PARAMETERS", "look_up"]

PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to look for, in words."}},
    "required": ["query"],
}


async def look_up(
    parts: FlowMaestro, project_id: str, tool: KnowledgeTool, arguments: Mapping[str, Any]
) -> ToolResult:
    """The passages nearest to a query; :class:`ToolFailed` if they cannot be searched."""
    try:
        answer = await search(
            parts,
            project_id,
            tool.knowledge_base,
            str(arguments["query"]),
            tool.top_k,
            tool.threshold,
        )
    except (KnowledgeBaseNotFound, KnowledgeUnavailable) as error:
        raise ToolFailed(str(error)) from error
    passages = [
        {"source": hit.document_name, "score": round(hit.score, 4), "content": hit.content}
        for hit in answer.hits
    ]
    sources = [
        {
            "knowledge_base_id": answer.kb_id,
            "document_id": hit.document_id,
            "document_name": hit.document_name,
            "chunk_id": hit.id,
            "chunk_index": hit.chunk_index,
            "similarity": hit.score,
        }
        for hit in answer.hits
    ]
    return ToolResult({"passages": passages}, sources)
