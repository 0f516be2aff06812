"""Queries prepared by the engine, and the columns that a spec wants of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from quintet_server.services.amdahl.pages.model import DeclaredQuery
from quintet_server.services.amdahl.pages.verifier.bindings import Use
from quintet_server.services.amdahl.pages.verifier.queries import SEARCH_COLUMNS, Declared
from quintet_server.services.amdahl.pages.verifier.verdict import Findings, pointer, shown

__all__ = ["Prepare", "Refused", "check_columns", "prepare_queries"]

_AT_ONCE_COUNT = 4
_ALLOWED_MAX_COUNT = 100


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a statement would not be run: a sentence, and the details of the refusal."""

    message: str
    details: Mapping[str, object]


Prepare = Callable[[str, Mapping[str, str]], Awaitable["tuple[str, ...] | Refused"]]
"""(SQL, types of its parameters) → the names of its columns, without running it."""


async def prepare_queries(
    declared: Declared, prepare: Prepare, findings: Findings
) -> dict[str, tuple[str, ...]]:
    """The columns of each query that can be run, by its name; some at a time, each text once."""
    turns = asyncio.Semaphore(_AT_ONCE_COUNT)

    async def ask(query: DeclaredQuery) -> tuple[str, ...] | Refused:
        async with turns:
            return await prepare(query.sql or "", _types(query))

    asked = {_key(query): query for query, _ in declared.sound if query.sql is not None}
    found = dict(zip(asked, await asyncio.gather(*map(ask, asked.values())), strict=True))
    columns = {}
    for query, path in declared.sound:
        own = SEARCH_COLUMNS if query.sql is None else found[_key(query)]
        if isinstance(own, Refused):
            at = pointer(path, "sql")
            findings.add("queries", "invalid_sql", at, own.message, more=own.details)
        else:
            columns[query.name] = own
    return columns


def check_columns(
    uses: Iterable[Use], columns: Mapping[str, tuple[str, ...]], findings: Findings
) -> None:
    """Find places that name a column which their query does not have."""
    for use in uses:
        known = columns.get(use.query)
        if known is None or not set(use.columns).isdisjoint(known):
            continue
        wanted = " or ".join(map(shown, use.columns))
        message = f"the query {shown(use.query)} has no column {wanted}"
        findings.add(*("queries", use.kind, use.path, message), allowed=known[:_ALLOWED_MAX_COUNT])


def _types(query: DeclaredQuery) -> dict[str, str]:
    return {name: param.type for name, param in query.params.items()}


def _key(query: DeclaredQuery) -> tuple[str, ...]:
    told = (f"{name} {type_}" for name, type_ in sorted(_types(query).items()))
    return (query.sql or "", *told)
