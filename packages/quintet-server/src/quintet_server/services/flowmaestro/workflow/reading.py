"""The two written forms of a workflow, read into one: the object form and the editor's list form.

The object form has `nodes: {id: {type, name, config}}` and an `entryPoint`, the editor's form has
`nodes: [{id, type, data}]`. The parts may be mixed; `config` and `data` are the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from quintet_server.services.flowmaestro.workflow.definition import (
    BODY,
    DONE,
    INPUT_TYPE,
    LOOP_TYPE,
    Edge,
    Node,
    NodeTypes,
    Problem,
    RunSettings,
)
from quintet_server.services.flowmaestro.workflow.rules import RULE_KEYS, RuleReader
from quintet_server.services.flowmaestro.workflow.spelling import Suggestions

MAX_NODES: Final = 2_000
MAX_EDGES: Final = 10_000
MAX_LOOPS: Final = 50  # each is a walk through the graph
MAX_ID_LENGTH: Final = 200

_COMMENT: Final = "comment"
_NAME_KEYS: Final = ("label", "inputName", "outputName")
_BODY_HANDLES: Final = frozenset({BODY, "output-body", "loop-body"})
_DONE_HANDLES: Final = frozenset({DONE, "exit", "output-done", "output-exit", "loop-exit"})
_FORBIDDEN_IN_IDS: Final = "/[]"
# What either form may have in each place, whether it matters to a run or only to the editor.
_WORKFLOW_KEYS: Final = (
    "name",
    "description",
    "version",
    "nodes",
    "edges",
    "entryPoint",
    "settings",
    "notes",
)
_NODE_KEYS: Final = (
    *("id", "type", "name", "config", "data", *sorted(RULE_KEYS)),
    *("position", "positionAbsolute", "sourcePosition", "targetPosition"),
)
_EDGE_KEYS: Final = (
    *("id", "type", "source", "target", "sourceHandle", "targetHandle", "label"),
    *("sourceX", "sourceY", "targetX", "targetY"),
)


@dataclass(slots=True)
class Draft:
    """What could be read of a workflow; `problems` tells what could not."""

    name: str = ""
    description: str = ""
    version: int = 1
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    entry_points: tuple[str, ...] = ()
    settings: RunSettings = field(default_factory=RunSettings)
    problems: list[Problem] = field(default_factory=list)


def read(raw: Mapping[str, Any], types: NodeTypes) -> Draft:
    """Read either form. Graphs beyond the bounds are not read at all."""
    draft = Draft(problems=list(_size_problems(raw)))
    if draft.problems:
        return draft
    _Reader(raw, types, draft).read()
    return draft


def _size_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    for name, limit in (("nodes", MAX_NODES), ("edges", MAX_EDGES)):
        value = raw.get(name)
        if isinstance(value, Mapping | list) and len(value) > limit:
            message = f"{len(value)} of them are too many, the bound is {limit}"
            yield Problem(None, name, message, "error", "TOO_LARGE")


class _Reader:
    def __init__(self, raw: Mapping[str, Any], types: NodeTypes, draft: Draft) -> None:
        self._raw = raw
        self._types = types
        self._draft = draft
        self._problems = draft.problems
        self._ids: dict[str, None] = {}
        self._comments: set[str] = set()
        self._near_types = Suggestions(types.names())
        self._near_ids = Suggestions(self._ids)
        self._near_keys = {
            known: Suggestions(known) for known in (_WORKFLOW_KEYS, _NODE_KEYS, _EDGE_KEYS)
        }

    def read(self) -> None:
        raw, draft = self._raw, self._draft
        draft.name = self._text("name")
        draft.description = self._text("description")
        version = raw.get("version")
        draft.version = version if isinstance(version, int) and version > 0 else 1
        draft.settings = RuleReader(None, self._problems).settings(raw.get("settings"))
        self._look_for_misspelt_keys(raw, _WORKFLOW_KEYS, "")
        for place, node_id, node in self._written_nodes():
            self._read_node(place, node_id, node)
        for index, edge in enumerate(self._list("edges")):
            self._read_edge(f"edges[{index}]", edge)
        draft.entry_points = self._entry_points()
        loops = sum(node.type == LOOP_TYPE for node in draft.nodes.values())
        if loops > MAX_LOOPS:
            message = f"{loops} loops are too many, the bound is {MAX_LOOPS}"
            self._refuse("nodes", message, "TOO_LARGE")

    def _text(self, key: str) -> str:
        value = self._raw.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self._refuse(key, "must be text")
        return ""

    def _list(self, key: str) -> list[Any]:
        value = self._raw.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self._refuse(key, "must be a list")
        return []

    def _refuse(
        self, place: str, message: str, code: str = "INVALID_SHAPE", *, node: str | None = None
    ) -> None:
        self._problems.append(Problem(node, place, message, "error", code))

    def _look_for_misspelt_keys(
        self, raw: Mapping[str, Any], known: tuple[str, ...], place: str, node: str | None = None
    ) -> None:
        """Warn of keys that are nearly known ones; the editor writes many more, which are fine."""
        for key in raw:
            if key not in known and (near := self._near_keys[known].near(key)):
                message = f"is not known here{near}"
                where = f"{place}.{key}" if place else str(key)
                self._problems.append(Problem(node, where, message, "warning", "UNKNOWN_FIELD"))

    # --- nodes ----------------------------------------------------------------------------------

    def _written_nodes(self) -> Iterator[tuple[str, Any, Any]]:
        """The place, the id and what stands there, for every node."""
        nodes = self._raw.get("nodes")
        if isinstance(nodes, Mapping):
            for key, node in nodes.items():
                yield f"nodes.{key}", key, node
        elif isinstance(nodes, list):
            for index, node in enumerate(nodes):
                node_id = node.get("id") if isinstance(node, Mapping) else None
                yield f"nodes[{index}]", node_id, node
        elif nodes is not None:
            self._refuse("nodes", "must be an object of nodes by id, or a list of nodes")

    def _read_node(self, place: str, given_id: Any, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            self._refuse(place, "must be an object with type and config")
            return
        node_id = _word(given_id)
        problem = self._id_problem(node_id)
        if node_id is None or problem:
            self._refuse(place if isinstance(given_id, str) else f"{place}.id", problem)
            return
        self._ids[node_id] = None
        if raw.get("type") == _COMMENT:
            self._comments.add(node_id)
            return
        self._look_for_misspelt_keys(raw, _NODE_KEYS, "", node_id)
        self._draft.nodes[node_id] = self._node(node_id, raw)

    def _id_problem(self, node_id: str | None) -> str:
        if node_id is None or not node_id.strip():
            return "the id is missing"
        if len(node_id) > MAX_ID_LENGTH:
            return f"the id is longer than {MAX_ID_LENGTH} characters"
        if any(sign in node_id for sign in _FORBIDDEN_IN_IDS):
            return f"the id must not contain any of {' '.join(_FORBIDDEN_IN_IDS)}"
        return f"the id '{node_id}' is used twice" if node_id in self._ids else ""

    def _node(self, node_id: str, raw: Mapping[str, Any]) -> Node:
        written = self._config(node_id, raw)
        rules = RuleReader(node_id, self._problems)
        config = {key: value for key, value in written.items() if key not in RULE_KEYS}
        type_name = self._type(node_id, raw.get("type"))
        return Node(
            node_id,
            type_name,
            _name(raw, config) or type_name,
            config,
            rules.on_error(raw, written),
            rules.retry(raw, written),
        )

    def _config(self, node_id: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        for key in ("config", "data"):
            config = raw.get(key)
            if config is None:
                continue
            if isinstance(config, Mapping):
                return config
            self._refuse(key, "must be an object", node=node_id)
            break
        return {}

    def _type(self, node_id: str, given: Any) -> str:
        if not isinstance(given, str) or not given:
            self._refuse("type", "is required", node=node_id)
            return ""
        canonical = self._types.canonical(given)
        if canonical is None:
            message = f"'{given}' is no type of node{self._near_types.near(given)}"
            self._refuse("type", message, "UNKNOWN_TYPE", node=node_id)
        return canonical or given

    # --- edges ----------------------------------------------------------------------------------

    def _read_edge(self, place: str, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            self._refuse(place, "must be an object with source and target")
            return
        self._look_for_misspelt_keys(raw, _EDGE_KEYS, place)
        source, target = (self._end(place, raw, end) for end in ("source", "target"))
        if source is None or target is None or {source, target} & self._comments:
            return
        nodes = self._draft.nodes
        if source in nodes and target in nodes:
            handle = _handle(nodes[source].type, _word(raw.get("sourceHandle")))
            edge_id = _word(raw.get("id")) or place
            self._draft.edges.append(Edge(edge_id, source, target, handle))

    def _end(self, place: str, raw: Mapping[str, Any], end: str) -> str | None:
        node_id = _word(raw.get(end))
        if node_id is None:
            self._refuse(f"{place}.{end}", "is required")
        elif node_id not in self._ids:
            message = f"'{node_id}' is no node{self._near_ids.near(node_id)}"
            self._refuse(f"{place}.{end}", message, "UNKNOWN_NODE")
            return None
        return node_id

    def _entry_points(self) -> tuple[str, ...]:
        """Where the run begins: the named node, else the first input, else the first root.

        Every other input node starts as well.
        """
        nodes = self._draft.nodes
        inputs = [node.id for node in nodes.values() if node.type == INPUT_TYPE]
        named = _word(self._raw.get("entryPoint"))
        if named is not None and named not in nodes:
            message = f"'{named}' is no node{self._near_ids.near(named)}; another one is the first"
            problem = Problem(None, "entryPoint", message, "warning", "UNKNOWN_ENTRY_POINT")
            self._problems.append(problem)
        targets = {edge.target for edge in self._draft.edges if edge.source != edge.target}
        roots = (node for node in nodes if node not in targets)
        loops = (node.id for node in nodes.values() if node.type == LOOP_TYPE)
        candidates = [named] if named in nodes else [*inputs[:1], *roots, *loops, *nodes]
        return tuple(dict.fromkeys([node for node in candidates[:1] if node] + inputs))


def _word(value: Any) -> str | None:
    """An id or a handle. YAML reads `true` and `1` as what they look like; here they are words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value or None if isinstance(value, str) else None


def _name(raw: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    names = (raw.get("name"), *(config.get(key) for key in _NAME_KEYS))
    return next((name for name in names if isinstance(name, str) and name), "")


def _handle(source_type: str, handle: str | None) -> str | None:
    if source_type == LOOP_TYPE:
        if handle in _BODY_HANDLES:
            return BODY
        return DONE if handle in _DONE_HANDLES else handle
    if source_type == "conditional" and handle:
        return handle.lower().removeprefix("output-")
    return handle
