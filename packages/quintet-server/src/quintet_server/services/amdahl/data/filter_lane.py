"""`POST /search/query`: which way a question goes, and what is answered.

- `filter`: the filters alone.
- `fuzzy`: each word of the query must be in one of the row's texts. A word that no text has is
  taken for a misspelt name, and the names like it are looked for.
- `semantic`: interactions whose content means something near the query, the nearest first.
- `auto`: without a query `filter`; with one `fuzzy`, and if that finds nothing, `semantic`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from quintet_server.engines.sql import QueryResult
from quintet_server.services.amdahl.data.filters import BadFilter, Compiled, Question, compiled
from quintet_server.services.amdahl.data.searching import SemanticUnavailable, find_interactions
from quintet_server.services.amdahl.data.snippets import words_of

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl

__all__ = ["LANES", "Answer", "Lane", "ask"]

Lane = Literal["auto", "fuzzy", "filter", "semantic"]
LANES: tuple[Lane, ...] = ("auto", "fuzzy", "filter", "semantic")

_WORDS_MAX_COUNT = 10
_NEAR_COUNT = 200
_NAMES_MAX_COUNT = 5_000
_NAME_MIN_CHARS = 4
_NAME_COLUMNS = ("company_name", "contact_name", "speaker_name", "deal_name", "owner", "stage")
_LIKENESS = 0.75


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, the way they were found, and the statement that found them."""

    rows: list[dict[str, Any]]
    mode_ran: Lane
    compiled: Compiled
    truncated: bool
    total_ms: float


async def ask(
    parts: Amdahl, project_id: str, question: Question, query: str | None, lane: Lane
) -> Answer:
    """Answer a question.

    Raises:
        BadFilter: It cannot be asked like this.
        SemanticUnavailable: `semantic` was asked for, and there are no embeddings.
        SqlError: The statement was refused or stopped.
    """
    began = time.monotonic()
    query = (query or "").replace("\x00", " ").strip()
    compiled(question)  # what is wrong with the rest is said before anything is searched
    asking = _Asking(parts, project_id, question, query)
    if lane in ("fuzzy", "semantic") and not query:
        raise BadFilter(f"the mode {lane} needs a query", "query")
    if lane == "filter" and query:
        raise BadFilter("the mode filter takes filters alone, no query", "query")
    if lane == "filter" or not query:
        answer = await asking.filter()
    elif lane == "semantic":
        answer = await asking.semantic()
    else:
        answer = await asking.fuzzy()
        if lane == "auto" and _found_nothing(answer) and question.table.name == "interactions":
            answer = await asking.semantic_if_possible() or answer
    return replace(answer, total_ms=round((time.monotonic() - began) * 1000, 3))


def _found_nothing(answer: Answer) -> bool:
    return all(not any(row.values()) for row in answer.rows)


@dataclass(frozen=True, slots=True)
class _Asking:
    parts: Amdahl
    project_id: str
    question: Question
    query: str

    async def filter(self) -> Answer:
        return await self._run(self.question, "filter")

    async def fuzzy(self) -> Answer:
        words = words_of(self.query)[:_WORDS_MAX_COUNT] or [self.query[:100].lower()]
        forms = [[word] for word in words]
        answer = await self._run(replace(self.question, words=forms), "fuzzy")
        if not _found_nothing(answer):
            return answer
        corrected = [[word, *await self._names_like(word)] for word in words]
        if corrected == forms:
            return answer
        return await self._run(replace(self.question, words=corrected), "fuzzy")

    async def semantic(self) -> Answer:
        if self.question.table.name != "interactions":
            message = "semantic search is of interactions: the other surfaces have no texts"
            raise BadFilter(message, "surface", ["interactions"])
        found = await find_interactions(
            self.parts, self.project_id, self.query, "semantic", _NEAR_COUNT
        )
        scores = {hit.id: hit.score for hit in found.hits}
        question = replace(self.question, ids=list(scores))
        if question.metrics or question.order_by:
            return await self._run(question, "semantic")
        answer = await self._run(replace(question, limit=_NEAR_COUNT), "semantic")
        rows = [{**row, "score": scores[row["id"]]} for row in answer.rows]
        rows.sort(key=lambda row: (-row["score"], row["id"]))
        most = self.question.limit
        return replace(answer, rows=rows[:most], truncated=len(rows) > most)

    async def semantic_if_possible(self) -> Answer | None:
        try:
            return await self.semantic()
        except SemanticUnavailable:
            return None

    async def _run(self, question: Question, lane: Lane) -> Answer:
        statement = compiled(question)
        # One more row than is wanted tells whether there are more.
        probing = compiled(replace(question, limit=question.limit + 1))
        result = await self._query(probing.sql, probing.params, question.limit + 1)
        rows = result.rows[: question.limit]
        return Answer(rows, lane, statement, len(result.rows) > question.limit, 0.0)

    async def _names_like(self, word: str) -> list[str]:
        """Words out of names in the table that look like a word."""
        if len(word) < _NAME_MIN_CHARS:
            return []
        known: set[str] = set()
        for column in self.question.table.columns:
            if column.name in _NAME_COLUMNS:
                known.update(await self._names(column.name))
        return get_close_matches(word, sorted(known), n=3, cutoff=_LIKENESS)

    async def _names(self, column: str) -> Sequence[str]:
        sql = (
            f"SELECT DISTINCT `{column}` FROM `{self.question.table.name}` LIMIT {_NAMES_MAX_COUNT}"
        )
        result = await self._query(sql, {}, _NAMES_MAX_COUNT)
        return [word for row in result.rows for word in words_of(row[column] or "")]

    async def _query(self, sql: str, params: Any, limit: int) -> QueryResult:
        return await self.parts.sql.query(self.project_id, sql, params, limit=limit)
