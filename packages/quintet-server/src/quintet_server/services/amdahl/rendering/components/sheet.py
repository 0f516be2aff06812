"""What components are drawn with: a node with its data, its place on the page, and the sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quintet_server.services.amdahl.rendering.bindings import queries_of, resolve
from quintet_server.services.amdahl.rendering.outcome import Outcome

DOCUMENT_MAX_CHARS = 12_000_000
"""A page may bind one query of a thousand rows five hundred times; a browser would not like it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands."""

    width: float
    """About how many pixels wide the column is on a wide screen."""
    framed: bool = False
    """Within a card, which has drawn the frame."""
    titled: bool = False
    """Under a title that says already what this is."""
    level: int = 2
    """Of the next heading."""


@dataclass(frozen=True, slots=True)
class Node:
    """A component with its bindings replaced by data."""

    type: str
    props: Mapping[str, Any]
    children: tuple[Mapping[str, Any], ...]
    bound: Mapping[str, Outcome | None]
    """The queries that its props name; None for one that the page does not declare."""
    raw: Mapping[str, Any]
    """The props as the spec has them."""
    place: Place

    def text(self, prop: str) -> str:
        """A prop as text; empty if it is missing."""
        value = self.props.get(prop)
        return "" if value is None else str(value)

    def tone(self, *allowed: str) -> str:
        """The tone, if it is one of those with a style."""
        tone = self.props.get("tone")
        return tone if isinstance(tone, str) and tone in allowed else ""


Component = Callable[["Sheet", Node], str]


@dataclass(slots=True)
class Sheet:
    """A document that is being drawn."""

    outcomes: Mapping[str, Outcome]
    components: Mapping[str, Component]
    otherwise: Component
    """Draws what has no component."""
    full: Component
    """Draws the notice that there is no room left."""
    room: int = DOCUMENT_MAX_CHARS
    _ids: int = field(default=0)

    def draw(self, spec: Any, place: Place) -> str:
        """The markup of a node of the spec and of everything below it."""
        node = self._node(spec if isinstance(spec, Mapping) else {}, place)
        if self.room <= 0:
            return self.full(self, node)
        drawn = self.components.get(node.type, self.otherwise)(self, node)
        if not node.children:
            self.room -= len(drawn)
        return drawn

    def children(self, node: Node, place: Place | None = None) -> str:
        """The markup of all children."""
        return "".join(self.draw(child, place or node.place) for child in node.children)

    def columns(self, node: Node, count: int, gap: float = 20) -> str:
        """The markup of children that stand side by side in so many columns."""
        width = (node.place.width - gap * (count - 1)) / count
        return self.children(node, replace(node.place, width=max(120.0, width)))

    def new_id(self) -> str:
        """A name that no other element of the document has."""
        self._ids += 1
        return f"i{self._ids}"

    def _node(self, spec: Mapping[str, Any], place: Place) -> Node:
        raw = spec.get("props")
        raw = raw if isinstance(raw, Mapping) else {}
        children = spec.get("children")
        return Node(
            type=str(spec.get("type")),
            props=resolve(dict(raw), self.outcomes),
            children=tuple(children) if isinstance(children, list) else (),
            bound={name: self.outcomes.get(name) for name in queries_of(dict(raw))},
            raw=raw,
            place=place,
        )
