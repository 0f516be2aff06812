"""What an expression may be told off for, and how large anything may grow.

Every bound has a name here; the error that reports one names it and its value.
"""

from __future__ import annotations

from typing import Final

MAX_SOURCE_LENGTH: Final = 10_000
"""Characters of one expression."""
MAX_DEPTH: Final = 50
"""Nesting of an expression. Each level costs about ten calls of the interpreter's thousand."""
MAX_STEPS: Final = 1_000_000
"""Evaluation steps of one transform: less than a second of one core."""
MAX_TEXT_LENGTH: Final = 4_000_000
"""Characters of a text that interpolation or a transform makes."""
MAX_VALUES: Final = 1_000_000
"""Values (members, elements, leaves) in what an expression gives, counted as they are written."""
MAX_VALUE_DEPTH: Final = 100
"""Nesting of what an expression gives."""


class ExpressionError(Exception):
    """An expression cannot be read, or cannot be evaluated on these values.

    Attributes:
        message: One sentence, without the position.
        position: Index of the character where the mistake is; 0 when it concerns the whole.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position

    def __str__(self) -> str:
        return f"{self.message} (at character {self.position + 1})"

    def moved(self, offset: int) -> ExpressionError:
        """The same error, seen from a text in which the expression starts at `offset`."""
        return type(self)(self.message, self.position + offset)
