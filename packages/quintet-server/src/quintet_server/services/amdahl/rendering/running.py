"""The declared queries of a page, run side by side for one tenant.

A page may declare fifty queries, and many viewers may open it at once. So only a few of one page
run at a time, and all of them share one deadline: what has not begun by then is not begun.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from quintet_server.engines.sql.model import SqlError
from quintet_server.http.errors import ApiError, translate
from quintet_server.services.amdahl.errors import (
    AmdahlErrors,
    invalid_argument,
    query_timeout,
)
from quintet_server.services.amdahl.query.refusals import refusal_of
from quintet_server.services.amdahl.rendering.outcome import Outcome
from quintet_server.services.amdahl.rendering.params import Values, check_names, values_of

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl
    from quintet_server.services.amdahl.pages.model import DeclaredQuery

ROWS_MAX_COUNT = 1000
"""Rows of one query on a page: contract, "row cap 1000 per query"."""
AT_ONCE_COUNT = 4
"""Queries of one page that run at a time, so that a page cannot take every connection."""
DEADLINE_SECONDS = 25.0
"""For all queries of a page together; below the 30 s after which clients give up."""

HITS_MAX_COUNT = 50
"""Of one search: further ones have little to do with what was looked for."""

_CORPUS = "interactions"
_SEARCH_COLUMNS = ("id", "title", "snippet", "score", "source")
_PARAMETER = re.compile(r"@([A-Za-z_][A-Za-z0-9_]*)")
_log = structlog.get_logger(__name__)


async def run_queries(
    parts: Amdahl,
    project_id: str,
    queries: Sequence[DeclaredQuery],
    params: Values,
    *,
    now: Callable[[], float] = time.monotonic,
) -> dict[str, Outcome]:
    """What each query gives, by name, at most 1000 rows each.

    Raises 400 when `params` holds a name that no query declares, a value of another type than
    declared, or lacks one that is required: before anything runs. A query that fails afterwards
    sets its own `error` and leaves the others alone. Nothing is tried twice.
    """
    check_names(queries, params)
    values = [values_of(query, params) for query in queries]
    turns = asyncio.Semaphore(AT_ONCE_COUNT)
    deadline = now() + DEADLINE_SECONDS

    async def run(query: DeclaredQuery, bound: Values) -> Outcome:
        async with turns:
            return await _outcome(parts, project_id, query, bound, deadline - now())

    outcomes = await asyncio.gather(*map(run, queries, values))
    return {query.name: outcome for query, outcome in zip(queries, outcomes, strict=True)}


async def _outcome(
    parts: Amdahl, project_id: str, query: DeclaredQuery, values: Values, seconds: float
) -> Outcome:
    run = _SOURCES[query.source]
    try:
        if seconds <= 0:
            raise query_timeout("The other queries of the page have used up its time.")
        async with asyncio.timeout(seconds + 1):  # the engine stops at `seconds` by itself
            return await run(parts, project_id, query, values, seconds)
    except TimeoutError:
        error = query_timeout(f"The query was stopped after {DEADLINE_SECONDS:g} s.")
    except Exception as failure:
        error = _refusal(query, failure)
    shown = {"code": error.code, "message": error.message}
    return Outcome(error=shown | ({"details": error.details} if error.details else {}))


def _refusal(query: DeclaredQuery, failure: Exception) -> ApiError:
    """What a caller may know of a failure; what nobody expected is told to the log only."""
    if isinstance(failure, SqlError):
        return refusal_of(failure)
    error = translate(failure, AmdahlErrors())
    if error.status == 500:
        _log.error("page_query_failed", query=query.name, source=query.source, exc_info=failure)
    return error


async def _sql(
    parts: Amdahl, project_id: str, query: DeclaredQuery, values: Values, seconds: float
) -> Outcome:
    found = await parts.sql.query(
        project_id,
        query.sql or "",
        values,
        param_types={name: param.type for name, param in query.params.items()},
        limit=ROWS_MAX_COUNT,
        deadline_seconds=seconds,
    )
    names = tuple(column.name for column in found.columns)
    return Outcome(names, found.rows, found.truncated)


async def _cluster_search(
    parts: Amdahl, project_id: str, query: DeclaredQuery, values: Values, seconds: float
) -> Outcome:
    from quintet_server.services.amdahl.data.searching import search_interactions

    target = query.target or _CORPUS
    if target != _CORPUS:
        message = f"The corpus {target[:64]!r} does not exist."
        raise invalid_argument(message, "target", allowed=[_CORPUS])
    return _hits(
        await search_interactions(parts, project_id, _text(query, values), limit=HITS_MAX_COUNT)
    )


async def _kb_search(
    parts: Amdahl, project_id: str, query: DeclaredQuery, values: Values, seconds: float
) -> Outcome:
    from quintet_server.services.amdahl.data.searching import search_documents

    return _hits(
        await search_documents(parts, project_id, _text(query, values), limit=HITS_MAX_COUNT)
    )


def _text(query: DeclaredQuery, values: Values) -> str:
    """The text to look for, with `@name` replaced where a parameter has that name."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            return found[0]
        return "" if values[name] is None else str(values[name])

    return _PARAMETER.sub(value, query.query or "")


def _hits(hits: Sequence[Any]) -> Outcome:
    rows = [{name: getattr(hit, name) for name in _SEARCH_COLUMNS} for hit in hits]
    return Outcome(_SEARCH_COLUMNS, rows)


_SOURCES: Mapping[str, Callable[..., Awaitable[Outcome]]] = {
    "sql": _sql,
    "cluster_search": _cluster_search,
    "kb_search": _kb_search,
}
