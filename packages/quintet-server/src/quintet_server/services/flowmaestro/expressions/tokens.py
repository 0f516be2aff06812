"""Words, numbers, texts and signs of the expressions inside `{{…}}`.

There is no arithmetic in them, so a hyphen belongs to the name around it: `{{node-1.text}}`. For
the same reason a name may begin with a digit, as ids of nodes do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_SOURCE_LENGTH,
    ExpressionError,
)

Kind = Literal["number", "text", "name", "sign", "end"]

_TOKEN = re.compile(
    r"""
    (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w$-])(?!\.[A-Za-z_$]))
  | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<name>[\w$][\w$-]*)
  | (?P<sign>\{\{|\}\}|===|!==|\|\||&&|\?\?|==|!=|>=|<=|[<>!?:().\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)
_MEMBER = re.compile(r"[\w$-]+")
_BLANKS = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_LONGEST_NUMBER = 300


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is what it means, `position` where it begins."""

    kind: Kind
    value: Any
    position: int


def tokens(source: str) -> list[Token]:
    """The tokens of `source`, and one of kind `end` after them.

    Raises:
        ExpressionError: a character that has no meaning, a text without its closing quote, or more
            than `MAX_SOURCE_LENGTH` characters.
    """
    if len(source) > MAX_SOURCE_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_SOURCE_LENGTH} characters")
    found: list[Token] = []
    position = _blanks(source, 0)
    while position < len(source):
        follows_dot = bool(found) and found[-1].value == "." and found[-1].kind == "sign"
        token, end = _next(source, position, follows_dot=follows_dot)
        found.append(token)
        position = _blanks(source, end)
    found.append(Token("end", None, len(source)))
    return found


def _blanks(source: str, position: int) -> int:
    match = _BLANKS.match(source, position)
    return match.end() if match else position


def _next(source: str, position: int, *, follows_dot: bool) -> tuple[Token, int]:
    if follows_dot and (member := _MEMBER.match(source, position)):
        return Token("name", member[0], position), member.end()
    match = _TOKEN.match(source, position)
    if match is None:
        raise ExpressionError(_complaint(source[position]), position)
    value: Any = match[0]
    if match["number"]:
        return Token("number", read_number(value, position), position), match.end()
    if match["text"]:
        return Token("text", unescaped(value[1:-1]), position), match.end()
    return Token("name" if match["name"] else "sign", value, position), match.end()


def _complaint(character: str) -> str:
    if character in "\"'":
        return "The text that begins here has no closing quote"
    if character in "+-*/%":
        return f"There is no arithmetic in a placeholder ('{character}'); use a transform node"
    return f"Unexpected '{character}'"


def read_number(written: str, position: int) -> int | float:
    """The number that digits spell, if it is not absurdly long or large."""
    if len(written) > _LONGEST_NUMBER:
        raise ExpressionError("The number is too long", position)
    try:
        return int(written)
    except ValueError:
        number = float(written)
    if number in (float("inf"), float("-inf")):
        raise ExpressionError("The number is too large", position)
    return number


def unescaped(text: str) -> str:
    r"""The text a quoted one means: `\n`, `\t`, `\uXXXX`, and any other character as itself."""
    if "\\" not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPED.get(code, code)

    return _ESCAPE.sub(replaced, text)
