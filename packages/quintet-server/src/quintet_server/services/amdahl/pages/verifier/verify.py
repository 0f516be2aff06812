"""The verifier as a whole: all stages run, whatever the ones before have found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.pages.model import DeclaredQuery
from quintet_server.services.amdahl.pages.verifier.bindings import Bindings
from quintet_server.services.amdahl.pages.verifier.canonical import canonical
from quintet_server.services.amdahl.pages.verifier.columns import (
    Prepare,
    check_columns,
    prepare_queries,
)
from quintet_server.services.amdahl.pages.verifier.nodes import check_spec
from quintet_server.services.amdahl.pages.verifier.plain import fault_of
from quintet_server.services.amdahl.pages.verifier.queries import check_queries
from quintet_server.services.amdahl.pages.verifier.verdict import Findings, Stage, pointer

__all__ = ["Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found; spec and queries in their canonical form, to be kept if it is valid."""

    findings: Findings
    spec: dict[str, Any]
    queries: tuple[DeclaredQuery, ...]


async def verify(
    spec: Any, declared_queries: Any, prepare: Prepare, *, may_custom: bool
) -> Verified:
    """Verify any two JSON values as the spec and the queries of a page.

    Raises only what `prepare` raises: that the engine is not there now says nothing of the page.
    """
    findings = Findings()
    queries = declared_queries if _is_plain(declared_queries, "queries", findings) else []
    declared = check_queries(queries, findings)
    bindings = Bindings(declared.names, findings)
    if _is_plain(spec, "spec", findings):
        spec = canonical(spec)
        check_spec(spec, bindings, may_custom=may_custom)
    columns = await prepare_queries(declared, prepare, findings)
    check_columns(bindings.uses, columns, findings)
    for query, _ in declared.sound:
        if query.name not in bindings.used:
            findings.warn("unused_query", query=query.name)
    return Verified(
        findings,
        spec if isinstance(spec, dict) else {},
        tuple(query for query, _ in declared.sound),
    )


def _is_plain(value: Any, stage: Stage, findings: Findings) -> bool:
    """Whether a value keeps the bounds of JSON here; notes it if not."""
    fault = fault_of(value)
    if fault is None:
        return True
    steps, told = fault
    base = "/declared_queries" if stage == "queries" else ""
    findings.add(stage, "bad_shape", pointer(base, *steps), told)
    return False
