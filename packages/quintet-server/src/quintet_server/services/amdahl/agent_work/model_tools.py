"""The tools of a model that plans its research itself, and what it is told of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from quintet_server.engines.chat.model import ToolCall, ToolSpec
from quintet_server.services.amdahl.agent_work.answers.answered import sql_citation
from quintet_server.services.amdahl.agent_work.answers.figures import figures_in, number, whole
from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings
from quintet_server.services.amdahl.agent_work.asking.statements import Statement
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agents.model import ToolFailed
from quintet_server.services.amdahl.data.tables import TABLES

__all__ = ["REPORT", "TOOLS", "Evidence", "instructions", "use"]

REPORT = "report"
_RESULT_MAX_CHARS = 6_000
_VALUES_TOLD_COUNT = 12


def _spec(name: str, description: str, **properties: Mapping[str, Any]) -> ToolSpec:
    parameters = {"type": "object", "properties": properties, "required": [*properties]}
    return ToolSpec(name, description, parameters)


_TEXT = {"type": "string"}
TOOLS: tuple[ToolSpec, ...] = (
    _spec(
        "query_data",
        "Run one SELECT over the tables. Returns rows.",
        sql=_TEXT,
        purpose={"type": "string", "description": "What it finds out, in a few words."},
    ),
    _spec(
        "search_interactions", "Find what people said or wrote, by words and meaning.", query=_TEXT
    ),
    _spec("search_documents", "Find passages of the knowledge base.", query=_TEXT),
    _spec(
        REPORT,
        "Finish: answer sub-questions, each from the evidence that tool results are marked with.",
        sub_questions={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "question": _TEXT,
                    "answer": _TEXT,
                    "evidence": {"type": "array", "items": _TEXT},
                },
                "required": ["question", "answer", "evidence"],
            },
        },
        gaps={"type": "array", "items": _TEXT},
    ),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one use of a tool found.

    Attributes:
        rows: of a query, or hits of a search.
        citation: how a report names it; of a search, one for each hit.
    """

    id: str
    rows: Sequence[Mapping[str, Any]]
    citations: Sequence[Mapping[str, Any]]
    is_query: bool

    @property
    def support(self) -> int:
        """What it rests on: what its rows count, or how many there are."""
        counted = [
            sum(whole(row[name]) for row in self.rows)
            for name in (self.rows[0] if self.rows and self.is_query else ())
            if all(isinstance(row[name], int) and row[name] >= 0 for row in self.rows)
        ]
        return max([len(self.rows), *counted[:1]])

    def figures(self) -> frozenset[str]:
        """Every figure that may be told of it: cells, rounded ones, and shares of a column."""
        known = {str(len(self.rows))}
        for row in self.rows:
            for name, cell in row.items():
                known |= figures_in(str(cell))
                if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    known |= _roundings(float(cell))
                    total = sum(number(other.get(name)) for other in self.rows)
                    known |= _roundings(total)
                    known |= _roundings(100 * float(cell) / total) if total else set()
        return frozenset(known)


def _roundings(value: float) -> frozenset[str]:
    return figures_in(" ".join(f"{value:.{places}f}" for places in range(3)))


def instructions(held: Holdings, covers: Sequence[str], depth: str) -> str:
    """What a model is told before it plans: the tables, the values, the rules."""
    tables = "\n".join(
        f"{table.name}({', '.join(f'{c.name} {c.type}' for c in table.columns)})"
        for table in TABLES.values()
    )
    values = "\n".join(
        f"{field}: {', '.join(held.of(field)[:_VALUES_TOLD_COUNT])}"
        for field in (held.values or {})
        if held.of(field)
    )
    must = f"\nThese must be covered: {'; '.join(covers)}." if covers else ""
    return (
        "You research a question with tools over one workspace's data. Break it into "
        "sub-questions, look each of them up, and finish with the tool `report`. State only what "
        "results show, with their figures as they are; what the data do not hold is a gap.\n"
        f"{held.in_words()} Today is {held.now:%Y-%m-%d}. The depth is {depth}.{must}\n\n"
        f"Tables:\n{tables}\n\nValues:\n{values}"
    )


async def use(
    bench: Bench, key: str, call: ToolCall, evidence_id: str
) -> tuple[Evidence | None, str]:
    """Use a tool; returns what it found and what the model is told, be it a refusal."""
    try:
        evidence = await _used(bench, key, call, evidence_id)
    except ToolFailed as failure:
        return None, orjson.dumps({"error": failure.message}).decode()
    told = orjson.dumps({"evidence": evidence_id, "rows": evidence.rows}).decode()
    if len(told) > _RESULT_MAX_CHARS:
        told = f"{told[:_RESULT_MAX_CHARS]} … (cut)"
    return evidence, told


async def _used(bench: Bench, key: str, call: ToolCall, evidence_id: str) -> Evidence:
    arguments = call.arguments
    if call.name == "query_data":
        sql = _text_of(arguments, "sql")
        label = str(arguments.get("purpose") or "Query the data")[:200]
        found = await bench.query(key, label, Statement(sql))
        rows = found["rows"]
        return Evidence(evidence_id, rows, (sql_citation(sql, {}, len(rows)),), True)
    if call.name == "search_interactions":
        hits = await bench.interactions(key, _text_of(arguments, "query"))
        cited = [{"type": "interaction", "id": hit["id"], "quote": hit["snippet"]} for hit in hits]
        return Evidence(evidence_id, hits, cited, False)
    if call.name == "search_documents":
        hits = await bench.documents(key, _text_of(arguments, "query"))
        cited = [
            {"type": "document", "id": hit["id"], "title": hit["title"], "quote": hit["snippet"]}
            for hit in hits
        ]
        return Evidence(evidence_id, hits, cited, False)
    raise ToolFailed(f"There is no tool {call.name!r:.80}.")


def _text_of(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ToolFailed(f"The argument {name} is missing.")
    return value
