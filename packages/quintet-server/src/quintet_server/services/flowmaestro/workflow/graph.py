"""Which nodes form the body of which loop, what can be reached, and whether there is a cycle.

The body of a loop is what lies behind its `body` edges on a path back to the loop. With it go the
side branches that end inside: those behind an `error` edge or a `gotoNode`, and, if the loop has an
exit edge of its own, all that no exit leads to. Where no edge leads back, the body is everything
behind the `body` edges that no exit leads to. What is behind the body but not in it follows the
loop: an edge out of a body counts as an exit of the loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set as AbstractSet
from typing import Final

from quintet_server.services.flowmaestro.workflow.definition import (
    BODY,
    DONE,
    ERROR,
    GOTO,
    LOOP_TYPE,
    Edge,
    Node,
    Problem,
    Region,
    Regions,
)

MAX_LOOP_DEPTH: Final = 8
"""Loops inside loops."""
_SHOWN_OF_CYCLE: Final = 8
_SIDEWAYS: Final = (ERROR, GOTO)

Adjacency = Mapping[str, Sequence[Edge]]


def find_regions(
    nodes: Mapping[str, Node], edges: Iterable[Edge], entry_points: Sequence[str]
) -> tuple[Regions, list[Problem]]:
    """The regions of a graph, and what keeps it from being scheduled.

    Args:
        nodes: The nodes, in the order of the document.
        edges: Edges between these nodes.
        entry_points: Where the run begins.
    """
    finder = _Finder(nodes, edges)
    reached = reachable(entry_points, finder.outgoing)
    finder.divide(reached, entry_points, loop=None, depth=0)
    regions = finder.regions(entry_points)
    inside = [node for node in entry_points if finder.loop_of(node) is not None]
    if inside and inside[0] != entry_points[0]:
        # An input node in the body of a loop begins nothing; what only it leads to is not reached.
        outside = [node for node in entry_points if node not in inside]
        return find_regions(nodes, finder.given_edges, outside)
    if inside:
        finder.complain_about_beginning(inside[0])
    return regions, finder.problems + _cycles_elsewhere(nodes, finder.outgoing, reached)


def _cycles_elsewhere(
    nodes: Mapping[str, Node], outgoing: Adjacency, reached: Mapping[str, None]
) -> list[Problem]:
    """Cycles among the nodes that never run: a mistake all the same."""
    rest = {name: node for name, node in nodes.items() if name not in reached}
    edges = [e for name in rest for e in outgoing.get(name, ()) if e.target in rest]
    if not find_cycle(rest, edges):
        return []
    finder = _Finder(rest, [edge for edge in edges if edge.handle != GOTO])
    finder.divide(rest, list(rest), loop=None, depth=0)
    finder.regions(list(rest))
    return [problem for problem in finder.problems if problem.code == "CYCLE"]


def goto_edges(nodes: Mapping[str, Node]) -> list[Edge]:
    """An edge for every `onError.gotoNode` that exists."""
    return [
        Edge(f"{GOTO}:{node.id}", node.id, node.on_error.goto_node, GOTO)
        for node in nodes.values()
        if node.on_error and node.on_error.goto_node in nodes and node.on_error.goto_node
    ]


def reachable(
    starts: Iterable[str],
    outgoing: Adjacency,
    within: AbstractSet[str] | None = None,
    *,
    step: Callable[[Edge], str] = lambda edge: edge.target,
) -> dict[str, None]:
    """Everything that can be reached from `starts` (included), nearest first.

    Args:
        starts: Where to begin; those outside of `within` are left out.
        outgoing: The edges by node.
        within: The only nodes that may be entered; None for all.
        step: The end of an edge to go to; the source to go backwards over incoming edges.
    """
    found = {start: None for start in starts if within is None or start in within}
    waiting = deque(found)
    while waiting:
        for edge in outgoing.get(waiting.popleft(), ()):
            target = step(edge)
            if target not in found and (within is None or target in within):
                found[target] = None
                waiting.append(target)
    return found


def find_cycle(nodes: Collection[str], edges: Iterable[Edge]) -> list[str]:
    """The nodes of one cycle in order, or nothing."""
    incoming: dict[str, list[Edge]] = {node: [] for node in nodes}
    outgoing: dict[str, list[Edge]] = {node: [] for node in nodes}
    for edge in edges:
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    open_edges = {node: len(listed) for node, listed in incoming.items()}
    free = deque(node for node, count in open_edges.items() if not count)
    while free:
        node = free.popleft()
        del open_edges[node]
        for edge in outgoing[node]:
            open_edges[edge.target] -= 1
            if not open_edges[edge.target]:
                free.append(edge.target)
    return _walk_back(open_edges, incoming)


def _walk_back(left: Mapping[str, int], incoming: Adjacency) -> list[str]:
    """Walk against the edges inside `left`, where every node has one, until a node comes again."""
    if not left:
        return []
    node = next(iter(left))
    seen: dict[str, None] = {}
    while node not in seen:
        seen[node] = None
        node = next(edge.source for edge in incoming[node] if edge.source in left)
    walked = list(seen)
    cycle = walked[walked.index(node) :][::-1]
    first = cycle.index(_earliest(cycle, left))
    return cycle[first:] + cycle[:first]


def _earliest(cycle: Sequence[str], order: Iterable[str]) -> str:
    members = set(cycle)
    return next(node for node in order if node in members)


class _Finder:
    def __init__(self, nodes: Mapping[str, Node], edges: Iterable[Edge]) -> None:
        self.problems: list[Problem] = []
        self._nodes = nodes
        self.given_edges = list(edges)
        self._edges = [*self.given_edges, *goto_edges(nodes)]
        self.outgoing: dict[str, list[Edge]] = {}
        self._incoming: dict[str, list[Edge]] = {}
        for edge in self._edges:
            self.outgoing.setdefault(edge.source, []).append(edge)
            self._incoming.setdefault(edge.target, []).append(edge)
        self._loop_of: dict[str, str | None] = {}
        self._bodies: dict[str, AbstractSet[str]] = {}

    def divide(
        self, level: Iterable[str], starts: Sequence[str], loop: str | None, depth: int
    ) -> None:
        """Assign the nodes of one level to it, or to the loops in it, and go on inside those."""
        free = set(level)
        for node in reachable(starts, self.outgoing, set(free)):
            if node in free and self._nodes[node].type == LOOP_TYPE:
                body = self._body(node, free)
                self._bodies[node] = body
                free -= body
        for node in free:
            self._loop_of[node] = loop
        for node in [node for node in self._bodies if node in free]:
            self._go_inside(node, depth + 1)

    def loop_of(self, node: str) -> str | None:
        """The loop in whose body a node is."""
        return self._loop_of.get(node)

    def _go_inside(self, loop: str, depth: int) -> None:
        if depth > MAX_LOOP_DEPTH:
            self._refuse(loop, "", f"is inside {MAX_LOOP_DEPTH} other loops", "LOOP_TOO_DEEP")
            return
        body = self._bodies[loop]
        self.divide(body, self._targets(loop, body, is_body=True), loop, depth)

    def _targets(self, loop: str, within: AbstractSet[str], *, is_body: bool) -> list[str]:
        return [
            edge.target
            for edge in self.outgoing.get(loop, ())
            if (edge.handle == BODY) is is_body and edge.target in within and edge.target != loop
        ]

    def _body(self, loop: str, level: AbstractSet[str]) -> set[str]:
        allowed = level - {loop}
        behind = set(self._behind(loop, allowed, is_body=True))
        after = self._behind(loop, allowed, is_body=False)
        backward = reachable(
            [loop], self._incoming, behind | {loop}, step=lambda edge: edge.source
        ).keys() - {loop}
        if not backward:
            return behind - after.keys()
        has_exit = any(
            edge.handle not in (BODY, *_SIDEWAYS) for edge in self.outgoing.get(loop, ())
        )
        if has_exit:
            return backward | (behind - after.keys())
        return self._with_side_branches(set(backward), behind)

    def _behind(self, loop: str, allowed: AbstractSet[str], *, is_body: bool) -> dict[str, None]:
        targets = self._targets(loop, allowed, is_body=is_body)
        return reachable(targets, self.outgoing, allowed)

    def _with_side_branches(self, body: set[str], behind: set[str]) -> set[str]:
        """Add what only failures lead to, and the bodies of inner loops without a way back."""
        rest = behind - body
        while True:
            leaving = [
                edge for node in body for edge in self.outgoing.get(node, ()) if edge.target in rest
            ]
            plain = [e.target for e in leaving if not self._belongs_inside(e)]
            follows = reachable(plain, self.outgoing, rest)
            inside = [e.target for e in leaving if self._belongs_inside(e)]
            found = reachable(inside, self.outgoing, rest).keys() - follows.keys()
            if not found:
                return body
            body |= found
            rest -= found

    def _belongs_inside(self, edge: Edge) -> bool:
        is_body = edge.handle == BODY and self._nodes[edge.source].type == LOOP_TYPE
        return is_body or edge.handle in _SIDEWAYS

    # --- from the division to regions -----------------------------------------------------------

    def regions(self, entry_points: Sequence[str]) -> Regions:
        edges: dict[str | None, list[Edge]] = {None: []}
        returning: dict[str, dict[str, None]] = {}
        for edge in self._edges:
            if edge.source in self._loop_of and edge.target in self._loop_of:
                self._place(edge, edges, returning)
        members: dict[str | None, list[str]] = {None: []}
        for node in self._nodes:
            if node in self._loop_of:
                members.setdefault(self._loop_of[node], []).append(node)
        built = {
            loop: self._region(loop, listed, edges.get(loop, []), entry_points, returning)
            for loop, listed in members.items()
        }
        top = built.pop(None)
        return Regions(top, {loop: region for loop, region in built.items() if loop is not None})

    def _region(
        self,
        loop: str | None,
        members: list[str],
        edges: list[Edge],
        entry_points: Sequence[str],
        returning: Mapping[str, Mapping[str, None]],
    ) -> Region:
        cycle = find_cycle(members, edges)
        if cycle:
            self._complain_about_cycle(cycle)
        if loop is None:
            targets = {edge.target for edge in edges}
            starts = [n for n in members if n in set(entry_points) and n not in targets]
            return Region(None, tuple(members), tuple(starts), tuple(edges))
        begun = set(self._targets(loop, set(members), is_body=True))
        ends = returning.get(loop) or _terminals(members, edges)
        order = {node: at for at, node in enumerate(_topological(members, edges))}
        return Region(
            loop,
            tuple(members),
            tuple(node for node in members if node in begun),
            tuple(edges),
            tuple(sorted(ends, key=lambda node: order.get(node, 0))),
        )

    def _place(
        self,
        edge: Edge,
        edges: dict[str | None, list[Edge]],
        returning: dict[str, dict[str, None]],
    ) -> None:
        """Give an edge to the region it belongs to; edges back to a loop belong to none."""
        source = edge.source
        inside = self._loop_of[source]
        goal = self._loop_of.get(edge.target)
        if edge.handle == BODY and goal == edge.source and edge.target != edge.source:
            return
        while inside != goal:
            if inside is None:
                self._complain_about_entry(edge, goal)
                return
            if edge.target == inside:
                returning.setdefault(inside, {})[source] = None
                return
            source = inside
            inside = self._loop_of[source]
        if source == edge.source:
            edges.setdefault(inside, []).append(edge)
        elif edge.handle in _SIDEWAYS:
            self._complain_about_exit(edge, source)
        else:
            edges.setdefault(inside, []).append(Edge(edge.id, source, edge.target, DONE))
            self._warn_about_exit(edge, source)

    # --- complaints -----------------------------------------------------------------------------

    def _refuse(self, node: str, field: str, message: str, code: str) -> None:
        self.problems.append(Problem(node, field, message, "error", code))

    def complain_about_beginning(self, node: str) -> None:
        """Refuse an entry point in the body of a loop."""
        message = f"the run cannot begin in the body of loop '{self._loop_of[node]}'"
        self._refuse(node, "", message, "ENTRY_IN_LOOP_BODY")

    def _complain_about_cycle(self, cycle: list[str]) -> None:
        shown = cycle if len(cycle) <= _SHOWN_OF_CYCLE else [*cycle[:_SHOWN_OF_CYCLE], "…"]
        way = " → ".join([*shown, cycle[0]])
        message = f"{way} is a cycle, and only the body of a loop may lead back to its loop"
        self._refuse(cycle[0], "", message, "CYCLE")

    def _complain_about_entry(self, edge: Edge, loop: str | None) -> None:
        message = (
            f"{_spelt(edge)} '{edge.target}' leads into the body of loop '{loop}' from outside; "
            f"only '{BODY}' edges of the loop may"
        )
        self._refuse(edge.source, _field(edge), message, "INTO_LOOP_BODY")

    def _complain_about_exit(self, edge: Edge, loop: str) -> None:
        message = (
            f"{_spelt(edge)} '{edge.target}' leaves the body of loop '{loop}'; "
            "a failure can only be handled inside the body"
        )
        self._refuse(edge.source, _field(edge), message, "OUT_OF_LOOP_BODY")

    def _warn_about_exit(self, edge: Edge, loop: str) -> None:
        message = (
            f"the edge to '{edge.target}' leaves the body of loop '{loop}'; "
            f"'{edge.target}' runs once, after the loop"
        )
        self.problems.append(Problem(edge.source, "", message, "warning", "LEAVES_LOOP_BODY"))


def _spelt(edge: Edge) -> str:
    return "onError.gotoNode" if edge.handle == GOTO else f"the {edge.handle or 'plain'} edge to"


def _field(edge: Edge) -> str:
    return "onError.gotoNode" if edge.handle == GOTO else ""


def _terminals(members: Iterable[str], edges: Iterable[Edge]) -> dict[str, None]:
    sources = {edge.source for edge in edges}
    return {node: None for node in members if node not in sources}


def _topological(members: Sequence[str], edges: Sequence[Edge]) -> list[str]:
    open_edges = dict.fromkeys(members, 0)
    outgoing: dict[str, list[str]] = {}
    for edge in edges:
        open_edges[edge.target] += 1
        outgoing.setdefault(edge.source, []).append(edge.target)
    order = deque(node for node, count in open_edges.items() if not count)
    done: list[str] = []
    while order:
        node = order.popleft()
        done.append(node)
        for target in outgoing.get(node, ()):
            open_edges[target] -= 1
            if not open_edges[target]:
                order.append(target)
    return done
