"""Flows between nodes, from left to right; bands are as thick as what flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from quintet_server.services.amdahl.rendering.charts.axes import height_for
from quintet_server.services.amdahl.rendering.charts.figure import (
    NO_ROWS,
    Drawing,
    Figure,
    Nothing,
)
from quintet_server.services.amdahl.rendering.charts.series import rows_of
from quintet_server.services.amdahl.rendering.charts.svg import color, label, n, shape, tooltip
from quintet_server.services.amdahl.rendering.charts.text_width import fitted
from quintet_server.services.amdahl.rendering.values import compact, name, number, plain

LINKS_MAX_COUNT = 200
_NODE_PX, _GAP_PX = 12.0, 12.0
_ROUNDS = 4


class Link(NamedTuple):
    """What flows from one node to another."""

    source: str
    target: str
    value: float


@dataclass(slots=True)
class Node:
    """A node: its layer, its place among those of the layer, its size."""

    key: str
    label: str
    layer: int = 0
    order: float = 0.0
    size: float = 0.0
    y: float = 0.0
    height: float = 0.0
    sent: float = field(default=0.0)
    received: float = field(default=0.0)


def figure(props: Mapping[str, Any]) -> Figure | Nothing:
    """`nodes` with `id` or `name`, `links` with `source`, `target`, `value`."""
    rows = rows_of(props.get("links"))
    if not rows:
        return NO_ROWS
    links = _links(rows)
    links, in_circles = _without_circles(links)
    if not links:
        return Nothing("None of the links has a value above zero.")
    notes = [f"{in_circles} links that lead back are left out."] if in_circles else []
    if len(links) > LINKS_MAX_COUNT:
        notes.append(f"The biggest {LINKS_MAX_COUNT} of {len(links):,} links are shown.")
        links = sorted(links, key=lambda link: -link.value)[:LINKS_MAX_COUNT]
    nodes = _laid(_nodes(rows_of(props.get("nodes")), links), links)
    total = sum(link.value for link in links)
    return Figure(
        kind="Flow chart",
        title="Flows",
        summary=f"{len(links)} flows between {len(nodes)} nodes, {plain(total)} in total.",
        draw=Sankey(nodes, links).draw,
        notes=notes,
        marks=len(links),
    )


def _links(rows: Sequence[Mapping[str, Any]]) -> list[Link]:
    """Links above zero; those of the same pair are added up."""
    sums: dict[tuple[str, str], float] = {}
    for row in rows:
        value = number(row.get("value")) or 0.0
        pair = name(row.get("source")), name(row.get("target"))
        if value > 0:
            sums[pair] = sums.get(pair, 0.0) + value
    return [Link(source, target, value) for (source, target), value in sums.items()]


def _without_circles(links: Sequence[Link]) -> tuple[list[Link], int]:
    """The links that lead forward: one that would close a circle is left out, biggest stay."""
    after: dict[str, set[str]] = {}
    kept = []
    for link in sorted(links, key=lambda link: -link.value):
        if link.source == link.target or _leads(after, link.target, link.source):
            continue
        after.setdefault(link.source, set()).add(link.target)
        kept.append(link)
    return kept, len(links) - len(kept)


def _leads(after: Mapping[str, set[str]], begin: str, end: str) -> bool:
    seen, waiting = {begin}, [begin]
    while waiting:
        for node in after.get(waiting.pop(), ()):
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return False


def _nodes(rows: Sequence[Mapping[str, Any]], links: Sequence[Link]) -> dict[str, Node]:
    """The nodes that links touch, under the names that the rows of nodes give them."""
    labels: dict[str, str] = {}
    for row in rows:
        key = name(row.get("id") if row.get("id") is not None else row.get("name"))
        labels[key] = name(row.get("label") or row.get("name") or row.get("id"))
    nodes: dict[str, Node] = {}
    for link in links:
        for key in (link.source, link.target):
            nodes.setdefault(key, Node(key, labels.get(key, key)))
    return nodes


def _laid(nodes: dict[str, Node], links: Sequence[Link]) -> dict[str, Node]:
    """Layers by the longest way, sizes by what flows, order by where the neighbours are."""
    moved = True
    while moved:  # ends, for there are no circles
        moved = False
        for link in links:
            if nodes[link.target].layer <= nodes[link.source].layer:
                nodes[link.target].layer = nodes[link.source].layer + 1
                moved = True
    for key, node in nodes.items():
        outgoing = sum(link.value for link in links if link.source == key)
        incoming = sum(link.value for link in links if link.target == key)
        node.size = max(outgoing, incoming)
    for layer in _layers(nodes):
        for place, node in enumerate(sorted(layer, key=lambda node: -node.size)):
            node.order = float(place)
    for turn in range(_ROUNDS):
        _pull(nodes, links, forward=turn % 2 == 0)
    return nodes


def _layers(nodes: Mapping[str, Node]) -> list[list[Node]]:
    count = 1 + max(node.layer for node in nodes.values())
    layers: list[list[Node]] = [[] for _ in range(count)]
    for node in nodes.values():
        layers[node.layer].append(node)
    return layers


def _pull(nodes: Mapping[str, Node], links: Sequence[Link], *, forward: bool) -> None:
    """Order each layer by the weighted middle of its neighbours on one side."""
    pulls: dict[str, list[tuple[float, float]]] = {}
    for link in links:
        here, there = (link.target, link.source) if forward else (link.source, link.target)
        pulls.setdefault(here, []).append((nodes[there].order, link.value))
    layers = _layers(nodes)
    for layer in layers if forward else reversed(layers):
        middles = {node.key: _middle(pulls.get(node.key), node.order) for node in layer}
        for place, node in enumerate(sorted(layer, key=lambda node: middles[node.key])):
            node.order = float(place)


def _middle(found: Sequence[tuple[float, float]] | None, otherwise: float) -> float:
    if not found:
        return otherwise
    return sum(order * value for order, value in found) / sum(value for _, value in found)


@dataclass(frozen=True, slots=True)
class Sankey:
    """Nodes in layers and the bands between them."""

    nodes: Mapping[str, Node]
    links: Sequence[Link]

    def draw(self, width: float) -> Drawing:
        """Bands first, nodes over them, names beside the nodes."""
        layers = _layers(self.nodes)
        most = max(map(len, layers))
        height = max(height_for(width), most * 26.0)
        self._place(layers, height)
        step = (width - _NODE_PX) / max(1, len(layers) - 1)
        lefts = {node.key: node.layer * step for node in self.nodes.values()}
        colors = {key: index for index, key in enumerate(self.nodes)}
        ordered = sorted(
            self.links,
            key=lambda link: (self.nodes[link.source].order, self.nodes[link.target].order),
        )
        shapes = [self._band(link, lefts, colors[link.source]) for link in ordered]
        for node in self.nodes.values():
            shapes.append(self._node(node, lefts[node.key], colors[node.key], step, width))
        return Drawing(width, height, "".join(shapes))

    def _place(self, layers: Sequence[Sequence[Node]], height: float) -> None:
        scale = min(
            (height - 8 - _GAP_PX * (len(layer) - 1)) / sum(node.size for node in layer)
            for layer in layers
        )
        for layer in layers:
            used = sum(max(1.0, node.size * scale) for node in layer) + _GAP_PX * (len(layer) - 1)
            y = max(4.0, (height - used) / 2)
            for node in sorted(layer, key=lambda node: node.order):
                node.y, node.height = y, max(1.0, node.size * scale)
                node.sent = node.received = 0.0
                y += node.height + _GAP_PX

    def _band(self, link: Link, lefts: Mapping[str, float], index: int) -> str:
        source, target = self.nodes[link.source], self.nodes[link.target]
        x1, x2 = lefts[link.source] + _NODE_PX, lefts[link.target]
        out = source.height * link.value / source.size
        into = target.height * link.value / target.size
        y1, y2 = source.y + source.sent, target.y + target.received
        source.sent += out
        target.received += into
        middle = n((x1 + x2) / 2)
        path = (
            f"M{n(x1)} {n(y1)}C{middle} {n(y1)} {middle} {n(y2)} {n(x2)} {n(y2)}v{n(into)}"
            f"C{middle} {n(y2 + into)} {middle} {n(y1 + out)} {n(x1)} {n(y1 + out)}z"
        )
        told = tooltip(f"{source.label} → {target.label}\n{plain(link.value)}")
        return shape(path, f"flow {color(index)}", told)

    def _node(self, node: Node, left: float, index: int, step: float, width: float) -> str:
        told = tooltip(f"{node.label}\n{plain(node.size)}")
        drawn = (
            f'<rect class="b {color(index)}" x="{n(left)}" y="{n(node.y)}" width="{n(_NODE_PX)}" '
            f'height="{n(node.height)}" rx="2">{told}</rect>'
        )
        if node.height < 9 and len(self.nodes) > 24:
            return drawn
        room = step - _NODE_PX - 16
        at_end = left + _NODE_PX + room / 2 > width
        text = fitted(f"{node.label} {compact(node.size)}", max(40.0, room * 0.9))
        x, anchor = (left - 6, "e") if at_end else (left + _NODE_PX + 6, "")
        return drawn + label(x, node.y + node.height / 2 + 4, text, "n halo", anchor)
