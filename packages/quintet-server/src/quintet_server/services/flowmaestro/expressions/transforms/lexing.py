"""Words, numbers, texts and signs of transform expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_SOURCE_LENGTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.tokens import read_number, unescaped

Kind = Literal["number", "text", "template", "name", "sign", "end"]

_TOKEN = re.compile(
    r"""
    (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w$]))
  | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<template>`(?:\\.|[^`\\])*`)
  | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
  | (?P<sign>===|!==|\.\.\.|=>|\?\?|\?\.|\|\||&&|==|!=|>=|<=|[-+*/%&=<>!?:;,.()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_IGNORED = re.compile(r"(?:\s+|/\*(?:[^*]|\*(?!/))*\*/)*")
_QUOTES: Final = "\"'`"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is what it means, `position` where it begins."""

    kind: Kind
    value: Any
    position: int

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.value in signs


def lex(source: str) -> list[Token]:
    """The tokens of `source` and one of kind `end`; blanks and `/* comments */` are left out.

    Raises:
        ExpressionError: a character that has no meaning, a text without its closing quote, or more
            than `MAX_SOURCE_LENGTH` characters.
    """
    if len(source) > MAX_SOURCE_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_SOURCE_LENGTH} characters")
    found: list[Token] = []
    position = _after_ignored(source, 0)
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise ExpressionError(_complaint(source[position]), position)
        found.append(_token(match))
        position = _after_ignored(source, match.end())
    found.append(Token("end", None, len(source)))
    return found


def _after_ignored(source: str, position: int) -> int:
    match = _IGNORED.match(source, position)
    return match.end() if match else position


def _token(match: re.Match[str]) -> Token:
    written, position = match[0], match.start()
    if match["number"]:
        return Token("number", read_number(written, position), position)
    if match["text"]:
        return Token("text", unescaped(written[1:-1]), position)
    if match["template"]:
        return Token("template", written[1:-1], position)
    return Token("name" if match["name"] else "sign", written, position)


def _complaint(character: str) -> str:
    if character in _QUOTES:
        return "The text that begins here has no closing quote"
    return f"Unexpected '{character}'"
