"""The part of a text in which a question finds itself: one line, plain, without markup."""

from __future__ import annotations

import re

__all__ = ["snippet_of", "words_of"]

_WORD = re.compile(r"\w+")
_WORD_MIN_CHARS = 2
_STEM_MIN_CHARS = 4
# What a browser would take for the beginning of a tag; a lone `<` before a number is none.
_TAG = re.compile(r"<(?=[A-Za-z/!?])[^<>]*>?")


def words_of(query: str) -> list[str]:
    """The words of a question, in small letters, each once."""
    found = (word.lower() for word in _WORD.findall(query))
    return list(dict.fromkeys(word for word in found if _is_telling(word)))


def _is_telling(word: str) -> bool:
    """A single letter is in every text; a digit may be the number of something."""
    return len(word) >= _WORD_MIN_CHARS or word.isdigit()


def snippet_of(text: str, query: str, *, max_chars: int = 240) -> str:
    """At most so many characters (and an ellipsis at each cut) where most of the words stand.

    Without a match it is the beginning. Words are compared by their beginnings, so that another
    ending does not hide one. Tags are taken out: whoever puts it into a page unescaped, against
    all advice, shows no markup of a document's author.
    """
    plain = _plain(text)
    if len(plain) <= max_chars:
        return plain
    start = _best_start(plain, query, max_chars)
    end = min(start + max_chars, len(plain))
    if start > 0:  # not in the middle of a word, unless there is nothing but one
        start = _after_blank(plain, start, start + max_chars // 4)
    if end < len(plain):
        blank = plain.rfind(" ", end - max_chars // 4, end)
        end = blank if blank > start else end
    before, after = "…" if start > 0 else "", "…" if end < len(plain) else ""
    return f"{before}{plain[start:end].strip()}{after}"


def _plain(text: str) -> str:
    while (less := _TAG.sub(" ", text)) != text:
        text = less
    return " ".join(text.split())


def _best_start(plain: str, query: str, max_chars: int) -> int:
    places = _places(plain, words_of(query))
    best, best_count = 0, 0
    for number, (start, _) in enumerate(places):
        inside = {word for place, word in places[number:] if place < start + max_chars * 3 // 4}
        if len(inside) > best_count:
            best, best_count = start, len(inside)
    return max(0, min(best - max_chars // 4, len(plain) - max_chars))


def _places(plain: str, words: list[str]) -> list[tuple[int, str]]:
    """Where words begin that begin like one of the question's; the first two hundred."""
    if not words:
        return []
    stems = [re.escape(word[: max(_STEM_MIN_CHARS, len(word) * 2 // 3)]) for word in words]
    pattern = re.compile(rf"\b(?:{'|'.join(stems)})", re.IGNORECASE)
    places = []
    for match in pattern.finditer(plain):
        places.append((match.start(), match.group().lower()))
        if len(places) == 200:
            break
    return places


def _after_blank(plain: str, start: int, most: int) -> int:
    blank = plain.find(" ", start, most)
    return start if blank < 0 else blank + 1
