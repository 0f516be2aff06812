"""Keeping vectors and searching them: exactly, by cosine similarity, within one collection.

A search compares the question with every vector of its collection. That is always right, whatever
else is in the table and whatever filter is asked for; ten thousand vectors take some milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from quintet_server.engines.vectors.model import (
    ModelMismatch,
    VectorHit,
    VectorItem,
    VectorRow,
    VectorsUnavailable,
)
from quintet_server.store.database import Connection, Database

__all__ = ["Vectors", "delete_vectors"]

_WRITE_MAX_COUNT = 500

_COLLECTION = """
INSERT INTO vector_collections (project_id, name, model, dims) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, name) DO NOTHING
"""
_KEPT = "SELECT model, dims FROM vector_collections WHERE project_id = %s AND name = %s"
_HOLD = f"{_KEPT} FOR KEY SHARE"
_PUT = """
INSERT INTO vectors
    (project_id, collection, id, document_id, position, content, metadata, embedding)
SELECT %s, %s, r.id, r.document_id, r.position, r.content, r.metadata::jsonb, r.embedding::vector
FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[])
    AS r (id, document_id, position, content, metadata, embedding)
ON CONFLICT (project_id, collection, id) DO UPDATE SET
    document_id = excluded.document_id, position = excluded.position, content = excluded.content,
    metadata = excluded.metadata, embedding = excluded.embedding
"""
_DELETE = "SELECT vectors_delete(%s, %s, %s, %s)"
# The collection's row comes in any case, so that a wrong model is told from an empty collection;
# its vectors are looked at only if they can be compared.
_SEARCH = """
WITH kept AS (
    SELECT model, dims FROM vector_collections
    WHERE project_id = %(project)s AND name = %(collection)s
), nearest AS (
    SELECT id, document_id, position, content, metadata,
        embedding <=> %(embedding)s::vector AS distance
    FROM vectors
    WHERE project_id = %(project)s AND collection = %(collection)s
      AND (%(where)s::jsonb IS NULL OR metadata @> %(where)s::jsonb)
      AND (%(documents)s::text[] IS NULL OR document_id = ANY (%(documents)s::text[]))
      AND (SELECT (model, dims) = (%(model)s, %(dims)s) FROM kept)
    ORDER BY distance, document_id, position, id
    LIMIT %(top_k)s
)
SELECT kept.model, kept.dims, nearest.* FROM kept LEFT JOIN nearest ON true
ORDER BY distance, document_id, position, id
"""
_COUNT = """
SELECT count(*) FROM vectors
WHERE project_id = %(project)s AND collection = %(collection)s
  AND (%(document)s::text IS NULL OR document_id = %(document)s)
"""
_SAMPLE = """
SELECT id, embedding::text FROM vectors WHERE project_id = %s AND collection = %s
ORDER BY hashtext(id), id LIMIT %s
"""
_COUNTS = """
SELECT document_id, count(*) FROM vectors WHERE project_id = %s AND collection = %s
GROUP BY document_id ORDER BY document_id
"""
_COLUMNS = "id, document_id, position, content, metadata"
_FIND = f"""
SELECT {_COLUMNS} FROM vectors WHERE project_id = %s AND collection = %s AND id = %s
"""
_DIFFERING = """
SELECT o.id, o.document_id, o.position, o.content, o.metadata
FROM vectors o LEFT JOIN vectors n
    ON n.project_id = o.project_id AND n.collection = %(target)s AND n.id = o.id
WHERE o.project_id = %(project)s AND o.collection = %(source)s AND o.id > %(after)s
  AND (o.document_id, o.position, o.content, o.metadata)
    IS DISTINCT FROM (n.document_id, n.position, n.content, n.metadata)
ORDER BY o.id LIMIT %(limit)s
"""
_GONE = """
DELETE FROM vectors n WHERE n.project_id = %(project)s AND n.collection = %(target)s
  AND NOT EXISTS (SELECT FROM vectors o WHERE o.project_id = n.project_id
                  AND o.collection = %(source)s AND o.id = n.id)
"""
_NAMES = """
SELECT name FROM vector_collections WHERE project_id = %s AND starts_with(name, %s) ORDER BY name
"""
_REMOVE = """
DELETE FROM vectors WHERE project_id = %(project)s AND collection = %(collection)s
  AND (%(document)s::text IS NULL OR document_id = %(document)s)
  AND (%(id)s::text IS NULL OR id = %(id)s)
"""


class Vectors:
    """Every project's vectors; each call sees one collection of one project."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._is_ready = False

    async def prepare(self) -> None:
        """Make sure that vectors can be kept.

        Raises:
            VectorsUnavailable: PostgreSQL has no pgvector. Looks again at the next call.
        """
        if self._is_ready:
            return
        async with self._db.transaction() as conn:
            row = await (await conn.execute("SELECT vectors_prepare()")).fetchone()
        if row is None or not row[0]:
            raise VectorsUnavailable(
                "this PostgreSQL has no pgvector: install it on the database server, then run "
                "CREATE EXTENSION vector in this database as a superuser"
            )
        self._is_ready = True

    async def put(
        self,
        conn: Connection,
        project_id: str,
        collection: str,
        rows: Sequence[VectorRow],
        model: str,
    ) -> None:
        """Add or replace rows in the caller's transaction; :meth:`prepare` comes before it.

        The first row of a collection decides its model and size.

        Raises:
            ModelMismatch: nothing was written.
        """
        if not rows:
            return
        given = (model, len(rows[0].embedding))
        kept = await _hold(conn, project_id, collection, given)
        odd = {len(row.embedding) for row in rows} - {given[1]}
        if kept != given or odd:
            raise ModelMismatch(collection, kept, (model, min(odd, default=given[1])))
        for start in range(0, len(rows), _WRITE_MAX_COUNT):
            part = rows[start : start + _WRITE_MAX_COUNT]
            await conn.execute(_PUT, (project_id, collection, *_columns(part)))

    async def delete(
        self,
        conn: Connection,
        project_id: str,
        collection: str,
        *,
        document_id: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Delete what matches, in the caller's transaction; without a choice, the collection.

        A deleted collection forgets its model.
        """
        documents = None if document_id is None else [document_id]
        await delete_vectors(conn, project_id, collection, documents, ids)

    async def search(
        self,
        project_id: str,
        collection: str,
        embedding: Sequence[float],
        *,
        model: str,
        top_k: int,
        threshold: float = 0.0,
        where: Mapping[str, Any] | None = None,
        document_ids: Sequence[str] | None = None,
    ) -> list[VectorHit]:
        """Return at most `top_k` rows, best first, whose score is at least `threshold`.

        The score is the cosine similarity, at most 1; rows with a negative one, and rows whose
        vector is zero, never match. Equal scores come in the order of their documents. With
        `where`, rows whose metadata has these values; with `document_ids`, rows of these documents.
        A collection that does not exist is empty.

        Raises:
            ModelMismatch: the collection holds vectors of another model or size.
            VectorsUnavailable: see :meth:`prepare`.
        """
        await self.prepare()
        given = (model, len(embedding))
        values = {
            "project": project_id,
            "collection": collection,
            "embedding": _text(embedding),
            "where": None if where is None else Jsonb(dict(where)),
            "documents": None if document_ids is None else list(document_ids),
            "model": model,
            "dims": len(embedding),
            "top_k": top_k,
        }
        async with self._db.connection() as conn:
            rows = await (await conn.execute(_SEARCH, values)).fetchall()
        if rows and rows[0][:2] != given:
            raise ModelMismatch(collection, rows[0][:2], given)
        hits = (_hit(row[2:]) for row in rows if row[2] is not None)
        # A zero vector is at the distance NaN from everything, and that is no score.
        return [hit for hit in hits if hit.score >= max(threshold, 0.0)]

    async def count(self, project_id: str, collection: str, document_id: str | None = None) -> int:
        """How many rows a collection, or a document in it, has. Raises VectorsUnavailable."""
        await self.prepare()
        values = {"project": project_id, "collection": collection, "document": document_id}
        async with self._db.connection() as conn:
            row = await (await conn.execute(_COUNT, values)).fetchone()
        return row[0] if row else 0

    async def sample(
        self, project_id: str, collection: str, *, limit: int
    ) -> list[tuple[str, list[float]]]:
        """Ids and vectors of at most so many rows, the same ones each time, in no telling order.

        Raises:
            VectorsUnavailable: see :meth:`prepare`.
        """
        await self.prepare()
        async with self._db.connection() as conn:
            found = await conn.execute(_SAMPLE, (project_id, collection, limit))
            rows = await found.fetchall()
        return [(id, orjson.loads(text)) for id, text in rows]

    async def counts(self, project_id: str, collection: str) -> list[tuple[str, int]]:
        """Each document with its number of rows, by name. Raises VectorsUnavailable."""
        await self.prepare()
        async with self._db.connection() as conn:
            rows = await (await conn.execute(_COUNTS, (project_id, collection))).fetchall()
        return [(row[0], row[1]) for row in rows]

    async def find(
        self, conn: Connection, project_id: str, collection: str, id: str, *, locked: bool = False
    ) -> VectorItem | None:
        """The row of this id; :meth:`prepare` comes before it.

        `locked`: nobody else changes or deletes it before the caller's transaction ends.
        """
        statement = f"{_FIND} FOR UPDATE" if locked else _FIND
        row = await (
            await conn.execute(statement.encode(), (project_id, collection, id))
        ).fetchone()
        return None if row is None else VectorItem(*row)

    async def kept_model(
        self, conn: Connection, project_id: str, collection: str
    ) -> tuple[str, int] | None:
        """The model of a collection and the size of its vectors; None before its first row."""
        row = await (await conn.execute(_KEPT, (project_id, collection))).fetchone()
        return None if row is None else (row[0], row[1])

    async def differing(
        self,
        conn: Connection,
        project_id: str,
        source: str,
        target: str,
        *,
        after: str = "",
        limit: int,
    ) -> list[VectorItem]:
        """Rows that `target` lacks or has otherwise, vectors aside; by id, those after one.

        :meth:`prepare` comes before it.
        """
        values = {
            "project": project_id,
            "source": source,
            "target": target,
            "after": after,
            "limit": limit,
        }
        rows = await (await conn.execute(_DIFFERING, values)).fetchall()
        return [VectorItem(*row) for row in rows]

    async def remove_missing(
        self, conn: Connection, project_id: str, source: str, target: str
    ) -> None:
        """Delete the rows of `target` that `source` does not have; :meth:`prepare` before it."""
        await conn.execute(_GONE, {"project": project_id, "source": source, "target": target})

    async def names(self, conn: Connection, project_id: str, prefix: str) -> list[str]:
        """The project's collections whose names begin like this."""
        rows = await (await conn.execute(_NAMES, (project_id, prefix))).fetchall()
        return [row[0] for row in rows]

    async def remove(
        self,
        conn: Connection,
        project_id: str,
        collection: str,
        *,
        document_id: str | None = None,
        id: str | None = None,
    ) -> int:
        """Delete the rows that match and tell how many they were; the collection stays.

        :meth:`prepare` comes before it.
        """
        values = {
            "project": project_id,
            "collection": collection,
            "document": document_id,
            "id": id,
        }
        return (await conn.execute(_REMOVE, values)).rowcount


async def delete_vectors(
    conn: Connection,
    project_id: str,
    collection: str,
    document_ids: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
) -> None:
    """As :meth:`Vectors.delete`, of several documents; for who has only a connection."""
    documents = None if document_ids is None else list(document_ids)
    chosen = None if ids is None else list(ids)
    await conn.execute(_DELETE, (project_id, collection, documents, chosen))


async def _hold(
    conn: Connection, project_id: str, collection: str, given: tuple[str, int]
) -> tuple[str, int]:
    """The collection's model and size, `given` if it is new; it stays until the transaction ends.

    It may be deleted between the two statements, and is made again then.
    """
    while True:
        await conn.execute(_COLLECTION, (project_id, collection, *given))
        # A statement of its own: one that waited for somebody else's insert does not see that row.
        row = await (await conn.execute(_HOLD.encode(), (project_id, collection))).fetchone()
        if row is not None:
            return row[0], row[1]


def _columns(rows: Sequence[VectorRow]) -> tuple[list[Any], ...]:
    return (
        [row.id for row in rows],
        [row.document_id for row in rows],
        [row.position for row in rows],
        [row.content for row in rows],
        [orjson.dumps(dict(row.metadata)).decode() for row in rows],
        [_text(row.embedding) for row in rows],
    )


def _text(embedding: Sequence[float]) -> str:
    """The notation of pgvector, which is that of JSON."""
    return orjson.dumps(list(embedding)).decode()


def _hit(row: Sequence[Any]) -> VectorHit:
    id, document_id, position, content, metadata, distance = row
    # Rounding can put two equal vectors a little less than nothing apart. In this order `min` keeps
    # the NaN of a zero vector.
    return VectorHit(id, document_id, position, content, metadata, min(1.0 - distance, 1.0))
