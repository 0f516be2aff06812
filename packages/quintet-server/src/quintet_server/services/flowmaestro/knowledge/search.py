"""Searching a knowledge base: for the route, for the workflow node, for the agents' tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.engines.vectors.model import ModelMismatch, VectorHit, VectorsUnavailable
from quintet_server.services.flowmaestro.knowledge.model import (
    Hit,
    KnowledgeAnswer,
    KnowledgeBaseNotFound,
    KnowledgeUnavailable,
)
from quintet_server.services.flowmaestro.references import KNOWLEDGE_BASE, reference

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["Hit", "KnowledgeAnswer", "KnowledgeBaseNotFound", "KnowledgeUnavailable", "search"]

_MODEL = """
SELECT embedding_model FROM flowmaestro_knowledge_bases WHERE project_id = %s AND id = %s
"""
_NAMES = "SELECT id, name FROM flowmaestro_documents WHERE id = ANY (%s)"


async def search(
    parts: FlowMaestro,
    project_id: str,
    kb_ref: str,
    query: str,
    top_k: int,
    threshold: float = 0.0,
) -> KnowledgeAnswer:
    """Return the `top_k` pieces most similar to `query` whose score is at least `threshold`.

    `kb_ref` is an id or the name of the definition. Scores are cosine similarities; negative ones
    are never returned.

    Raises:
        KnowledgeBaseNotFound: also for one of another project.
        KnowledgeUnavailable: no pgvector, no embeddings, or another model than it was indexed with.
    """
    kb_id = reference(KNOWLEDGE_BASE, kb_ref)
    model = await _model(parts, project_id, kb_id)
    if model is None:
        raise KnowledgeBaseNotFound(kb_ref)
    try:
        # Without pgvector there is nothing to look in, and no need for the model.
        await parts.vectors.prepare()
        [embedding] = await parts.embedder.of(model).embed([query])
        found = await parts.vectors.search(
            project_id, kb_id, embedding, model=model, top_k=top_k, threshold=threshold
        )
    except (EmbeddingsUnavailable, VectorsUnavailable, ModelMismatch) as error:
        raise KnowledgeUnavailable(
            f"the knowledge base {kb_ref!r} cannot be searched: {error}"
        ) from error
    names = await _names(parts, found)
    return KnowledgeAnswer(
        kb_id, [_hit(hit, names[hit.document_id]) for hit in found if hit.document_id in names]
    )


async def _model(parts: FlowMaestro, project_id: str, kb_id: str) -> str | None:
    # No id holds a NUL, and PostgreSQL cannot look for one.
    values = (project_id, kb_id.replace("\x00", "\ufffd"))
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_MODEL, values)).fetchone()
    return None if row is None else str(row[0])


async def _names(parts: FlowMaestro, hits: list[VectorHit]) -> dict[str, str]:
    """The documents' names; a document that was deleted just now has none."""
    if not hits:
        return {}
    ids = list({hit.document_id for hit in hits})
    async with parts.db.connection() as conn:
        return dict(await (await conn.execute(_NAMES, (ids,))).fetchall())


def _hit(hit: VectorHit, document_name: str) -> Hit:
    return Hit(
        id=hit.id,
        content=hit.content,
        document_id=hit.document_id,
        document_name=document_name,
        chunk_index=hit.position,
        score=hit.score,
        metadata=hit.metadata,
    )
