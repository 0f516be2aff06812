"""Which keys start with a prefix, as a range of the byte order."""

from __future__ import annotations

__all__ = ["end_of_prefix"]

_LAST = 0x10FFFF
_BEFORE_SURROGATES, _AFTER_SURROGATES = 0xD7FF, 0xE000


def end_of_prefix(prefix: str) -> str | None:
    """The first text behind everything that starts with `prefix`; None when nothing is.

    Code points compare as their UTF-8 bytes do, so the next one after the last is that text.
    Surrogates are no characters and are left out.
    """
    while prefix and ord(prefix[-1]) == _LAST:
        prefix = prefix[:-1]
    if not prefix:
        return None
    code = ord(prefix[-1])
    following = _AFTER_SURROGATES if code == _BEFORE_SURROGATES else code + 1
    return prefix[:-1] + chr(following)
