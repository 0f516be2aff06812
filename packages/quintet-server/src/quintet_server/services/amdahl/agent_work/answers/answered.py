"""An answered question: the sentence, how sure it is, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Answered", "Confidence", "confidence_of", "missing", "sql_citation"]

Confidence = Literal["high", "medium", "low"]
_HIGH_COUNT = 30
_MEDIUM_COUNT = 8


@dataclass(frozen=True, slots=True)
class Answered:
    """One question, answered from rows.

    Attributes:
        answer: whole sentences, computed.
        support: how many interactions, deals or quotes the answer rests on.
        citations: `{"type": "sql" | "interaction" | "document", …}`.
        headline: the one sentence of the answer to repeat elsewhere; empty if there is none.
        gap: what the data do not hold, if that is the answer.
        table: columns and rows as they were found.
        chart: how the table is drawn, in the words of pages' components.
        figure: the one number the answer is about.
        heading: the answer's subject as a heading.
    """

    question: str
    answer: str
    confidence: Confidence
    support: int = 0
    citations: Sequence[Mapping[str, Any]] = ()
    headline: str = ""
    gap: str | None = None
    table: Mapping[str, Any] | None = None
    chart: Mapping[str, Any] | None = None
    figure: Mapping[str, Any] | None = None
    subject: str = ""
    heading: str = ""
    quotes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def as_sub_question(self) -> dict[str, Any]:
        """As a research report shows it."""
        return {
            "question": self.question,
            "answer": self.answer,
            "confidence": self.confidence,
            "citations": [dict(citation) for citation in self.citations],
        }

    def as_json(self) -> dict[str, Any]:
        """Everything, for a result's data."""
        return asdict(self)


def confidence_of(support: int) -> Confidence:
    """By how much an answer rests on: 30 rows and more are high, 8 and more medium."""
    if support >= _HIGH_COUNT:
        return "high"
    return "medium" if support >= _MEDIUM_COUNT else "low"


def sql_citation(sql: str, params: Mapping[str, Any], row_count: int) -> dict[str, Any]:
    """The statement that an answer was computed from."""
    text = " ".join(sql.split())
    citation: dict[str, Any] = {"type": "sql", "sql": text, "row_count": row_count}
    if params:
        citation["params"] = dict(params)
    return citation


def missing(question: str, gap: str, citation: Mapping[str, Any] | None, subject: str) -> Answered:
    """A question that the data do not answer."""
    citations = () if citation is None else (citation,)
    return Answered(question, gap, "low", 0, citations, gap=gap, subject=subject)
