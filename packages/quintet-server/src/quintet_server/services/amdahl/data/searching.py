"""Searching texts: knowledge documents, and what was said in interactions.

By words (PostgreSQL's full text search, English word forms), by meaning (vectors), or by both with
their rankings fused. What is written is found by its words at once, by its meaning as soon as the
background has made its vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.engines.vectors.model import ModelMismatch, VectorsUnavailable
from quintet_server.services.amdahl.data.embedding import COLLECTIONS, embedder_of
from quintet_server.services.amdahl.data.fusion import fused
from quintet_server.services.amdahl.data.snippets import snippet_of
from quintet_server.services.amdahl.wire import instant

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl

__all__ = [
    "MODES",
    "Found",
    "Hit",
    "Mode",
    "SemanticUnavailable",
    "find_documents",
    "find_interactions",
    "search_documents",
    "search_interactions",
]

Mode = Literal["hybrid", "semantic", "keyword"]
MODES: tuple[Mode, ...] = ("hybrid", "semantic", "keyword")

_QUERY_MAX_CHARS = 2_000
# How many hits of each kind are fused; of a document several pieces may be hits.
_CANDIDATE_COUNT = 3
_CANDIDATE_LEAST = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A document or an interaction that was found.

    Attributes:
        id: Of the document or the interaction.
        title: Of the document; for an interaction who, where and when.
        snippet: The part that matches, as plain text.
        score: From 0 to 1. By meaning it is the cosine similarity, by words a rank, of both
            together the fused one: comparable within one answer only.
        source: The file of a document, the channel of an interaction.
        details: Columns of an interaction that a citation needs; the piece of a document.
    """

    id: str
    title: str
    snippet: str
    score: float
    source: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, how they were found, and what stood in the way of the mode asked for."""

    hits: list[Hit]
    mode_ran: Mode
    notice: str | None = None


class SemanticUnavailable(Exception):
    """Nothing can be found by meaning now: no embeddings, no pgvector; the text says what to do."""


@dataclass(frozen=True, slots=True)
class _Corpus:
    kind: str
    words: str
    rows: str


# All of the words first; if those are not enough hits, any of them. Of very many hits some thousand
# are ranked. A minus or a quotation mark makes it a query in the notation of search engines.
_WORDS = """
WITH q AS (
    SELECT websearch_to_tsquery('english', %(query)s) AS strict,
        CASE WHEN %(query)s ~ '["-]' THEN websearch_to_tsquery('english', %(query)s)
        ELSE replace(plainto_tsquery('english', %(query)s)::text, '&', '|')::tsquery END AS loose
), all_words AS MATERIALIZED (
    SELECT id, {vector} AS words FROM {table}, q
    WHERE project_id = %(project)s AND {vector} @@ q.strict LIMIT %(ranked)s
), any_words AS MATERIALIZED (
    SELECT id, {vector} AS words FROM {table}, q
    WHERE (SELECT count(*) FROM all_words) < %(limit)s
      AND project_id = %(project)s AND {vector} @@ q.loose LIMIT %(ranked)s
), hits AS (
    SELECT id, words, true AS is_strict FROM all_words
    UNION ALL
    SELECT id, words, false FROM any_words a WHERE NOT a.words @@ (SELECT strict FROM q)
)
SELECT id, ts_rank_cd(words, q.loose, 32) AS score FROM hits, q
ORDER BY is_strict DESC, score DESC, id LIMIT %(limit)s
"""
_RANKED_COUNT = 5_000


def _words_of(table: str, vector: str) -> str:
    return _WORDS.replace("{table}", table).replace("{vector}", vector)


_DOCUMENTS = _Corpus(
    "piece",
    _words_of("amdahl_document_pieces", "to_tsvector('english', heading || ' ' || content)"),
    """
SELECT p.id, p.document_id, d.title, p.content, d.source, p.heading, p.position
FROM amdahl_document_pieces p
JOIN amdahl_documents d ON (d.project_id, d.id) = (p.project_id, p.document_id)
WHERE p.project_id = %s AND p.id = ANY (%s)
""",
)
_INTERACTIONS = _Corpus(
    "interaction",
    _words_of("amdahl_interactions", "to_tsvector('english', content)"),
    """
SELECT id, content, channel, "timestamp", company_id, company_name, contact_name, speaker_name,
    speaker_type, sentiment, deal_id, deal_name
FROM amdahl_interactions WHERE project_id = %s AND id = ANY (%s) AND content IS NOT NULL
""",
)


async def search_documents(
    parts: Amdahl, project_id: str, query: str, mode: Mode = "hybrid", limit: int = 10
) -> list[Hit]:
    """The hits of :func:`find_documents` alone."""
    return (await find_documents(parts, project_id, query, mode, limit)).hits


async def search_interactions(
    parts: Amdahl, project_id: str, query: str, mode: Mode = "hybrid", limit: int = 20
) -> list[Hit]:
    """The hits of :func:`find_interactions` alone."""
    return (await find_interactions(parts, project_id, query, mode, limit)).hits


async def find_documents(
    parts: Amdahl, project_id: str, query: str, mode: Mode = "hybrid", limit: int = 10
) -> Found:
    """Find knowledge documents; each comes once, with its best piece.

    Raises:
        SemanticUnavailable: only for the mode `semantic`; `hybrid` goes on by words and says so.
    """
    wanted = max(_CANDIDATE_COUNT * limit, _CANDIDATE_LEAST)
    scores, ran, notice = await _scores(parts, project_id, _DOCUMENTS, query, mode, wanted)
    rows = await _rows(parts, project_id, _DOCUMENTS, scores)
    hits: dict[str, Hit] = {}
    for id, score in scores.items():
        if (row := rows.get(id)) is None or row[1] in hits or len(hits) == limit:
            continue
        _, document_id, title, content, source, heading, position = row
        details = {"heading": heading, "position": position}
        hits[document_id] = Hit(
            document_id, title, snippet_of(content, query), score, source, details
        )
    return Found(list(hits.values()), ran, notice)


async def find_interactions(
    parts: Amdahl, project_id: str, query: str, mode: Mode = "hybrid", limit: int = 20
) -> Found:
    """Find interactions by their content.

    Raises:
        SemanticUnavailable: see :func:`find_documents`.
    """
    wanted = max(limit, _CANDIDATE_LEAST)
    scores, ran, notice = await _scores(parts, project_id, _INTERACTIONS, query, mode, wanted)
    rows = await _rows(parts, project_id, _INTERACTIONS, scores)
    hits = [_interaction(rows[id], query, score) for id, score in scores.items() if id in rows]
    return Found(hits[:limit], ran, notice)


_DETAILS = (
    *("channel", "occurred_at", "company_id", "company_name", "contact_name", "speaker_name"),
    *("speaker_type", "sentiment", "deal_id", "deal_name"),
)


def _interaction(row: Sequence[Any], query: str, score: float) -> Hit:
    id, content, *rest = row
    details = dict(zip(_DETAILS, rest, strict=True))
    when = details["occurred_at"]
    details["occurred_at"] = instant(when)
    who = (details["company_name"], details["speaker_name"] or details["contact_name"])
    title = ", ".join(
        [*filter(None, who), *filter(None, (details["channel"],)), f"{when:%Y-%m-%d}"]
    )
    return Hit(id, title, snippet_of(content, query), score, details["channel"], details)


async def _scores(
    parts: Amdahl, project_id: str, corpus: _Corpus, query: str, mode: Mode, wanted: int
) -> tuple[dict[str, float], Mode, str | None]:
    """What was found, best first; the mode that ran; why it is another than was asked for."""
    query = query.replace("\x00", " ").strip()[:_QUERY_MAX_CHARS]
    if mode == "keyword" or not query:
        return await _by_words(parts, project_id, corpus, query, wanted), "keyword", None
    try:
        near = await _by_meaning(parts, project_id, corpus, query, wanted)
    except SemanticUnavailable as error:
        if mode == "semantic":
            raise
        found = await _by_words(parts, project_id, corpus, query, wanted)
        return found, "keyword", f"searched by words alone: {error}"
    if mode == "semantic":
        return near, mode, None
    worded = await _by_words(parts, project_id, corpus, query, wanted)
    return fused([list(worded), list(near)]), mode, None


async def _by_words(
    parts: Amdahl, project_id: str, corpus: _Corpus, query: str, wanted: int
) -> dict[str, float]:
    values = {"query": query, "project": project_id, "limit": wanted, "ranked": _RANKED_COUNT}
    async with parts.db.connection() as conn:
        return dict(await (await conn.execute(corpus.words.encode(), values)).fetchall())


async def _by_meaning(
    parts: Amdahl, project_id: str, corpus: _Corpus, query: str, wanted: int
) -> dict[str, float]:
    try:
        await parts.vectors.prepare()
        async with parts.db.connection() as conn:
            embedder = await embedder_of(parts, conn, project_id, corpus.kind)
        [embedding] = await embedder.embed([query])
        found = await parts.vectors.search(
            project_id, COLLECTIONS[corpus.kind], embedding, model=embedder.model, top_k=wanted
        )
    except (EmbeddingsUnavailable, VectorsUnavailable, ModelMismatch) as error:
        raise SemanticUnavailable(str(error)) from error
    return {hit.id: hit.score for hit in found}


async def _rows(
    parts: Amdahl, project_id: str, corpus: _Corpus, scores: Mapping[str, float]
) -> dict[str, tuple[Any, ...]]:
    if not scores:
        return {}
    async with parts.db.connection() as conn:
        found = await conn.execute(corpus.rows.encode(), (project_id, list(scores)))
        return {row[0]: row for row in await found.fetchall()}
