"""Making vectors in the background: of interactions, and of the pieces of documents.

Whoever writes a text notes it in `amdahl_unembedded`, in the same transaction; a job of the project
then takes the notes batch by batch. It takes a note away in the transaction that keeps the vector,
and only if the note is still of the text that was embedded. Without embeddings, or without
pgvector, the job waits, and keyword search goes on without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from quintet_server.engines.embed.model import (
    Embedder,
    EmbeddingsFailed,
    EmbeddingsRefused,
    EmbeddingsUnavailable,
)
from quintet_server.engines.vectors.engine import delete_vectors
from quintet_server.engines.vectors.model import ModelMismatch, VectorRow, VectorsUnavailable
from quintet_server.engines.work.enqueueing import enqueue
from quintet_server.engines.work.lane_worker import HandBack, LaneWorker, PermanentFailure, Running
from quintet_server.engines.work.model import JobSpec
from quintet_server.store.database import Connection, Database

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl

__all__ = [
    "COLLECTIONS",
    "LANE",
    "embedder_of",
    "embedding_job",
    "forget_vectors",
    "request_embedding",
    "start",
]

LANE = "amdahl.embedding"
COLLECTIONS = {"interaction": "amdahl:interactions", "piece": "amdahl:documents"}
"""Where the vectors of each kind are."""

_BATCH_COUNT = 256
_log = structlog.get_logger(__name__)

_WAITING = """
SELECT FROM work_jobs WHERE lane = %s AND project_id = %s AND state = 'pending' LIMIT 1
"""
_PROJECTS = "SELECT DISTINCT project_id FROM amdahl_unembedded"
_BATCH = """
SELECT u.kind, u.id, u.version, coalesce(i.content, p.heading || E'\\n' || p.content),
    coalesce(p.document_id, u.id), coalesce(p.position, 0)
FROM (
    SELECT * FROM amdahl_unembedded WHERE project_id = %(project)s AND kind = %(kind)s
    ORDER BY id LIMIT %(limit)s
) u
LEFT JOIN amdahl_interactions i
    ON u.kind = 'interaction' AND (i.project_id, i.id) = (u.project_id, u.id)
LEFT JOIN amdahl_document_pieces p
    ON u.kind = 'piece' AND (p.project_id, p.id) = (u.project_id, u.id)
ORDER BY u.id
"""
# Notes are locked by id, as writing rows locks them: so nobody waits in a circle.
_DONE = """
WITH same AS MATERIALIZED (
    SELECT u.id FROM amdahl_unembedded u
    JOIN unnest(%(ids)s::text[], %(versions)s::bigint[]) AS done (id, version)
        ON u.id = done.id AND u.version = done.version
    WHERE u.project_id = %(project)s AND u.kind = %(kind)s ORDER BY u.id FOR UPDATE OF u
)
DELETE FROM amdahl_unembedded u USING same
WHERE u.project_id = %(project)s AND u.kind = %(kind)s AND u.id = same.id
RETURNING u.id
"""
_DROP_NOTES = """
WITH noted AS MATERIALIZED (
    SELECT id FROM amdahl_unembedded WHERE project_id = %(project)s AND kind = %(kind)s
    ORDER BY id FOR UPDATE
)
DELETE FROM amdahl_unembedded u USING noted
WHERE u.project_id = %(project)s AND u.kind = %(kind)s AND u.id = noted.id
"""


def embedding_job(project_id: str) -> JobSpec:
    """The job that embeds what a project has waiting."""
    return JobSpec(
        lane=LANE,
        project_id=project_id,
        job_type="embed",
        max_attempts=8,
        timeout_seconds=3_600,
        logged=False,
    )


async def request_embedding(db: Database, project_id: str) -> None:
    """See to it that a job takes what is committed by now.

    One that waits will: it has not looked yet. One that runs may have looked before the commit.
    """
    async with db.connection() as conn:
        waiting = await (await conn.execute(_WAITING.encode(), (LANE, project_id))).fetchone()
        if waiting is None:
            await enqueue(conn, [embedding_job(project_id)])


async def embedder_of(parts: Amdahl, conn: Connection, project_id: str, kind: str) -> Embedder:
    """The embedder that made a project's vectors of this kind, or is to make the first ones.

    Raises:
        EmbeddingsUnavailable: the model is not there any more.
    """
    kept = await parts.vectors.kept_model(conn, project_id, COLLECTIONS[kind])
    return parts.embedder.of(parts.embedder.model if kept is None else kept[0])


async def forget_vectors(conn: Connection, project_id: str, kind: str) -> None:
    """Delete all vectors of a kind, and what waits for one, in the caller's transaction."""
    await conn.execute(_DROP_NOTES, {"project": project_id, "kind": kind})
    await delete_vectors(conn, project_id, COLLECTIONS[kind])


async def start(parts: Amdahl) -> Callable[[], Awaitable[None]]:
    """Begin to embed in this process, what an earlier one left first; returns what stops it."""
    async with parts.db.connection() as conn:
        projects = await (await conn.execute(_PROJECTS)).fetchall()
    for (project_id,) in projects:
        await request_embedding(parts.db, project_id)
    worker = LaneWorker(parts.queue, LANE, _Embedding(parts).handle, concurrency=1)
    worker.start()
    return worker.stop


class _Embedding:
    """The handler of the lane."""

    def __init__(self, parts: Amdahl) -> None:
        self._parts = parts
        self._told = ""

    async def handle(self, running: Running) -> None:
        """Embed until nothing waits; documents first, they are few."""
        project_id = running.job.project_id
        try:
            await self._parts.vectors.prepare()
            for kind in ("piece", "interaction"):
                await self._embed(project_id, kind)
        except (EmbeddingsRefused, ModelMismatch) as error:
            raise PermanentFailure(str(error)) from error
        except EmbeddingsFailed:
            raise
        except (EmbeddingsUnavailable, VectorsUnavailable) as error:
            if str(error) != self._told:  # one line, not one a minute
                self._told = str(error)
                _log.warning("embedding_waits", project=project_id, reason=self._told)
            raise HandBack(self._parts.settings.embedding_wait_seconds) from error

    async def _embed(self, project_id: str, kind: str) -> None:
        parts = self._parts
        room = parts.settings.embedded_max_count
        async with parts.db.connection() as conn:
            embedder = await embedder_of(parts, conn, project_id, kind)
        room -= await parts.vectors.count(project_id, COLLECTIONS[kind])
        while True:
            values = {"project": project_id, "kind": kind, "limit": min(_BATCH_COUNT, room)}
            if room <= 0:
                return  # the rest is found by its words
            async with parts.db.connection() as conn:
                batch = await (await conn.execute(_BATCH, values)).fetchall()
            if not batch:
                return
            await self._keep(project_id, kind, embedder, batch)
            room -= len(batch)

    async def _keep(
        self, project_id: str, kind: str, embedder: Embedder, batch: Sequence[tuple[Any, ...]]
    ) -> None:
        # Some notes are of rows that went away, or lost their words, in the meantime.
        texts = [row for row in batch if row[3] is not None]
        vectors = await embedder.embed([row[3] for row in texts]) if texts else []
        made = {row[1]: (row, vector) for row, vector in zip(texts, vectors, strict=True)}
        notes = {"ids": [row[1] for row in batch], "versions": [row[2] for row in batch]}
        async with self._parts.db.transaction() as conn:
            done = await conn.execute(_DONE, {**notes, "project": project_id, "kind": kind})
            # The words stay where they are: a hit is looked up there.
            rows = [
                VectorRow(id, made[id][0][4], made[id][0][5], "", made[id][1])
                for (id,) in sorted(await done.fetchall())
                if id in made
            ]
            await self._parts.vectors.put(conn, project_id, COLLECTIONS[kind], rows, embedder.model)
