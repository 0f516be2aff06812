"""How much two texts have in common by their words, for where no model is there to say."""

from __future__ import annotations

import re
from collections.abc import Collection

_WORD = re.compile(r"[^\W_]+")
# Words of English that every text has.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for from has have i if in into is it its me my no not of on "
        "or our please so that the their then there these they this to was we what when which "
        "will with you your ",
    )
)


def words_of(text: str) -> frozenset[str]:
    """The telling words of a text, in lower case, plurals and singulars as one."""
    found = (word.lower() for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in found if word not in _COMMON)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def overlap(wanted: Collection[str], offered: Collection[str]) -> float:
    """The share of the wanted words that are offered, from 0 to 1."""
    return len(set(wanted) & set(offered)) / len(wanted) if wanted else 0.0
