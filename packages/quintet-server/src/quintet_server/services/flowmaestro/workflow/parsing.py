"""From a written definition to a `Definition`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.services.flowmaestro.workflow.definition import (
    Definition,
    Edge,
    InvalidDefinition,
    Node,
    NodeTypes,
    OnError,
    Problem,
    RetryRules,
)
from quintet_server.services.flowmaestro.workflow.reading import read
from quintet_server.services.flowmaestro.workflow.validation import check, limited


def parse_definition(raw: Mapping[str, Any], types: NodeTypes) -> tuple[Definition, list[Problem]]:
    """A workflow, and the warnings about it.

    Args:
        raw: The definition in the object form or in the editor's form; never changed.
        types: What nodes there are.

    Raises:
        InvalidDefinition: it has errors; all of them are told at once.
    """
    draft = read(raw, types)
    regions = check(draft, types)
    problems = limited(draft.problems)
    if regions is None or any(problem.severity == "error" for problem in problems):
        raise InvalidDefinition(problems)
    definition = Definition(
        draft.name,
        draft.description,
        draft.version,
        draft.entry_points,
        draft.nodes,
        tuple(draft.edges),
        draft.settings,
        regions=regions,
    )
    return definition, problems


def render_definition(definition: Definition) -> dict[str, Any]:
    """The object form of a workflow; parsing it again gives an equal one."""
    return {
        "name": definition.name,
        "description": definition.description,
        "version": definition.version,
        "entryPoint": definition.entry_points[0],
        "nodes": {node.id: _rendered_node(node) for node in definition.nodes.values()},
        "edges": [_rendered_edge(edge) for edge in definition.edges],
        "settings": {
            "timeout": definition.settings.timeout_ms,
            "maxConcurrentNodes": definition.settings.max_concurrent_nodes,
        },
    }


def _rendered_node(node: Node) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "type": node.type,
        "name": node.name,
        "config": dict(node.config),
    }
    if node.on_error is not None:
        rendered["onError"] = _rendered_on_error(node.on_error)
    if node.retry is not None:
        rendered["retry"] = _rendered_retry(node.retry)
    return rendered


def _rendered_on_error(rule: OnError) -> dict[str, Any]:
    rendered: dict[str, Any] = {"strategy": rule.strategy}
    if rule.strategy == "fallback":
        rendered["fallbackValue"] = rule.fallback_value
    if rule.goto_node is not None:
        rendered["gotoNode"] = rule.goto_node
    return rendered


def _rendered_retry(rules: RetryRules) -> dict[str, Any]:
    return {
        "maxAttempts": rules.max_attempts,
        "initialDelay": rules.initial_delay_ms,
        "maxDelay": rules.max_delay_ms,
        "backoffMultiplier": rules.backoff_multiplier,
    }


def _rendered_edge(edge: Edge) -> dict[str, Any]:
    rendered: dict[str, Any] = {"id": edge.id, "source": edge.source, "target": edge.target}
    if edge.handle is not None:
        rendered["sourceHandle"] = edge.handle
    return rendered
