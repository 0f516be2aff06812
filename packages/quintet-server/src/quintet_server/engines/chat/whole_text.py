"""Text in pieces, each of which can be stored, sent and counted on its own."""

from __future__ import annotations

__all__ = ["WholeText"]

_REPLACEMENT = "�"


class WholeText:
    """Joins characters that a stream has cut, and replaces those that are none.

    JSON can carry half of a character beyond U+FFFF (a lone surrogate): the first half waits for
    the second. NUL cannot be stored by PostgreSQL. Chunking never changes the joined result.
    """

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """Return what is whole now, possibly nothing."""
        text = self._half + text
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return _storable(text)

    def end(self) -> str:
        """Return what is left: a replacement for a half whose other half never came."""
        half, self._half = self._half, ""
        return _storable(half)


def _storable(text: str) -> str:
    if text.isascii():
        return text.replace("\0", _REPLACEMENT)
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", _REPLACEMENT)
