"""Section, Row, Grid, Card, Divider, Spacer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from quintet_server.services.amdahl.rendering.components.sheet import Component, Node, Sheet
from quintet_server.services.amdahl.rendering.markup import element, escape

_CARD_PADDING_PX = 46.0
_GAPS = ("none", "sm", "md", "lg")
_ALIGNMENTS = ("start", "center", "end", "stretch")
_SIZES = ("sm", "md", "lg")
_COLUMNS_MAX_COUNT = 12


def section(sheet: Sheet, node: Node) -> str:
    """A part of the page under a title."""
    title, about = node.text("title"), node.text("description")
    level = node.place.level
    intro = heading(title, level) if title else ""
    intro += element("p", escape(about), dir="auto") if about else ""
    below = replace(node.place, level=level + 1 if title else level)
    inside = element("div", intro, class_="intro") if intro else ""
    return element("section", inside + sheet.children(node, below), class_="stack section")


def row(sheet: Sheet, node: Node) -> str:
    """Children side by side, below each other where there is no room."""
    inside = sheet.columns(node, max(1, len(node.children)))
    return element("div", inside, class_=f"row {_gap(node)} {_alignment(node)}".strip())


def grid(sheet: Sheet, node: Node) -> str:
    """Children in columns of one width; fewer columns on narrow screens."""
    given = node.props.get("columns")
    count = given if type(given) is int and 1 <= given <= _COLUMNS_MAX_COUNT else 2
    # Fewer children than columns share the whole width.
    inside = sheet.columns(node, max(1, min(count, len(node.children))))
    return element("div", inside, class_=f"grid n{count} {_gap(node)}".strip())


def card(sheet: Sheet, node: Node) -> str:
    """A framed part with a title of its own."""
    title, subtitle = node.text("title"), node.text("subtitle")
    level = node.place.level
    head = heading(title, max(3, level)) if title else ""
    head += element("p", escape(subtitle), class_="sub", dir="auto") if subtitle else ""
    place = replace(
        node.place,
        width=node.place.width - _CARD_PADDING_PX,
        framed=True,
        titled=bool(title) and len(node.children) == 1,
        level=level + 1 if title else level,
    )
    inside = (element("div", head) if head else "") + sheet.children(node, place)
    return element("div", inside, class_="card")


def divider(_sheet: Sheet, _node: Node) -> str:
    """A line between what comes before and what comes after."""
    return '<hr class="divider">'


def spacer(_sheet: Sheet, node: Node) -> str:
    """Room."""
    size = node.props.get("size")
    return element("div", class_=f"space-{size if size in _SIZES else 'md'}")


def heading(text: str, level: int) -> str:
    """A heading; below the fourth level all look alike."""
    return element(f"h{min(4, max(2, level))}", escape(text), dir="auto")


def _gap(node: Node) -> str:
    gap = node.props.get("gap")
    return f"gap-{gap}" if gap in _GAPS and gap != "md" else ""


def _alignment(node: Node) -> str:
    align = node.props.get("align")
    return f"align-{align}" if align in _ALIGNMENTS and align != "stretch" else ""


COMPONENTS: Mapping[str, Component] = {
    "Section": section,
    "Row": row,
    "Grid": grid,
    "Card": card,
    "Divider": divider,
    "Spacer": spacer,
}
