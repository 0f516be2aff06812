"""knowledgeBaseQuery (`kbQuery`): the pieces of a knowledge base that answer a question.

A search that fails does not fail the node: the output says `success: false` and why.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, Field

from quintet_server.services.flowmaestro.knowledge.search import (
    Hit,
    KnowledgeBaseNotFound,
    KnowledgeUnavailable,
    search,
)
from quintet_server.services.flowmaestro.nodes.config import Between, Flag, NodeConfig, RequiredText
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeResult, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named


class KnowledgeBaseQueryConfig(NodeConfig):
    """`knowledgeBaseId` is an id or the name of a definition."""

    knowledge_base_id: RequiredText
    query: RequiredText = Field(validation_alias=AliasChoices("query", "queryText"))
    top_k: Annotated[int, Between(1, 100, whole=True)] = 5
    threshold: Annotated[float, Between(0, 1)] = 0.7
    include_metadata: Annotated[bool, Flag()] = True
    output_variable: str = ""


async def execute(call: NodeCall) -> NodeResult:
    """`{success: true, data: {...}}`, or `{success: false, error}`."""
    config = resolved(call.config, call.scope)
    assert isinstance(config, KnowledgeBaseQueryConfig)
    return named(config.output_variable, await _answer(call, config))


async def _answer(call: NodeCall, config: KnowledgeBaseQueryConfig) -> dict[str, Any]:
    if not config.query.strip():
        return {"success": False, "error": "query is empty"}
    try:
        answer = await search(
            call.parts,
            call.project_id,
            config.knowledge_base_id.strip(),
            config.query,
            config.top_k,
            config.threshold,
        )
    except (KnowledgeBaseNotFound, KnowledgeUnavailable) as error:
        return {"success": False, "error": str(error)}
    results = [_shown(hit, config.include_metadata) for hit in answer.hits]
    return {
        "success": True,
        "data": {
            "query": config.query,
            "results": results,
            "topResult": results[0] if results else None,
            "combinedText": "\n\n".join(hit.content for hit in answer.hits),
            "count": len(results),
            "metadata": {
                "knowledgeBaseId": answer.kb_id,
                "topK": config.top_k,
                "threshold": config.threshold,
            },
        },
    }


def _shown(hit: Hit, has_metadata: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "content": hit.content,
        "similarity": hit.score,
        "documentName": hit.document_name,
        "chunkIndex": hit.chunk_index,
    }
    if has_metadata:
        shown["metadata"] = hit.metadata
    return shown


TYPE = NodeType(
    "knowledgeBaseQuery", KnowledgeBaseQueryConfig, execute, aliases=("kbQuery", "knowledgeBase")
)
