"""Pages drawn for tests, and what can be said about any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

from quintet_server.services.amdahl.pages.model import Page
from quintet_server.services.amdahl.rendering.document import html_page
from quintet_server.services.amdahl.rendering.outcome import Outcome

NOW = datetime(2026, 4, 14, 18, 22, 11, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
_DRAWN = re.compile(r"<svg.*?</svg>", re.DOTALL)
_COORDINATE = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_NUMERIC = ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "d", "viewBox")
_VOID = {"meta", "hr", "br", "img", "link", "input"}


def outcome(rows: Sequence[Mapping[str, Any]], **more: Any) -> Outcome:
    """The outcome of a query with these rows."""
    return Outcome(tuple(rows[0]) if rows else (), rows, **more)


def node(type: str, *children: Mapping[str, Any], **props: Any) -> dict[str, Any]:
    """A node of a spec."""
    made: dict[str, Any] = {"type": type, "props": props}
    return made | ({"children": list(children)} if children else {})


def page_of(root: Mapping[str, Any], **more: Any) -> Page:
    """A page with this root."""
    given: dict[str, Any] = {
        "id": "0b8ad8f4-9e0c-4a41-9d2a-0a4c6f3f5e10",
        "project_id": "p",
        "name": "Pipeline health",
        "description": None,
        "tags": (),
        "spec": {"version": 1, "root": root, "layout": more.pop("layout", "dashboard")},
        "declared_queries": (),
        "status": "draft",
        "version": 1,
        "uses_custom": False,
        "grants": (),
        "created_by": None,
        "updated_by": None,
        "created_at": NOW,
        "updated_at": NOW,
        "archived_at": None,
    }
    return Page(**(given | more))


def draw(
    root: Mapping[str, Any], outcomes: Mapping[str, Outcome] | None = None, **more: Any
) -> str:
    """The document of a page, checked for what holds for every one."""
    theme = more.pop("theme", None)
    page = page_of(root, **more)
    text = html_page(page, outcomes or {}, rendered_at=NOW, theme=theme).decode()
    check_document(text)
    return text


def chart(type: str, rows: Sequence[Mapping[str, Any]], **props: Any) -> str:
    """The document of a page that is one chart of these rows."""
    return draw(node(type, data={"$query": "q"}, **props), {"q": outcome(rows)})


def drawings(document: str) -> list[ET.Element]:
    """The drawings of a document."""
    return [ET.fromstring(found) for found in _DRAWN.findall(document)]


def marks(drawing: ET.Element, css: str) -> list[ET.Element]:
    """The shapes of a drawing that have this class."""
    return [each for each in drawing.iter() if css in (each.get("class") or "").split()]


def texts(drawing: ET.Element) -> list[str]:
    """The labels of a drawing."""
    return ["".join(each.itertext()) for each in drawing.iter(f"{SVG}text")]


def visible(document: str) -> str:
    """The text of a document, tags and style left out."""
    body = re.sub(r"<style>.*?</style>", "", document, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def check_document(text: str) -> None:
    """Tags that match, nothing that runs or is fetched, numbers that are numbers."""
    parser = _Checked()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    for drawing in drawings(text):
        _check_drawing(drawing)


class _Checked(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "iframe", "object", "embed", "img", "form", "base", "link"}
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name not in {"src", "srcset", "style", "xlink:href", "formaction"}, (tag, name)
            if name == "href":
                assert tag == "a"
                assert re.match(r"(https?://|mailto:)", value or "", re.IGNORECASE), value
            if name == "id":
                self.ids.append(value or "")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


def _check_drawing(drawing: ET.Element) -> None:
    assert drawing.get("role") == "img"
    for element in drawing.iter():
        assert element.tag.removeprefix(SVG) not in {"script", "image", "use", "foreignObject", "a"}
        for name in _NUMERIC:
            value = element.get(name)
            if value is not None:
                assert "nan" not in value, element.attrib
                assert "inf" not in value, element.attrib
                _check_numbers(_COORDINATE.findall(value), element)


def _check_numbers(found: Iterable[str], element: ET.Element) -> None:
    for number in found:
        assert abs(float(number)) < 20_000, element.attrib
