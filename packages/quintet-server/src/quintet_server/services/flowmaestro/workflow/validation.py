"""What is wrong with a workflow that could be read, and what only looks wrong.

Errors keep it from being stored or run: no node at all, an edge into nowhere, an unknown type, a
missing or wrong configuration, a loop without a body, a cycle that is no loop. Everything else is a
warning, a name that nothing seems to define among them: the inputs of a run are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.grammar import root_names
from quintet_server.services.flowmaestro.expressions.interpolation import placeholder_expressions
from quintet_server.services.flowmaestro.workflow.definition import (
    BODY,
    BRANCHING_TYPES,
    DONE,
    ERROR,
    INPUT_TYPE,
    LOOP_TYPE,
    OUTPUT_TYPES,
    Edge,
    Node,
    NodeTypes,
    Problem,
    Regions,
)
from quintet_server.services.flowmaestro.workflow.graph import find_regions, reachable
from quintet_server.services.flowmaestro.workflow.reading import Draft
from quintet_server.services.flowmaestro.workflow.spelling import Suggestions, did_you_mean

MAX_PROBLEMS: Final = 200
"""Problems that are told at once."""
_MAX_CONFIG_DEPTH: Final = 64
_PROGRAMS: Final = frozenset({"code"})  # fields whose braces are not placeholders
_ALWAYS_KNOWN: Final = frozenset({"loop", "parallel", "shared", "item", "index", "error"})
_NAMING_KEYS: Final = (
    "inputName",
    "variableName",
    "inputVariable",
    "outputVariable",
    "outputName",
    "itemVariable",
    "indexVariable",
)
_LEFT_OVER: Final = re.compile(
    r"""lorem\ ipsum | \bchange[ _-]?me\b | [<\[]insert\b[^>\]]*[>\]]
      | \byour[ _-]\w+(?:[ _-]\w+)?[ _-]here\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SHOWN_EXITS: Final = 10
_BOOLEAN_EXITS: Final = ("true", "false")


def check(draft: Draft, types: NodeTypes) -> Regions | None:
    """Add what is wrong to the problems of `draft`; its regions, if it can be divided into any."""
    problems = draft.problems
    near_ids = Suggestions(draft.nodes)
    for node in draft.nodes.values():
        if types.canonical(node.type) is not None:
            problems += types.problems(node.id, node.type, node.config)
        problems += _rule_problems(node, draft.nodes, near_ids)
    if not draft.nodes:
        if not any(problem.severity == "error" for problem in problems):
            message = "there is no node to run"
            problems.append(Problem(None, "nodes", message, "error", "EMPTY_WORKFLOW"))
        return None
    if any(problem.code == "TOO_LARGE" for problem in problems):
        return None
    outgoing = _outgoing(draft.edges)
    problems += _loops_without_body(draft.nodes, outgoing)
    regions, found = find_regions(draft.nodes, draft.edges, draft.entry_points)
    problems += found
    problems += _warnings(draft, regions, outgoing)
    return regions


def limited(problems: list[Problem]) -> list[Problem]:
    """The errors first, then the warnings, and no more than `MAX_PROBLEMS` of them."""
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    if len(ordered) <= MAX_PROBLEMS:
        return ordered
    rest = len(ordered) - MAX_PROBLEMS
    last = Problem(None, "", f"there are {rest} more problems", ordered[MAX_PROBLEMS].severity)
    return [*ordered[:MAX_PROBLEMS], last]


def _outgoing(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    outgoing: dict[str, list[Edge]] = {}
    for edge in edges:
        outgoing.setdefault(edge.source, []).append(edge)
    return outgoing


# --- errors ---------------------------------------------------------------------------------------


def _rule_problems(
    node: Node, nodes: Mapping[str, Node], near_ids: Suggestions
) -> Iterator[Problem]:
    goto = node.on_error.goto_node if node.on_error else None
    if goto is None:
        return
    if goto == node.id:
        message = "must be another node; use retry to try a node again"
        yield Problem(node.id, "onError.gotoNode", message, "error", "INVALID_RULE")
    elif goto not in nodes:
        message = f"'{goto}' is no node{near_ids.near(goto)}"
        yield Problem(node.id, "onError.gotoNode", message, "error", "UNKNOWN_NODE")


def _loops_without_body(
    nodes: Mapping[str, Node], outgoing: Mapping[str, list[Edge]]
) -> Iterator[Problem]:
    for node in nodes.values():
        if node.type != LOOP_TYPE:
            continue
        edges = outgoing.get(node.id, [])
        if not any(edge.handle == BODY and edge.target != node.id for edge in edges):
            message = f"a loop needs an edge with sourceHandle '{BODY}' to the node it repeats"
            yield Problem(node.id, "", message, "error", "LOOP_NO_BODY")


# --- warnings -------------------------------------------------------------------------------------


def _warnings(
    draft: Draft, regions: Regions, outgoing: Mapping[str, list[Edge]]
) -> Iterator[Problem]:
    nodes = draft.nodes
    used = {*regions.top.nodes, *(node for body in regions.bodies.values() for node in body.nodes)}
    for node in nodes.values():
        if node.id not in used:
            yield _warning(node.id, "", "nothing leads to it, so it never runs", "UNREACHABLE")
    yield from _output_warnings(nodes, outgoing)
    yield from _handle_warnings(nodes, outgoing)
    yield from _name_conflicts(nodes)
    yield from _text_warnings(nodes)


def _output_warnings(
    nodes: Mapping[str, Node], outgoing: Mapping[str, list[Edge]]
) -> Iterator[Problem]:
    outputs = [node.id for node in nodes.values() if node.type in OUTPUT_TYPES]
    if not outputs:
        message = "there is no output node; the outputs of the last nodes are the result"
        yield Problem(None, "nodes", message, "warning", "NO_WORKFLOW_OUTPUT")
        return
    incoming: dict[str, list[Edge]] = {}
    for edges in outgoing.values():
        for edge in edges:
            incoming.setdefault(edge.target, []).append(edge)
    leading = reachable(outputs, incoming, step=lambda edge: edge.source)
    for source, edges in outgoing.items():
        if nodes[source].type not in BRANCHING_TYPES or source not in leading:
            continue
        for edge in edges:
            if edge.target not in leading and edge.handle not in (None, ERROR):
                message = f"the branch '{edge.handle}' leads to no output node"
                yield _warning(source, "", message, "DEAD_END_BRANCH")


def _handle_warnings(
    nodes: Mapping[str, Node], outgoing: Mapping[str, list[Edge]]
) -> Iterator[Problem]:
    for node in nodes.values():
        exits = _exits(node)
        handles = {_case(node, edge.handle) for edge in outgoing.get(node.id, ())}
        if exits is None or ERROR not in exits:
            handles.discard(ERROR)
        if exits is None or None in handles or not handles:
            continue
        if node.type in ("conditional", "switch", "router"):
            for missing in [one for one in exits if one not in handles]:
                message = f"no edge for '{missing}'; that branch ends here"
                yield _warning(node.id, "", message, "CONDITIONAL_MISSING_BRANCH")
        for handle in sorted(one for one in handles if one and one not in exits):
            message = f"an edge with sourceHandle '{handle}' is never taken"
            message += (
                did_you_mean(handle, exits) or f"; there are: {', '.join(exits[:_SHOWN_EXITS])}"
            )
            yield _warning(node.id, "", message, "UNKNOWN_HANDLE")


def _case(node: Node, handle: str | None) -> str | None:
    return handle.removeprefix("case-") if handle and node.type == "switch" else handle


def _exits(node: Node) -> list[str] | None:
    """The exits a branching node can take, as far as they stand in the definition."""
    if node.type == "conditional":
        return list(_BOOLEAN_EXITS)
    if node.type == LOOP_TYPE:
        return [BODY, DONE]
    key = {"switch": "cases", "router": "routes"}.get(node.type)
    cases = node.config.get(key) if key else None
    if not isinstance(cases, list):
        return None
    values = [case.get("value") for case in cases if isinstance(case, Mapping)]
    fallback = node.config.get("defaultCase") if node.type == "switch" else None
    exits = [value if isinstance(value, str) else _plain(value) for value in values]
    if node.type == "switch":
        exits.append(fallback if isinstance(fallback, str) and fallback else "default")
    return exits


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name_conflicts(nodes: Mapping[str, Node]) -> Iterator[Problem]:
    setters: dict[str, str] = {}
    for node in nodes.values():
        variable = node.config.get("outputVariable")
        if not isinstance(variable, str) or not variable:
            continue
        other = setters.setdefault(variable, node.id)
        if other != node.id:
            message = f"'{variable}' is set by node '{other}' too; the later one wins"
            yield _warning(node.id, "config.outputVariable", message, "OUTPUT_VARIABLE_CONFLICT")


def _text_warnings(nodes: Mapping[str, Node]) -> Iterator[Problem]:
    known = _known_names(nodes)
    near = Suggestions(known or ())
    for node in nodes.values():
        for place, text in _texts(node.config, "config", 0):
            if _LEFT_OVER.search(text):
                message = "still holds the text of a form"
                yield _warning(node.id, place, message, "PLACEHOLDER_CONTENT")
            yield from _placeholder_warnings(node.id, place, text, known, near)


def _placeholder_warnings(
    node_id: str, place: str, text: str, known: frozenset[str] | None, near: Suggestions
) -> Iterator[Problem]:
    try:
        for placeholder, parsed in placeholder_expressions(text):
            if isinstance(parsed, ExpressionError):
                message = f"{placeholder.written} cannot be read: {parsed}"
                yield _warning(node_id, place, message, "INVALID_EXPRESSION")
            elif known is not None:
                for name in dict.fromkeys(root_names(parsed)):
                    if name not in known:
                        message = f"nothing here defines '{name}'{near.near(name)}"
                        yield _warning(node_id, place, message, "UNDEFINED_VARIABLE")
    except ExpressionError as error:
        yield _warning(node_id, place, str(error), "INVALID_EXPRESSION")


def _known_names(nodes: Mapping[str, Node]) -> frozenset[str] | None:
    """The names that placeholders may begin with; None if an input node lets everything through."""
    names = set(_ALWAYS_KNOWN) | nodes.keys()
    for node in nodes.values():
        given = [node.config.get(key) for key in _NAMING_KEYS]
        found = [name for name in given if isinstance(name, str) and name]
        if node.type == INPUT_TYPE and not found:
            return None
        names.update(found)
    return frozenset(names)


def _texts(value: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif depth >= _MAX_CONFIG_DEPTH:
        return
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if key not in _PROGRAMS:
                yield from _texts(member, f"{place}.{key}", depth + 1)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, f"{place}[{index}]", depth + 1)


def _warning(node: str, field: str, message: str, code: str) -> Problem:
    return Problem(node, field, message, "warning", code)
