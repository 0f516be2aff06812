"""When which node runs: the state machine of one pass over one region.

    waiting ──► offered ──► completed | handled | failed
        └─────► skipped

A node waits until every edge to it is settled. Then it is offered if at least one of them is live,
and skipped if all are dead. An edge is settled when its source is: live if the source took that
exit, dead if it did not, was skipped or failed. So a branch that is not chosen kills edges, and
nodes only where nothing else leads to them; a join runs once, after the last of its edges, with
whatever was live. Each edge is settled exactly once, hence no order of events can deadlock.

Edges with the handle `error` are live when the source failed and the failure is handled, and when a
`switch` or `router` took a case of that name; those of the handle `GOTO` when the rule of the node
jumps to their target.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final, Literal

from quintet_server.services.flowmaestro.workflow.definition import (
    BRANCHING_TYPES,
    DONE,
    ERROR,
    GOTO,
    LOOP_TYPE,
    OUTPUT_TYPES,
    Definition,
    Edge,
    Node,
    Region,
)

Status = Literal["waiting", "offered", "completed", "handled", "failed", "skipped"]
PLAIN: Final = ""
"""Stands for the edges without a handle among the handles of a handled failure."""

_ENDED: Final[dict[str, Status]] = {"done": "completed", "handled": "handled", "failed": "failed"}
_RAN: Final = ("completed", "handled")


@dataclass(frozen=True, slots=True)
class Settled:
    """How a node ended.

    Attributes:
        kind: `done`; `failed`: for good, and nobody handles it; `handled`: failed, and a rule or an
            `error` edge takes over (`failure_outcome` builds it).
        handles: The exits taken; None if the node does not branch. Edges without a handle are live
            after `done` whatever stands here; after `handled` only if `PLAIN` is among them.
        goto: The node that a `goto` rule jumps to.
    """

    kind: Literal["done", "failed", "handled"] = "done"
    handles: frozenset[str] | None = None
    goto: str | None = None


class Schedule:
    """One pass over one region: the top level, or one round of the body of a loop.

    Attributes:
        statuses: The status of every node of the region.
        failed: Nodes whose failure nobody handles, in the order they failed.
        completed: How many nodes ran to an end that counts (completed or handled).
        skipped: How many nodes were skipped.
    """

    def __init__(self, definition: Definition, region: Region) -> None:
        self.statuses: dict[str, Status] = dict.fromkeys(region.nodes, "waiting")
        self.failed: list[str] = []
        self.completed = 0
        self.skipped = 0
        self._order = {node: at for at, node in enumerate(region.nodes)}
        self._has_live = dict.fromkeys(region.starts, True)
        self._open_edges = dict.fromkeys(region.nodes, 0)
        self._outgoing: dict[str, list[Edge]] = {node: [] for node in region.nodes}
        for edge in region.edges:
            self._open_edges[edge.target] += 1
            self._outgoing[edge.source].append(edge)
        self._ready: list[int] = []
        self._nodes = region.nodes
        self._unsettled = len(region.nodes)
        for node in region.nodes:
            if not self._open_edges[node]:
                self._decide(node)

    @property
    def is_finished(self) -> bool:
        """Whether every node has ended or was skipped."""
        return not self._unsettled

    def ready(self) -> list[str]:
        """The nodes that can start now, in the order of the document; each is given once."""
        offered: list[str] = []
        while self._ready:
            node = self._nodes[heappop(self._ready)]
            self.statuses[node] = "offered"
            offered.append(node)
        return offered

    def settle(self, node_id: str, outcome: Settled) -> list[str]:
        """Record how an offered node ended.

        Returns:
            The nodes that are skipped because of it, the nearest first.

        Raises:
            ValueError: the node was not offered, or has ended already.
        """
        status = self.statuses.get(node_id)
        if status != "offered":
            raise ValueError(f"Node '{node_id}' is {status or 'not in this region'}, not offered")
        self.statuses[node_id] = _ENDED[outcome.kind]
        self._unsettled -= 1
        if outcome.kind == "failed":
            self.failed.append(node_id)
        else:
            self.completed += 1
        return self._follow(node_id, outcome)

    def _follow(self, node_id: str, outcome: Settled) -> list[str]:
        skipped: list[str] = []
        settled = deque((edge, is_live(edge, outcome)) for edge in self._outgoing[node_id])
        while settled:
            edge, live = settled.popleft()
            target = edge.target
            self._open_edges[target] -= 1
            if live:
                self._has_live[target] = True
            if not self._open_edges[target] and not self._decide(target):
                skipped.append(target)
                settled.extend((further, False) for further in self._outgoing[target])
        return skipped

    def _decide(self, node: str) -> bool:
        """Queue a node whose edges are all settled, or skip it; whether it can run."""
        if self._has_live.get(node):
            heappush(self._ready, self._order[node])
            return True
        self.statuses[node] = "skipped"
        self.skipped += 1
        self._unsettled -= 1
        return False


def is_live(edge: Edge, outcome: Settled) -> bool:
    """Whether an edge is taken when its source has ended like this."""
    if outcome.kind == "failed":
        return False
    if edge.handle == ERROR and outcome.kind == "handled":
        return True
    if edge.handle == ERROR:  # a case or a route may have that name, too
        return outcome.handles is not None and _is_among(ERROR, outcome.handles)
    if edge.handle == GOTO or outcome.goto is not None:
        return edge.handle == GOTO and edge.target == outcome.goto
    if edge.handle is None and outcome.kind == "done":
        return True
    return outcome.handles is None or _is_among(edge.handle or PLAIN, outcome.handles)


def _is_among(handle: str, taken: frozenset[str]) -> bool:
    """Also when one of the two says `case-x` where the other says `x`."""
    return handle in taken or handle.removeprefix("case-") in taken or f"case-{handle}" in taken


def failure_outcome(
    definition: Definition, node_id: str, error: str
) -> tuple[Settled, dict[str, Any] | None]:
    """What a node that failed for good settles as, and its output (None: it has none).

    The rule of the node decides; `error` edges are live as well, and handle a failure by themselves
    where there is no rule. A fallback value that is no object becomes the value of the node's
    `outputVariable`, or of `result`; placeholders in it are not replaced here.
    """
    node = definition.nodes[node_id]
    rule = node.on_error
    if rule is None or rule.strategy == "fail":
        if any(edge.source == node_id and edge.handle == ERROR for edge in definition.edges):
            return Settled("handled", frozenset()), {"error": error}
        return Settled("failed"), None
    if rule.strategy == "goto":
        return Settled("handled", None, rule.goto_node), {"error": error}
    value = rule.fallback_value
    if rule.strategy == "continue":
        output = {"error": error}
    elif isinstance(value, dict):
        output = dict(value)
    else:
        output = {str(node.config.get("outputVariable") or "result"): value}
    return Settled("handled", _unbranched(node)), output


def _unbranched(node: Node) -> frozenset[str] | None:
    """A branching node that failed has chosen nothing: only what does not depend on it goes on."""
    if node.type == LOOP_TYPE:
        return frozenset({PLAIN, DONE})
    return frozenset({PLAIN}) if node.type in BRANCHING_TYPES else None


def final_outputs(
    definition: Definition,
    statuses: Mapping[str, str],
    outputs: Mapping[str, Any],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """What an execution gives back.

    The merged outputs of all output nodes that ran, wherever they are; if none did, those of the
    nodes at the ends of the top level; if they are empty, the variables. Of two values with one
    name the later node of the document wins. Failed and skipped nodes contribute nothing.
    """
    ran = [node for node in definition.nodes.values() if statuses.get(node.id) in _RAN]
    explicit = [node.id for node in ran if node.type in OUTPUT_TYPES]
    if explicit:
        return _merged(explicit, outputs)
    top = definition.regions.top
    sources = {edge.source for edge in top.edges}
    ends = set(top.nodes) - sources
    return _merged([node.id for node in ran if node.id in ends], outputs) or dict(variables)


def _merged(nodes: list[str], outputs: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for node in nodes:
        output = outputs.get(node)
        if isinstance(output, Mapping):
            merged.update(output)
    return merged
