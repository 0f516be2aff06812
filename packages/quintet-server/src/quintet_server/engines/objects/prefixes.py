"""Where the keys with a prefix end, in the order of their bytes."""

from __future__ import annotations

__all__ = ["after_prefix"]

_LAST = 0x10FFFF
_BEFORE_SURROGATES, _AFTER_SURROGATES = 0xD7FF, 0xE000


def after_prefix(prefix: str) -> str | None:
    """The smallest text beyond every text that begins with `prefix`; None: there is none.

    UTF-8 bytes sort as the characters' numbers do, so the last character that has a successor
    gets it. With that end an index finds the keys of a prefix without looking beyond them.
    """
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    number = ord(kept[-1])
    following = _AFTER_SURROGATES if number == _BEFORE_SURROGATES else number + 1
    return kept[:-1] + chr(following)
