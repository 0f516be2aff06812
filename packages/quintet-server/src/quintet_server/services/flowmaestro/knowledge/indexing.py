"""Indexing documents: jobs of a lane of their own, one per change of a document.

A job reads the document, splits and embeds it, and puts its pieces in place of the earlier ones in
one transaction. It works on one revision: a document that was changed or deleted meanwhile is left
to the job that came with that change. What goes wrong is written into the document:

- the document's own fault (damaged, encrypted, too large): state `failed`, its old pieces go;
- no pgvector, no embeddings: it stays `pending` and says why, and the job looks again later;
- anything else is tried again, and at last the state is `given_up`: applying the definition again
  starts over.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from quintet_server.engines.embed.model import (
    Embedder,
    EmbeddingsFailed,
    EmbeddingsRefused,
    EmbeddingsUnavailable,
)
from quintet_server.engines.texts.extraction import ExtractionError, Format, extract
from quintet_server.engines.texts.splitting import Section, SplitterMissing, split_sections
from quintet_server.engines.vectors.engine import delete_vectors
from quintet_server.engines.vectors.model import ModelMismatch, VectorRow, VectorsUnavailable
from quintet_server.engines.work.lane_worker import (
    HandBack,
    LaneWorker,
    PermanentFailure,
    Running,
)
from quintet_server.engines.work.model import JobSpec
from quintet_server.services.flowmaestro.knowledge.settings import KnowledgeSettings
from quintet_server.store.ids import new_id

if TYPE_CHECKING:
    from quintet_server.services.flowmaestro.context import FlowMaestro

__all__ = ["LANE", "Indexer", "index_job", "start"]

LANE = "flowmaestro.knowledge"
_JOB_TYPE = "knowledge.index"
# Between two batches the job can be stopped, and its progress is told.
_EMBED_COUNT = 64

_log = structlog.get_logger(__name__)

_READ = """
SELECT d.id, d.project_id, d.kb_id, d.name, d.content_type, d.content, d.metadata, d.revision,
    k.embedding_model, k.chunk_size, k.chunk_overlap
FROM flowmaestro_documents d
JOIN flowmaestro_knowledge_bases k ON (k.project_id, k.id) = (d.project_id, d.kb_id)
WHERE d.id = %s AND d.revision = %s
"""
_HOLD = """
SELECT project_id, kb_id, name FROM flowmaestro_documents
WHERE id = %s AND revision = %s FOR UPDATE
"""
_READY = """
UPDATE flowmaestro_documents
SET state = 'ready', error = NULL, chunk_count = %s, indexed_at = quintet_now() WHERE id = %s
"""
_FAILED = """
UPDATE flowmaestro_documents SET state = 'failed', error = %s, chunk_count = 0 WHERE id = %s
"""
_NOTE = """
UPDATE flowmaestro_documents SET state = %s, error = %s WHERE id = %s AND revision = %s
"""


@dataclass(frozen=True, slots=True)
class _Document:
    id: str
    project_id: str
    kb_id: str
    name: str
    content_type: str
    content: bytes
    metadata: dict[str, Any]
    revision: int
    model: str
    chunk_size: int
    chunk_overlap: int


class _Faulty(Exception):
    """The document's own fault."""


def index_job(
    settings: KnowledgeSettings, project_id: str, job_id: str, document_id: str, revision: int
) -> JobSpec:
    """The job that indexes one revision of a document."""
    return JobSpec(
        id=job_id,
        lane=LANE,
        project_id=project_id,
        job_type=_JOB_TYPE,
        payload=orjson.dumps({"document": document_id, "revision": revision}).decode(),
        max_attempts=settings.index_attempts_max_count,
        timeout_seconds=settings.index_timeout_seconds,
        logged=False,
    )


async def start(parts: FlowMaestro) -> Callable[[], Awaitable[None]]:
    """Begin to index in this process; returns what stops it."""
    settings = KnowledgeSettings()
    worker = LaneWorker(
        parts.queue,
        LANE,
        Indexer(parts, settings).handle,
        concurrency=settings.index_concurrency_count,
    )
    worker.start()
    return worker.stop


class Indexer:
    """The handler of the lane."""

    def __init__(self, parts: FlowMaestro, settings: KnowledgeSettings) -> None:
        self._parts = parts
        self._settings = settings
        self._told = ""

    async def handle(self, running: Running) -> None:
        """Index what the job names; see the module for what becomes of errors."""
        payload = orjson.loads(running.job.payload)
        id, revision = payload["document"], payload["revision"]
        try:
            await self._parts.vectors.prepare()
            document = await self._read(id, revision)
            if document is not None:
                await self._index(document, running)
        except (_Faulty, ExtractionError, EmbeddingsRefused, ModelMismatch) as error:
            await self._fail(id, revision, str(error))
            raise PermanentFailure(str(error)) from error
        except EmbeddingsFailed as error:
            await self._note(id, revision, running, error)
            raise
        except (EmbeddingsUnavailable, VectorsUnavailable, SplitterMissing) as error:
            await self._write(_NOTE, "pending", str(error), id, revision)
            if str(error) != self._told:  # one line, not one for each of ten thousand documents
                self._told = str(error)
                _log.warning("indexing_waits", document=id, reason=self._told)
            raise HandBack(self._settings.unavailable_wait_seconds) from error
        except Exception as error:
            await self._note(id, revision, running, error)
            raise

    async def _index(self, document: _Document, running: Running) -> None:
        embedder = self._parts.embedder.of(document.model)
        sections = await asyncio.to_thread(_sections, document)
        most = self._settings.chunks_max_count
        if len(sections) > most:
            raise _Faulty(
                f"it has {len(sections)} pieces, more than {most} "
                "(QUINTET_KNOWLEDGE_CHUNKS_MAX_COUNT): take a larger chunk_size, or divide it"
            )
        vectors = await _embedded(embedder, sections, running)
        rows = [
            _row(document, position, section, vector)
            for position, (section, vector) in enumerate(zip(sections, vectors, strict=True))
        ]
        async with self._parts.db.transaction() as conn:
            held = await conn.execute(_HOLD, (document.id, document.revision))
            if not held.rowcount:
                return  # changed or deleted meanwhile
            await delete_vectors(conn, document.project_id, document.kb_id, [document.id])
            await self._parts.vectors.put(
                conn, document.project_id, document.kb_id, rows, document.model
            )
            await conn.execute(_READY, (len(rows), document.id))

    async def _read(self, document_id: str, revision: int) -> _Document | None:
        async with self._parts.db.connection() as conn:
            row = await (await conn.execute(_READ, (document_id, revision))).fetchone()
        return None if row is None else _Document(*row)

    async def _fail(self, id: str, revision: int, reason: str) -> None:
        """Say so in the document; what it said before is not true any more."""
        reason = reason.replace("\x00", "")
        async with self._parts.db.transaction() as conn:
            held = await (await conn.execute(_HOLD, (id, revision))).fetchone()
            if held is not None:
                project_id, kb_id, name = held
                await delete_vectors(conn, project_id, kb_id, [id])
                await conn.execute(_FAILED, (reason, id))
                _log.warning("document_not_indexed", document=name, reason=reason)

    async def _note(self, id: str, revision: int, running: Running, error: Exception) -> None:
        is_last = running.job.attempt >= running.job.max_attempts
        reason = str(error).replace("\x00", "") or type(error).__name__
        state = "given_up" if is_last else "pending"
        await self._write(_NOTE, state, reason, id, revision)

    async def _write(self, statement: str, *values: Any) -> None:
        async with self._parts.db.connection() as conn:
            await conn.execute(statement.encode(), values)


def _sections(document: _Document) -> list[Section]:
    text = extract(document.name, document.content_type, document.content)
    kind = Format(document.content_type)
    return split_sections(text, document.chunk_size, document.chunk_overlap, kind)


async def _embedded(
    embedder: Embedder, sections: Sequence[Section], running: Running
) -> list[Sequence[float]]:
    vectors: list[Sequence[float]] = []
    for start in range(0, len(sections), _EMBED_COUNT):
        batch = [_meant(section) for section in sections[start : start + _EMBED_COUNT]]
        # Lists of numbers take eight times the room of arrays, and a book has many.
        vectors += [array("f", vector) for vector in await embedder.embed(batch)]
        running.progress = len(vectors) / len(sections)
    return vectors


def _meant(section: Section) -> str:
    """What is embedded: a piece means little without the headings it stands under."""
    return "\n".join([*section.headings, section.text])


def _row(
    document: _Document, position: int, section: Section, vector: Sequence[float]
) -> VectorRow:
    metadata: dict[str, Any] = {}
    if section.headings:
        metadata["headings"] = list(section.headings)
    if section.page is not None:
        metadata["page"] = section.page
    return VectorRow(
        id=new_id("chunk"),
        document_id=document.id,
        position=position,
        content=section.text,
        embedding=vector,
        metadata={**metadata, **document.metadata},
    )
