"""Rows into answers: which reading belongs to which question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quintet_server.services.amdahl.agent_work.answers import deals, interactions
from quintet_server.services.amdahl.agent_work.answers.answered import (
    Answered,
    confidence_of,
    missing,
    sql_citation,
)
from quintet_server.services.amdahl.agent_work.answers.figures import count
from quintet_server.services.amdahl.agent_work.asking.questions import Question, listed

__all__ = ["answer_of", "document_answer", "near_answer"]

Row = Mapping[str, Any]
_DOCUMENTS_TOLD_COUNT = 3
_SNIPPET_MAX_CHARS = 200


def answer_of(question: Question, found: Mapping[str, Any], now: datetime) -> Answered:
    """The answer that the rows of a question's statement give."""
    rows: Sequence[Row] = found["rows"]
    citation = sql_citation(found["sql"], found["params"], len(rows))
    if question.subject in ("deals", "qualification"):
        return _deals(question, rows, citation, now)
    if question.shape == "quotes":
        return interactions.quotes(question, rows, citation)
    if question.shape == "by":
        return interactions.by_column(question, rows, citation)
    if question.shape == "over":
        return interactions.over_time(question, rows, citation, now)
    return interactions.total(question, rows, citation)


def _deals(question: Question, rows: Sequence[Row], citation: Row, now: datetime) -> Answered:
    if question.subject == "qualification":
        if question.shape == "by" and question.column == "outcome_band":
            return deals.bands(question, rows, citation)
        return deals.score_list(question, rows, citation)
    if question.shape == "over":
        return deals.deals_over_time(question, rows, citation, now)
    if question.shape == "list":
        return deals.deal_list(question, rows, citation)
    if question.shape == "amounts":
        return deals.amounts_by_column(question, rows, citation)
    if question.shape == "by":
        return deals.deals_by_column(question, rows, citation)
    return deals.deals_total(question, rows, citation)


def document_answer(question: Question, hits: Sequence[Row]) -> Answered:
    """What the knowledge base says, in its own words."""
    if not hits:
        gap = f"The knowledge base holds nothing on {' '.join(question.ask.terms) or 'this'}."
        return missing(question.text, gap, None, "voices")
    told = [f"{hit['title']} says: “{_snippet(hit)}”." for hit in hits[:_DOCUMENTS_TOLD_COUNT]]
    headline = f"The knowledge base has {count(len(hits), 'passage')} on this."
    citations = [
        {"type": "document", "id": hit["id"], "title": hit["title"], "quote": _snippet(hit)}
        for hit in hits[:_DOCUMENTS_TOLD_COUNT]
    ]
    return Answered(
        question.text,
        f"{headline} {' '.join(told)}",
        confidence_of(len(hits)),
        len(hits),
        citations,
        headline=told[0],
        subject="voices",
    )


def near_answer(question: Question, hits: Sequence[Row]) -> Answered:
    """What was said that is near in meaning: a hint, never a count."""
    words = listed(question.ask.terms)
    if not hits:
        gap = f"Nothing that was said comes near to {words}."
        return missing(question.text, gap, None, "voices")
    told = [f"{hit['title']}: “{_snippet(hit)}”." for hit in hits[:_DOCUMENTS_TOLD_COUNT]]
    headline = f"Nobody says {words} in so many words; nearest in meaning is {told[0]}"
    citations = [
        {"type": "interaction", "id": hit["id"], "quote": _snippet(hit), "who": hit["title"]}
        for hit in hits
    ]
    return Answered(
        question.text,
        " ".join([headline, *told[1:]]),
        "low",
        len(hits),
        citations,
        headline=headline,
        subject="voices",
    )


def _snippet(hit: Row) -> str:
    text = " ".join(str(hit["snippet"]).split())
    if len(text) <= _SNIPPET_MAX_CHARS:
        return text.rstrip(".")
    return f"{text[:_SNIPPET_MAX_CHARS].rsplit(' ', 1)[0]} …"
