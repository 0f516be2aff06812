"""Texts in pieces: sizes, overlaps, headings, pages."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.texts.extraction import PAGE_BREAK
from quintet_server.engines.texts.formats import Format
from quintet_server.engines.texts.splitting import Section, split, split_sections

HANDBOOK = """\
# Handbook

Welcome.

## Accounts

### Passwords

Open the account page and choose reset. The mail arrives within a minute.

```
# not a heading
```

### Deleting

Write to support.

Prices
======

Everything is free.
"""


def test_short_text_is_one_piece() -> None:
    assert split("  Only this.\n", 100, 0) == ["Only this."]


@pytest.mark.parametrize("text", ["", " \n\n\t "])
def test_text_without_anything_has_no_pieces(text) -> None:
    assert split(text, 100, 10) == []


@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=400),
    st.integers(1, 60),
    st.integers(0, 59),
    st.sampled_from([Format.TEXT, Format.MARKDOWN, Format.HTML, Format.PDF]),
)
def test_pieces_are_of_the_text_and_not_larger_than_asked(text, size, overlap, kind) -> None:
    pieces = split(text, size, min(overlap, size - 1), kind)
    assert all(0 < len(piece) <= size for piece in pieces)
    plain = "".join(text.split()).replace(PAGE_BREAK, "")
    assert all("".join(piece.split()) in plain for piece in pieces)


def test_pieces_overlap_by_whole_sentences() -> None:
    text = " ".join(f"Sentence number {number:02}." for number in range(20))
    pieces = split(text, 120, 50)
    assert len(pieces) > 3
    for one, next_one in pairwise(pieces):
        shared = next(n for n in range(60, -1, -1) if one.endswith(next_one[:n]))
        assert 20 <= shared <= 50


def test_nothing_is_lost_without_overlap() -> None:
    words = [f"word{number}" for number in range(500)]
    assert " ".join(split(" ".join(words), 70, 0)).split() == words


def test_markdown_is_cut_at_headings_and_pieces_know_where_they_stand() -> None:
    sections = split_sections(HANDBOOK, 90, 0, Format.MARKDOWN)
    trails = {section.text.splitlines()[0]: section.headings for section in sections}
    assert trails["### Passwords"] == ("Handbook", "Accounts")
    assert trails["Prices"] == ()
    code = next(section for section in sections if "not a heading" in section.text)
    assert code.headings == ("Handbook", "Accounts", "Passwords")


def test_hashes_in_plain_text_are_no_headings() -> None:
    assert {s.headings for s in split_sections(HANDBOOK, 90, 0, Format.TEXT)} == {()}


def test_pieces_of_a_pdf_know_their_page() -> None:
    text = PAGE_BREAK.join(["On the first.\n", "On the second.\n", "", "On the fourth."])
    assert split_sections(text, 18, 0, Format.PDF) == [
        Section("On the first.", (), 1),
        Section("On the second.", (), 2),
        Section("On the fourth.", (), 4),
    ]


@pytest.mark.parametrize("kind", [Format.MARKDOWN, Format.TEXT])
@pytest.mark.parametrize("unit", ["\n", " \n", "\r\n", "\u2028", "a", "word ", "`", "# a\n"])
def test_long_texts_without_boundaries_are_split_in_time(unit, kind) -> None:
    text = unit * (120_000 // len(unit)) + "end"
    started = time.monotonic()
    pieces = split(text, 1000, 200, kind)
    assert pieces[-1].endswith("end")
    assert time.monotonic() - started < 60


def test_thousands_of_empty_pages_are_split_in_time() -> None:
    pages = "\n\f" * 10_000 + "end"
    started = time.monotonic()
    assert split_sections(pages, 1000, 200, Format.PDF) == [Section("end", (), 10_001)]
    assert time.monotonic() - started < 60


def test_long_texts_are_cut_at_headings_paragraphs_lines_and_words() -> None:
    paragraph = "A sentence of a paragraph. " * 40
    text = "\n\n".join(f"## Part {n}\n\n{paragraph}" for n in range(100))
    sections = split_sections(text, 2000, 0, Format.MARKDOWN)
    assert len(text) > 3 * 32_000
    assert [section.text.splitlines()[0] for section in sections] == [
        f"## Part {n}" for n in range(100)
    ]
    words = " ".join(f"word{n}" for n in range(20_000))
    assert " ".join(split(words, 500, 0)).split() == words.split()


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (10, 10), (10, -1), (-5, 0)])
def test_impossible_sizes_are_refused(size, overlap) -> None:
    with pytest.raises(ValueError, match="impossible"):
        split("text", size, overlap)
