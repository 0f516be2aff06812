"""HTML as Markdown: headings, lists and code keep their shape, everything else is paragraphs.

Only what a splitter and a reader of pieces need: emphasis and links are plain words.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from quintet_server.engines.texts.formats import DocumentUnreadable, UnsupportedFormat

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

__all__ = ["decoded_by_its_own_words", "html_to_markdown"]

_SKIPPED = {
    *("head", "title", "script", "style", "template", "noscript", "svg", "math", "iframe"),
    *("object", "canvas", "audio", "video"),
}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "details", "dialog", "dd", "div", "dl"),
    *("dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html"),
    *("legend", "main", "menu", "nav", "ol", "p", "section", "summary", "table", "tbody", "tfoot"),
    *("thead", "ul"),
}
_OPENINGS = {
    **{f"h{level}": f"\n\n{'#' * level} " for level in range(1, 7)},
    "li": "\n- ",
    "tr": "\n",
    "br": "\n",
    "pre": "\n\n```\n",
}
_CLOSINGS = {
    **{f"h{level}": "\n\n" for level in range(1, 7)},
    "td": " | ",
    "th": " | ",
    "pre": "\n```\n\n",
}
_BLANKS = re.compile(r"[ \t\n]+")
_TRAILING = re.compile(r"[ \t|]+\n")
_LEADING = re.compile(r"\n[ \t]+")
_GAPS = re.compile(r"\n{3,}")


def html_to_markdown(html: str) -> str:
    """Return what a reader of the page would read; without an `h1`, its title is one."""
    soup = _parsed(html)
    written = _Writer()
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    if title and soup.h1 is None:
        written.parts.append(f"# {_BLANKS.sub(' ', title)}\n\n")
    written.walk(soup)
    return written.text()


def decoded_by_its_own_words(data: bytes) -> str:
    """Decode a page by what it says of its encoding, or by what it looks like."""
    from bs4.dammit import UnicodeDammit

    text = UnicodeDammit(data, is_html=True).unicode_markup
    if text is None:
        raise DocumentUnreadable("its character encoding cannot be told")
    return text


def _parsed(html: str) -> BeautifulSoup:
    try:
        import bs4
    except ModuleNotFoundError as error:
        raise UnsupportedFormat(
            "HTML files are read only with pip install 'quintet-server[ai]'"
        ) from error
    with warnings.catch_warnings():
        # That it looks like a file name or like XML: it is what it was said to be.
        warnings.simplefilter("ignore")
        return bs4.BeautifulSoup(html, "html.parser")


class _Writer:
    """Walks a tree without recursion: pages can be nested deeper than Python's stack."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._preformatted = 0

    def walk(self, root: Any) -> None:
        from bs4.element import NavigableString, PageElement, PreformattedString, Tag

        todo: list[PageElement | str] = [root]
        while todo:
            node = todo.pop()
            if isinstance(node, Tag):
                if node.name not in _SKIPPED:
                    self._open(node.name)
                    todo.append(node.name)
                    todo.extend(reversed(node.contents))
            elif isinstance(node, NavigableString):
                if not isinstance(node, PreformattedString):  # comments, doctypes and the like
                    self._write(str(node))
            else:
                self._close(str(node))

    def text(self) -> str:
        # Inside code blocks blanks matter; those are put back as they were.
        pieces = "".join(self.parts).split("```")
        for number in range(0, len(pieces), 2):
            tidy = _LEADING.sub("\n", _TRAILING.sub("\n", pieces[number]))
            pieces[number] = _GAPS.sub("\n\n", tidy)
        return _GAPS.sub("\n\n", "```".join(pieces)).strip()

    def _open(self, name: str) -> None:
        self._preformatted += name == "pre"
        self.parts.append(_OPENINGS.get(name, "\n\n" if name in _BLOCKS else ""))

    def _close(self, name: str) -> None:
        self._preformatted -= name == "pre"
        self.parts.append(_CLOSINGS.get(name, "\n\n" if name in _BLOCKS else ""))

    def _write(self, text: str) -> None:
        self.parts.append(text if self._preformatted else _BLANKS.sub(" ", text))
