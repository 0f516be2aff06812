"""How wide a text will be, without a font to ask: good enough to keep labels apart."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

SIZE_PX = 12.0
"""Of the labels in charts; the stylesheet has the same."""

_NARROW = frozenset("iljtfrI.,:;|!'`()[] -")
_WIDE = frozenset("mwMW@%—")


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = SIZE_PX) -> float:
    """Pixels, rather too many than too few: system fonts differ by a tenth."""
    return size * sum(map(_ems, text))


def _ems(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if character in _WIDE:
        return 0.95
    if character < "\u1100":
        return 0.7 if character.isupper() else 0.6
    if unicodedata.combining(character):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(character) in "WF" else 0.7


def fitted(text: str, width: float, size: float = SIZE_PX) -> str:
    """The text, cut with an ellipsis where it would be wider than `width`; empty if hopeless."""
    if text_width(text[:200], size) <= width and len(text) <= 200:
        return text
    room = width - 0.9 * size
    for index, character in enumerate(text):
        room -= size * _ems(character)
        if room < 0:
            return f"{text[:index].rstrip()}…" if index else ""
    return text
