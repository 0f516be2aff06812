"""From a text to pieces that are small enough to embed and large enough to be read.

Boundaries are looked for from the coarsest to the finest: headings by level (Markdown), blocks,
paragraphs, sentences, words. Sizes and overlaps are in characters.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from quintet_server.engines.texts.extraction import PAGE_BREAK
from quintet_server.engines.texts.formats import Format

if TYPE_CHECKING:
    from semantic_text_splitter import MarkdownSplitter, TextSplitter

__all__ = ["Section", "SplitterMissing", "split", "split_sections"]

# Several times the largest piece.
_PART_MAX_CHARS = 32_000
# On thousands of blank lines, or of blanks that are no line feeds, the splitter takes minutes.
_MANY_LINES = re.compile(r"\n(?:[^\S\n\f]*\n){3,}")
_MANY_BLANKS = re.compile(r"[^\S\n\f]{200,}")


class SplitterMissing(Exception):
    """The library that splits is not installed."""


@dataclass(frozen=True, slots=True)
class Section:
    """A piece, and where it stands.

    Attributes:
        text: as in the document, without blanks around it and with no more than two blank lines.
        headings: of the sections it begins in, outermost first; its own first line is not repeated.
        page: of a PDF, from 1; None elsewhere.
    """

    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class _Heading:
    offset: int
    level: int
    title: str


def split(text: str, size: int, overlap: int, kind: Format = Format.TEXT) -> list[str]:
    """Return the pieces alone, see :func:`split_sections`."""
    return [section.text for section in split_sections(text, size, overlap, kind)]


def split_sections(text: str, size: int, overlap: int, kind: Format = Format.TEXT) -> list[Section]:
    """Cut a text into pieces of at most `size` characters that share at most `overlap`.

    `kind` is what the text was extracted from. Blocking, but not for other threads; about a second
    for a million characters.

    Raises:
        ValueError: `size` below 1, `overlap` negative or not below `size`.
        SplitterMissing.
    """
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"size {size} with overlap {overlap} is impossible")
    try:
        from semantic_text_splitter import MarkdownSplitter, TextSplitter
    except ModuleNotFoundError as error:
        raise SplitterMissing(
            "documents are split only with pip install 'quintet-server[ai]'"
        ) from error
    text = _MANY_BLANKS.sub(" ", _MANY_LINES.sub("\n\n\n", text.replace("\r\n", "\n")))
    if kind is Format.PDF:
        # A page is a place that can be named: no piece is on two of them.
        splitter = TextSplitter(size, overlap)
        return [
            Section(piece.strip(), (), number)
            for number, page in enumerate(text.split(PAGE_BREAK), 1)
            for _, piece in _pieces(splitter, page, ())
        ]
    is_markdown = kind in (Format.MARKDOWN, Format.HTML)
    headings = _headings(text) if is_markdown else []
    marks = [heading.offset for heading in headings]
    return [
        Section(piece.strip(), _trail(headings, offset))
        for offset, piece in _pieces(
            (MarkdownSplitter if is_markdown else TextSplitter)(size, overlap), text, marks
        )
    ]


def _pieces(
    splitter: MarkdownSplitter | TextSplitter, text: str, headings: Sequence[int]
) -> Iterator[tuple[int, str]]:
    """The pieces with their places; none is blank."""
    for start, part in _parts(text, headings):
        for offset, piece in splitter.chunk_indices(part):
            if piece.strip():
                yield start + offset, piece


def _parts(text: str, headings: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Cut a long text where it hurts least; yields each part with its place.

    The splitter takes time by the square of what it is given when that has few boundaries: a
    megabyte without a full stop would take minutes.
    """
    start = 0
    while len(text) - start > _PART_MAX_CHARS:
        end = _best_cut(text, start + _PART_MAX_CHARS // 2, start + _PART_MAX_CHARS, headings)
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def _best_cut(text: str, low: int, high: int, headings: Sequence[int]) -> int:
    """Before a heading, else after a paragraph, a line, a word, else anywhere."""
    place = bisect_right(headings, high) - 1
    if place >= 0 and headings[place] > low:
        return headings[place]
    for boundary in ("\n\n", "\n", " "):
        found = text.rfind(boundary, low, high)
        if found >= 0:
            return found + len(boundary)
    return high


def _headings(text: str) -> list[_Heading]:
    """Every heading outside of code, in order."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(["inline"])  # only the blocks matter
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    tokens = parser.parse(text)
    return [
        _Heading(starts[opening.map[0]], int(opening.tag[1:]), " ".join(inside.content.split()))
        for opening, inside in pairwise(tokens)
        if opening.type == "heading_open" and opening.map is not None
    ]


def _trail(headings: Sequence[_Heading], offset: int) -> tuple[str, ...]:
    """The headings that a place is under; one that begins there is part of the text."""
    before = headings[: bisect_left(headings, offset, key=lambda heading: heading.offset)]
    return tuple(reversed([heading.title for heading in _enclosing(before, headings, offset)]))


def _enclosing(
    before: Sequence[_Heading], headings: Sequence[_Heading], offset: int
) -> Iterator[_Heading]:
    """Innermost first: each is of a higher level than the one it encloses."""
    here = headings[len(before)] if len(before) < len(headings) else None
    level = here.level if here is not None and here.offset == offset else 7
    for heading in reversed(before):
        if heading.level < level:
            level = heading.level
            yield heading
