"""Where the `{{…}}` of a text are, and what stands between them; nothing is evaluated here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_SOURCE_LENGTH,
    ExpressionError,
)

MAX_PLACEHOLDERS: Final = 2_000
"""`{{` in one text."""

_CLOSED = re.compile(
    r"""(?>[^"'}] | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \}(?!\}))* \}\}""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder.

    Attributes:
        written: The whole, with its braces.
        source: What stands between the braces.
        position: Index of the first character of `source` in the text.
    """

    written: str
    source: str
    position: int


def split(text: str) -> list[str | Placeholder]:
    """The text cut into plain pieces and placeholders, in order, nothing lost.

    Braces inside quotes do not end a placeholder, so `{{ "{{" }}` writes two braces. Braces that
    nothing closes are plain text.

    Raises:
        ExpressionError: there are more than `MAX_PLACEHOLDERS` opening braces.
    """
    pieces: list[str | Placeholder] = []
    plain_from = searched_from = 0
    for _ in range(MAX_PLACEHOLDERS):
        opened = text.find("{{", searched_from)
        if opened < 0 or text.find("}}", opened) < 0:
            break
        while text.startswith("{{{", opened):
            opened += 1
        end = _end(text, opened + 2)
        if end < 0:
            searched_from = opened + 2
            continue
        if opened > plain_from:
            pieces.append(text[plain_from:opened])
        pieces.append(Placeholder(text[opened:end], text[opened + 2 : end - 2], opened + 2))
        plain_from = searched_from = end
    else:
        raise ExpressionError(f"The text has more than {MAX_PLACEHOLDERS} placeholders")
    if plain_from < len(text):
        pieces.append(text[plain_from:])
    return pieces


def _end(text: str, start: int) -> int:
    limit = start + MAX_SOURCE_LENGTH + 2
    match = _CLOSED.match(text, start, limit)
    if match is not None:
        return match.end()
    # An odd apostrophe, as in {{ don't }}: the braces decide, and the parser says what is wrong.
    closed = text.find("}}", start, limit)
    return closed + 2 if closed >= 0 else -1
