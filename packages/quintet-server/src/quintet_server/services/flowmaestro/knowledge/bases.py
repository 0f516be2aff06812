"""Looking at knowledge bases and their documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quintet_server.services.flowmaestro.wire import Page
from quintet_server.store.database import Connection

__all__ = ["FailedDocument", "KnowledgeBase", "failed_documents", "find", "list_page"]

_FAILED_SHOWN_COUNT = 20

_COLUMNS = """
k.id, k.name, k.description, k.embedding_model, k.chunk_size, k.chunk_overlap, k.created_at,
k.updated_at, d.documents, d.chunks, d.pending, d.failed
"""
_COUNTS = """
LEFT JOIN LATERAL (
    SELECT count(*) AS documents, coalesce(sum(s.chunk_count), 0)::int AS chunks,
        count(*) FILTER (WHERE s.state = 'pending') AS pending,
        count(*) FILTER (WHERE s.state IN ('failed', 'given_up')) AS failed
    FROM flowmaestro_document_states s WHERE (s.project_id, s.kb_id) = (k.project_id, k.id)
) d ON true
"""
_FIND = f"""
SELECT {_COLUMNS} FROM flowmaestro_knowledge_bases k {_COUNTS}
WHERE k.project_id = %s AND k.id = %s
"""
_PAGE = f"""
WITH page AS (
    SELECT * FROM flowmaestro_knowledge_bases WHERE project_id = %(project)s
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
)
SELECT (SELECT count(*) FROM flowmaestro_knowledge_bases WHERE project_id = %(project)s),
    {_COLUMNS}
FROM (VALUES (1)) always LEFT JOIN page k ON true {_COUNTS}
ORDER BY k.created_at DESC, k.id DESC
"""
_FAILED = """
SELECT id, name, error FROM flowmaestro_document_states
WHERE project_id = %s AND kb_id = %s AND state IN ('failed', 'given_up')
ORDER BY name LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """A knowledge base, and how many documents it has in which state."""

    id: str
    name: str
    description: str | None
    embedding_model: str
    chunk_size: int
    chunk_overlap: int
    created_at: datetime
    updated_at: datetime
    document_count: int
    chunk_count: int
    pending_count: int
    failed_count: int


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that could not be indexed, and why."""

    id: str
    name: str
    error: str | None


async def find(conn: Connection, project_id: str, id: str) -> KnowledgeBase | None:
    """The knowledge base of this id, if the project has it."""
    row = await (await conn.execute(_FIND.encode(), (project_id, id))).fetchone()
    return None if row is None else KnowledgeBase(*row)


async def list_page(
    conn: Connection, project_id: str, page: Page
) -> tuple[Sequence[KnowledgeBase], int]:
    """One page, newest first, and how many there are altogether."""
    values: dict[str, Any] = {
        "project": project_id,
        "limit": page.per_page,
        "offset": page.offset,
    }
    rows = await (await conn.execute(_PAGE.encode(), values)).fetchall()
    return [KnowledgeBase(*row[1:]) for row in rows if row[1] is not None], rows[0][0]


async def failed_documents(conn: Connection, project_id: str, id: str) -> list[FailedDocument]:
    """The first documents, by name, that could not be indexed."""
    cursor = await conn.execute(_FAILED, (project_id, id, _FAILED_SHOWN_COUNT))
    return [FailedDocument(*row) for row in await cursor.fetchall()]
