"""`quintet apply` for knowledge bases: documents added, changed and removed, by name and by hash.

A change of the pieces' size indexes every document again; each answers with its old pieces until
its new ones are there. A change of the embedding model has to throw all pieces away first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Kind, Outcome
from quintet_server.engines.embed.engine import model_name
from quintet_server.engines.embed.settings import EmbedSettings
from quintet_server.engines.vectors.engine import delete_vectors
from quintet_server.engines.work.enqueueing import enqueue
from quintet_server.services.flowmaestro.knowledge.indexing import index_job
from quintet_server.services.flowmaestro.knowledge.settings import KnowledgeSettings
from quintet_server.services.flowmaestro.knowledge.sources import (
    KnowledgeBaseSpec,
    KnowledgeSources,
    SourceDocument,
    read_sources,
)
from quintet_server.services.flowmaestro.references import KNOWLEDGE_BASE, id_of_name
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id

__all__ = ["KINDS", "apply_knowledge_base"]

_INSERT = """
INSERT INTO flowmaestro_knowledge_bases
    (name, description, embedding_model, chunk_size, chunk_overlap, project_id, id)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (project_id, id) DO NOTHING
"""
_LOCK = """
SELECT name, description, embedding_model, chunk_size, chunk_overlap
FROM flowmaestro_knowledge_bases WHERE project_id = %s AND id = %s FOR UPDATE
"""
_UPDATE = """
UPDATE flowmaestro_knowledge_bases SET name = %s, description = %s, embedding_model = %s,
    chunk_size = %s, chunk_overlap = %s, updated_at = quintet_now()
WHERE project_id = %s AND id = %s
"""
_DOCUMENTS = """
SELECT id, name, content_type, digest, metadata, state
FROM flowmaestro_document_states WHERE project_id = %s AND kb_id = %s
"""
_ADD = """
INSERT INTO flowmaestro_documents
    (content_type, content, digest, metadata, job_id, project_id, kb_id, name, id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING revision
"""
_REPLACE = """
UPDATE flowmaestro_documents SET content_type = %s, content = %s, digest = %s, metadata = %s,
    job_id = %s, revision = revision + 1, state = 'pending', error = NULL,
    updated_at = quintet_now()
WHERE id = %s RETURNING revision
"""
_AGAIN = """
UPDATE flowmaestro_documents
SET job_id = %s, revision = revision + 1, state = 'pending', error = NULL
WHERE id = %s RETURNING revision
"""
_REMOVE = "DELETE FROM flowmaestro_documents WHERE id = ANY (%s)"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document as the database has it."""

    id: str
    name: str
    content_type: str
    digest: str
    metadata: dict[str, Any]
    state: str

    def is_as(self, source: SourceDocument) -> bool:
        mine = (self.content_type, self.digest, self.metadata)
        return mine == (source.format.value, source.digest, source.metadata)


async def apply_knowledge_base(
    conn: Connection, project_id: str, name: str, sources: KnowledgeSources
) -> Outcome:
    """Create or update a knowledge base; what is new in it is indexed by the server.

    A document that could not be indexed for reasons outside of it is tried again.
    """
    spec = sources.spec
    id = id_of_name(KNOWLEDGE_BASE, name)
    model = model_name(spec.embedding_model or EmbedSettings().model)
    title = spec.name or spec.title or name
    wanted = (title, spec.description, model, spec.chunk_size, spec.overlap)
    made = await conn.execute(_INSERT, (*wanted, project_id, id))
    before = await (await conn.execute(_LOCK, (project_id, id))).fetchone()
    assert before is not None  # inserted just now, or there before
    change = _Change(conn, project_id, id)
    is_changed = await change.documents(sources.documents, all_again=before[2:] != wanted[2:])
    if before[2] != model:
        # After every document has a new revision: no job of the old model writes any more.
        await delete_vectors(conn, project_id, id)
    if made.rowcount:
        return "created"
    if is_changed or before != wanted:
        await conn.execute(_UPDATE, (*wanted, project_id, id))
        return "updated"
    return "unchanged"


class _Change:
    """Makes the documents of one knowledge base what the definition says."""

    def __init__(self, conn: Connection, project_id: str, kb_id: str) -> None:
        self._conn = conn
        self._project_id = project_id
        self._kb_id = kb_id
        self._settings = KnowledgeSettings()

    async def documents(self, wanted: Sequence[SourceDocument], *, all_again: bool) -> bool:
        """Add, replace, remove, index again; tells whether there was anything to do."""
        values = (self._project_id, self._kb_id)
        rows = await (await self._conn.execute(_DOCUMENTS, values)).fetchall()
        kept = {row[1]: _Kept(*row) for row in rows}
        jobs = []
        for source in wanted:
            known = kept.pop(source.name, None)
            job_id = new_id("job")
            if known is None:
                document_id = new_id("doc")
                tail = (self._project_id, self._kb_id, source.name, document_id)
                revision = await self._returned(_ADD, (*_content(source), job_id, *tail))
            elif not known.is_as(source):
                document_id = known.id
                values = (*_content(source), job_id, document_id)
                revision = await self._returned(_REPLACE, values)
            elif all_again or known.state == "given_up":
                document_id = known.id
                revision = await self._returned(_AGAIN, (job_id, document_id))
            else:
                continue
            jobs.append(index_job(self._settings, self._project_id, job_id, document_id, revision))
        if kept:
            gone = [document.id for document in kept.values()]
            await self._conn.execute(_REMOVE, (gone,))
            await delete_vectors(self._conn, self._project_id, self._kb_id, gone)
        if jobs:
            await enqueue(self._conn, jobs)
        return bool(jobs or kept)

    async def _returned(self, statement: str, values: tuple[Any, ...]) -> int:
        row = await (await self._conn.execute(statement.encode(), values)).fetchone()
        assert row is not None  # the knowledge base is locked, nobody else deletes documents
        return int(row[0])


def _content(source: SourceDocument) -> tuple[Any, ...]:
    try:
        data = source.load()
    except OSError as error:
        message = f"{source.path}: {error.strerror or error}"
        raise DefinitionError(message, *source.location, "path") from error
    # Of the bytes that are kept: the file may have been written since it was looked at.
    digest = hashlib.sha256(data).hexdigest()
    return source.format.value, data, digest, Jsonb(source.metadata)


KINDS: tuple[Kind, ...] = (
    Kind(
        "flowmaestro", "knowledge_base", KnowledgeBaseSpec, apply_knowledge_base, read=read_sources
    ),
)
