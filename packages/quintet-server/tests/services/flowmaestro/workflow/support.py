"""A small set of node types, and short ways to write a graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from quintet_server.services.flowmaestro.workflow.definition import (
    Definition,
    InvalidDefinition,
    Problem,
)
from quintet_server.services.flowmaestro.workflow.parsing import parse_definition

ALIASES = {
    "input": "input",
    "trigger": "input",
    "output": "output",
    "templateOutput": "templateOutput",
    "conditional": "conditional",
    "if": "conditional",
    "switch": "switch",
    "router": "router",
    "loop": "loop",
    "forEach": "loop",
    "http": "http",
    "step": "step",
}


class Types:
    """`http` needs a url; nothing else needs anything."""

    def canonical(self, name: str) -> str | None:
        return ALIASES.get(name)

    def names(self) -> Collection[str]:
        return ALIASES

    def problems(
        self, node_id: str, type_name: str, config: Mapping[str, Any]
    ) -> Collection[Problem]:
        if type_name == "http" and not config.get("url"):
            return [Problem(node_id, "config.url", "is required", "error", "MISSING")]
        return []


def graph(nodes: str, edges: str, **more: Any) -> dict[str, Any]:
    """A definition from `"a b:loop c:output"` and `"a>b b-body>c c>b"`."""
    written: dict[str, Any] = {}
    for word in nodes.split():
        node_id, _, type_name = word.partition(":")
        written[node_id] = {"type": type_name or "step", "config": {}}
    listed = []
    for word in edges.split():
        left, _, target = word.partition(">")
        source, _, handle = left.partition("-")
        listed.append({"source": source, "target": target, "sourceHandle": handle or None})
    return {"nodes": written, "edges": listed, **more}


def parsed(raw: Mapping[str, Any]) -> Definition:
    return parse_definition(raw, Types())[0]


def warnings_of(raw: Mapping[str, Any]) -> list[Problem]:
    return parse_definition(raw, Types())[1]


def errors_of(raw: Mapping[str, Any]) -> list[str]:
    """The errors as they are told."""
    try:
        parse_definition(raw, Types())
    except InvalidDefinition as error:
        return [str(problem) for problem in error.problems if problem.severity == "error"]
    return []
