"""Heading, Text, Markdown, Badge, Callout, List, Insight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.services.amdahl.rendering.components.layout import heading
from quintet_server.services.amdahl.rendering.components.sheet import Component, Node, Sheet
from quintet_server.services.amdahl.rendering.components.states import (
    cut,
    empty,
    failure_of,
    notes,
)
from quintet_server.services.amdahl.rendering.markdown import to_html
from quintet_server.services.amdahl.rendering.markup import element, escape
from quintet_server.services.amdahl.rendering.values import NONE, name

_TONES = ("neutral", "muted", "positive", "warning", "negative")


def title(_sheet: Sheet, node: Node) -> str:
    """A heading; the page's name is the only one of the first level."""
    level = node.props.get("level")
    return failure_of(node) or heading(
        _shown(node, "text"), 1 + (level if level in {1, 2, 3} else 2)
    )


def text(_sheet: Sheet, node: Node) -> str:
    """A paragraph; line breaks stay."""
    css = f"text {node.tone(*_TONES)}".strip()
    return failure_of(node) or element("p", escape(_shown(node, "text")), class_=css, dir="auto")


def markdown(_sheet: Sheet, node: Node) -> str:
    """Prose."""
    return element("div", to_html(node.text("body")), class_="prose", dir="auto")


def badge(_sheet: Sheet, node: Node) -> str:
    """A word or two on a coloured ground."""
    css = f"badge {node.tone(*_TONES)}".strip()
    return failure_of(node) or element("span", escape(_shown(node, "text")), class_=css, dir="auto")


def callout(sheet: Sheet, node: Node) -> str:
    """A part that stands out; its message is its children."""
    css = f"callout {node.tone(*_TONES)}".strip()
    label = node.text("title")
    inside = element("div", heading(label, 4), class_="name") if label else ""
    return element("div", inside + sheet.children(node), class_=css, role="note")


def items(_sheet: Sheet, node: Node) -> str:
    """A list of texts, or of one column of a query."""
    failed = failure_of(node)
    if failed:
        return failed
    given = node.props.get("items")
    texts = [_item(each, node.props.get("field")) for each in given or []]
    if not texts:
        return empty("There is nothing in this list.")
    inside = "".join(element("li", escape(each), dir="auto") for each in texts)
    tag = "ol" if node.props.get("ordered") is True else "ul"
    return element(tag, inside, class_="list") + notes(cut(node))


def insight(_sheet: Sheet, node: Node) -> str:
    """A finding in words."""
    css = f"callout {node.tone(*_TONES)}".strip()
    label = node.text("title")
    inside = element("div", heading(label, 4), class_="name") if label else ""
    body = element("p", escape(_shown(node, "body")), class_="text", dir="auto")
    return failure_of(node) or element("div", inside + body, class_=css, role="note")


def _item(item: Any, field: Any) -> str:
    if isinstance(item, Mapping):
        return name(item.get(field) if isinstance(field, str) else next(iter(item.values()), None))
    return name(item)


def _shown(node: Node, prop: str) -> str:
    """A text, or the cell it is bound to."""
    value = node.props.get(prop)
    return NONE if value is None else name(value)


COMPONENTS: Mapping[str, Component] = {
    "Heading": title,
    "Text": text,
    "Markdown": markdown,
    "Badge": badge,
    "Callout": callout,
    "List": items,
    "Insight": insight,
}
