"""Knowledge documents: defined in files with `quintet apply`, listed and deleted over HTTP.

The text is taken from the file and cut into pieces before anything is written, so what is wrong
with a file is said with all other mistakes, and what was applied is found by its words at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, model_validator

from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.engines.texts.extraction import PAGE_BREAK, ExtractionError, Format, extract
from quintet_server.engines.texts.formats import format_of
from quintet_server.engines.texts.splitting import Section, SplitterMissing, split_sections
from quintet_server.engines.vectors.engine import delete_vectors
from quintet_server.engines.work.enqueueing import enqueue
from quintet_server.services.amdahl.data.embedding import COLLECTIONS, embedding_job
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_id

__all__ = ["KINDS", "DocumentSpec", "apply_document", "delete_document", "read_document"]

_PIECE_CHARS, _OVERLAP_CHARS = 1_000, 150
_PIECES_MAX_COUNT = 20_000
_METADATA_MAX_BYTES = 16 * 1024

_FIND = """
SELECT id, title, source, content_type, digest, metadata FROM amdahl_documents
WHERE project_id = %s AND name = %s FOR UPDATE
"""
_WRITE = """
INSERT INTO amdahl_documents
    (project_id, name, id, title, source, content_type, digest, metadata, piece_count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (project_id, name) DO UPDATE SET title = excluded.title, source = excluded.source,
    content_type = excluded.content_type, digest = excluded.digest, metadata = excluded.metadata,
    piece_count = excluded.piece_count, updated_at = quintet_now()
RETURNING id
"""
_CLEAR = """
WITH gone AS (
    DELETE FROM amdahl_document_pieces WHERE project_id = %(project)s AND document_id = %(id)s
    RETURNING id
), noted AS MATERIALIZED (  -- in the order in which others lock them, too
    SELECT u.id FROM amdahl_unembedded u JOIN gone ON gone.id = u.id
    WHERE u.project_id = %(project)s AND u.kind = 'piece' ORDER BY u.id FOR UPDATE OF u
)
DELETE FROM amdahl_unembedded u USING noted
WHERE u.project_id = %(project)s AND u.kind = 'piece' AND u.id = noted.id
"""
_PIECES = """
WITH made AS (
    INSERT INTO amdahl_document_pieces (project_id, document_id, id, position, heading, content)
    SELECT %s, %s, r.* FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[]) AS r
    RETURNING project_id, id
)
INSERT INTO amdahl_unembedded (project_id, kind, id) SELECT project_id, 'piece', id FROM made
"""
_DELETE = "DELETE FROM amdahl_documents WHERE project_id = %s AND id = %s"


class DocumentSpec(BaseModel):
    """What `spec` of a `kind: document` can say."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """How it is shown; the document's name unless given."""
    text: Annotated[str, Field(min_length=1)] | None = None
    path: Annotated[str, Field(min_length=1, max_length=4_096)] | None = None
    """A file (Markdown, text, HTML, PDF), relative to the definition file."""
    metadata: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> DocumentSpec:
        if (self.path is None) == (self.text is None):
            raise ValueError("needs either path or text")
        if "\x00" in f"{self.title}{self.text}{self.path}":
            raise ValueError("must not contain NUL")
        return self


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read, with its pieces."""

    title: str | None
    source: str | None
    content_type: str
    digest: str
    metadata: dict[str, Any]
    pieces: Sequence[Section]


def read_document(file: Path, spec: DocumentSpec, report: Report) -> Document | None:
    """Read what a definition names; what is wrong is reported. None: there is nothing to apply."""
    path = None if spec.path is None else file.parent / spec.path
    field = "text" if path is None else "path"
    if problem := _metadata_problem(spec.metadata):
        report(problem, "metadata")
    try:
        data = (spec.text or "").encode(errors="replace") if path is None else path.read_bytes()
        # A text in a definition is written by hand: its headings are Markdown's.
        format = Format.MARKDOWN if path is None else format_of(path.name)
        text = extract(spec.path or "text", format.value, data)
    except OSError as error:
        report(f"{path}: {error.strerror or error}", field)
        return None
    except ExtractionError as error:
        report(f"{path or 'text'}: {error}", field)
        return None
    pieces = _pieces(text, format)
    if not pieces:
        report("there is no text in it", field)
    elif len(pieces) > _PIECES_MAX_COUNT:
        report(f"it has {len(pieces)} pieces, more than {_PIECES_MAX_COUNT}: divide it", field)
    source = None if path is None else path.name
    digest = hashlib.sha256(data).hexdigest()
    return Document(spec.title, source, format.value, digest, spec.metadata, pieces)


async def apply_document(
    conn: Connection, project_id: str, name: str, document: Document
) -> Outcome:
    """Create or replace a document; it is found by its words at the end of the transaction."""
    title = document.title or name
    head = (title, document.source, document.content_type, document.digest, document.metadata)
    before = await (await conn.execute(_FIND, (project_id, name))).fetchone()
    if before is not None and before[1:] == head:
        return "unchanged"
    values = (project_id, name, new_id("doc"), *head[:4], Jsonb(document.metadata))
    written = await conn.execute(_WRITE, (*values, len(document.pieces)))
    row = await written.fetchone()
    assert row is not None  # inserted or updated
    await _clear(conn, project_id, row[0])
    sections = document.pieces
    columns = (
        [new_id("piece") for _ in sections],
        list(range(len(sections))),
        [" › ".join((title, *section.headings)) for section in sections],
        [section.text for section in sections],
    )
    await conn.execute(_PIECES, (project_id, row[0], *columns))
    await enqueue(conn, [embedding_job(project_id)])
    return "created" if before is None else "updated"


async def delete_document(conn: Connection, project_id: str, id: str) -> bool:
    """Delete a document, its pieces and their vectors; tells whether there was one."""
    await _clear(conn, project_id, id)
    return (await conn.execute(_DELETE, (project_id, id))).rowcount == 1


async def _clear(conn: Connection, project_id: str, id: str) -> None:
    await conn.execute(_CLEAR, {"project": project_id, "id": id})
    await delete_vectors(conn, project_id, COLLECTIONS["piece"], [id])


def _pieces(text: str, format: Format) -> list[Section]:
    try:
        return split_sections(text, _PIECE_CHARS, _OVERLAP_CHARS, format)
    except SplitterMissing:
        return _plain_pieces(text.replace(PAGE_BREAK, "\n\n"))


def _plain_pieces(text: str) -> list[Section]:
    """Paragraphs put together: for servers without AI parts, which search by words alone."""
    pieces: list[str] = []
    for paragraph in text.split("\n\n"):
        for start in range(0, len(paragraph), _PIECE_CHARS):
            part = paragraph[start : start + _PIECE_CHARS].strip()
            if pieces and len(pieces[-1]) + len(part) + 2 <= _PIECE_CHARS:
                pieces[-1] = f"{pieces[-1]}\n\n{part}"
            elif part:
                pieces.append(part)
    return [Section(piece) for piece in pieces]


def _metadata_problem(metadata: dict[str, Any]) -> str | None:
    try:
        data = orjson.dumps(metadata)
    except TypeError as error:
        return f"is no JSON: {error}"
    if b"\\u0000" in data:
        return "must not contain NUL"
    if len(data) > _METADATA_MAX_BYTES:
        return f"has more than {_METADATA_MAX_BYTES} bytes"
    return None


KINDS: tuple[Kind, ...] = (
    Kind("amdahl", "document", DocumentSpec, apply_document, read=read_document),
)
