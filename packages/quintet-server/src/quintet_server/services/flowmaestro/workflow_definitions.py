"""`kind: workflow` of definition files: the spec is the definition, in either of its two forms.

Everything that is wrong with it is shown with its place before anything is written. A definition
that says the same as the stored one changes nothing; another one becomes the next version, and
executions under way keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.services.flowmaestro import workflow_store
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY
from quintet_server.services.flowmaestro.references import WORKFLOW, id_of_name
from quintet_server.services.flowmaestro.workflow.definition import InvalidDefinition, Problem
from quintet_server.services.flowmaestro.workflow.parsing import parse_definition
from quintet_server.store.database import Connection

_PART = re.compile(r"[^.\[\]]+|\[\d+\]")


class WorkflowSpec(BaseModel):
    """A definition; what is in nodes, edges and settings is checked by the workflow's own rules."""

    model_config = ConfigDict(extra="allow", strict=True)

    name: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=10_000)
    nodes: dict[str, Any] | list[Any]
    edges: list[Any] = Field(default_factory=list)


def read_workflow(_file: Path, spec: WorkflowSpec, report: Report) -> WorkflowSpec:
    """Report everything that keeps a definition from being run, and what looks odd."""
    problems: Sequence[Problem]
    try:
        _, problems = parse_definition(_raw(spec), REGISTRY)
    except InvalidDefinition as error:
        problems = error.problems
    for problem in problems:
        fatal = problem.severity == "error"
        report(problem.message, *_location(spec.nodes, problem), fatal=fatal)
    return spec


async def apply_workflow(
    conn: Connection, project_id: str, name: str, spec: WorkflowSpec
) -> Outcome:
    """Create a workflow, or its next version."""
    workflow_id = id_of_name(WORKFLOW, name)
    shown = spec.name or name
    description = spec.description or None
    return await workflow_store.store(conn, project_id, workflow_id, shown, description, _raw(spec))


def _raw(spec: WorkflowSpec) -> dict[str, Any]:
    return spec.model_dump(exclude_unset=True)


def _location(nodes: Mapping[str, Any] | list[Any], problem: Problem) -> Iterator[str | int]:
    """Where a problem is in the document."""
    parts = [
        int(part[1:-1]) if part.startswith("[") else part for part in _PART.findall(problem.field)
    ]
    if problem.node is None:
        yield from parts
        return
    yield "nodes"
    if isinstance(nodes, Mapping):
        yield problem.node
        yield from parts
        return
    ids = [node.get("id") if isinstance(node, Mapping) else None for node in nodes]
    if problem.node in ids:
        yield ids.index(problem.node)
    # The editor's form calls a node's configuration its data.
    yield from ("data" if part == "config" else part for part in parts)


KINDS = (Kind("flowmaestro", "workflow", WorkflowSpec, apply_workflow, read=read_workflow),)
