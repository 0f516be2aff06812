"""Searching what was said to an agent, and counting it (contract, section 5.4).

A search embeds the question and the newest messages of the agent's threads and compares them, with
the server's embedder: exact, always of the present state, and without an index to keep. How many
messages are looked at is bounded by `recall_messages_max_count`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.services.flowmaestro.agents.records import find_agent
from quintet_server.services.flowmaestro.context import Call, call_of
from quintet_server.services.flowmaestro.errors import invalid_field, unavailable
from quintet_server.services.flowmaestro.wire import ok

__all__ = ["memory_stats", "nearest", "search_memory"]

_TOP_K = 10
_TOP_K_MAX = 50
_THRESHOLD = 0.7
# Long messages are compared by their beginning.
_COMPARED_CHARS = 2_000

_SAID = """
SELECT m.role, m.content, m.turn_id,
    lag(m.content) OVER w AS before, lead(m.content) OVER w AS after
FROM flowmaestro_messages m JOIN flowmaestro_threads t ON t.id = m.thread_id
WHERE t.project_id = %(project)s AND t.agent_id = %(agent)s AND t.status <> 'deleted'
  AND (%(user)s::text IS NULL OR t.metadata->>'user_id' = %(user)s)
WINDOW w AS (PARTITION BY m.thread_id ORDER BY m.position)
ORDER BY m.position DESC LIMIT %(limit)s
"""
_STATS = """
SELECT count(DISTINCT t.id), count(m.id), count(m.id) FILTER (WHERE m.role = 'user'),
    count(m.id) FILTER (WHERE m.role = 'assistant'), count(DISTINCT t.metadata->>'user_id'),
    (SELECT count(*) FROM flowmaestro_memories w
     WHERE w.project_id = %(project)s AND w.agent_id = %(agent)s)
FROM flowmaestro_threads t LEFT JOIN flowmaestro_messages m ON m.thread_id = t.id
WHERE t.project_id = %(project)s AND t.agent_id = %(agent)s AND t.status <> 'deleted'
"""


@dataclass(frozen=True, slots=True)
class Query:
    """What a body asks for."""

    query: str
    top_k: int
    threshold: float
    user_id: str | None


async def search_memory(request: Request) -> Response:
    """`POST /agents/{id}/memory/search`."""
    call = call_of(request, "agents:read")
    wanted = read_query(await call.json_object())
    agent = await find_agent(call.parts.db, call.project_id, call.path_id())
    said = await _said(call, agent.id, wanted.user_id)
    try:
        texts = [content[:_COMPARED_CHARS] for _, content, *_ in said]
        question, *vectors = await call.parts.embedder.embed([wanted.query, *texts])
    except EmbeddingsUnavailable as error:
        raise unavailable(str(error)) from error
    results = [
        _result(said[place], similarity)
        for place, similarity in nearest(question, vectors, wanted.top_k, wanted.threshold)
    ]
    shown = {
        "agent_id": agent.id,
        "query": wanted.query,
        "results": results,
        "result_count": len(results),
    }
    return ok(request, shown)


async def memory_stats(request: Request) -> Response:
    """`GET /agents/{id}/memory/stats`: what there is to remember (the fields are our decision)."""
    call = call_of(request, "agents:read")
    agent = await find_agent(call.parts.db, call.project_id, call.path_id())
    values = {"project": call.project_id, "agent": agent.id}
    async with call.parts.db.connection() as conn:
        row = await (await conn.execute(_STATS, values)).fetchone()
    assert row is not None  # an aggregate has one row
    names = (
        "thread_count",
        "message_count",
        "user_message_count",
        "assistant_message_count",
        "user_count",
        "working_memory_count",
    )
    return ok(request, {"agent_id": agent.id, **dict(zip(names, row, strict=True))})


def read_query(body: dict[str, Any]) -> Query:
    """Check a body. Raises 400 naming the field."""
    query, user_id = body.get("query"), body.get("user_id")
    if not isinstance(query, str) or not query.strip():
        raise invalid_field("query", "query must be a non-empty string")
    if user_id is not None and not isinstance(user_id, str):
        raise invalid_field("user_id", "user_id must be a string")
    top_k = body.get("top_k")
    top_k = _TOP_K if top_k is None else top_k
    if isinstance(top_k, bool) or not isinstance(top_k, int) or not 1 <= top_k <= _TOP_K_MAX:
        raise invalid_field("top_k", f"top_k must be an integer from 1 to {_TOP_K_MAX}")
    threshold = body.get("similarity_threshold")
    threshold = _THRESHOLD if threshold is None else threshold
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
        raise invalid_field("similarity_threshold", "similarity_threshold must be a number")
    if not 0 <= threshold <= 1:
        raise invalid_field("similarity_threshold", "similarity_threshold must be from 0 to 1")
    return Query(query, top_k, float(threshold), user_id)


def nearest(
    question: Sequence[float], vectors: Sequence[Sequence[float]], top_k: int, threshold: float
) -> list[tuple[int, float]]:
    """Places and similarities of the vectors nearest to a question, nearest first."""
    scored = [(place, _cosine(question, vector)) for place, vector in enumerate(vectors)]
    good = [one for one in scored if one[1] >= threshold]
    return sorted(good, key=lambda one: -one[1])[:top_k]


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    length = math.sqrt(_product(a, a) * _product(b, b))
    similarity = _product(a, b) / length if length else 0.0
    return max(0.0, min(1.0, similarity))


def _product(a: Sequence[float], b: Sequence[float]) -> float:
    return float(sum(map(operator.mul, a, b)))


async def _said(call: Call, agent_id: str, user_id: str | None) -> list[tuple[Any, ...]]:
    values = {
        "project": call.project_id,
        "agent": agent_id,
        "user": user_id,
        "limit": call.parts.settings.recall_messages_max_count,
    }
    async with call.parts.db.connection() as conn:
        return await (await conn.execute(_SAID, values)).fetchall()


def _result(said: tuple[Any, ...], similarity: float) -> dict[str, Any]:
    role, content, turn_id, before, after = said
    return {
        "content": content,
        "role": role,
        "similarity": similarity,
        "execution_id": turn_id,
        "context_before": before,
        "context_after": after,
    }
