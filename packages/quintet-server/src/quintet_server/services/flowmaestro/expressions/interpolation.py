"""Texts with `{{…}}` in them: into a text, or into a value that keeps its type."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_DEPTH,
    MAX_SOURCE_LENGTH,
    MAX_TEXT_LENGTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.grammar import (
    Expression,
    evaluate_or_missing,
    parse,
)
from quintet_server.services.flowmaestro.expressions.placeholders import Placeholder, split
from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope
from quintet_server.services.flowmaestro.expressions.values import to_text


def interpolate(text: str, scope: Scope) -> str:
    """The text with every placeholder replaced by what it stands for.

    Objects and lists appear as compact JSON, numbers as JavaScript prints them, null as `null`. A
    placeholder that leads nowhere, and an empty one, stays as it is written.

    Raises:
        ExpressionError: a placeholder holds no expression, or the result has more than
            `MAX_TEXT_LENGTH` characters. The position is that in `text`.
    """
    return _joined(_pieces(text), scope)


def resolve(value: Any, scope: Scope) -> Any:
    """A value with every text in it interpolated, at any depth; keys stay as they are.

    A text that is exactly one placeholder (blanks around it do not count) gives the value itself
    with its type, and null if that leads nowhere.

    Raises:
        ExpressionError: as for `interpolate`, or `value` is nested deeper than `MAX_DEPTH`.
    """
    return _resolved(value, scope, 0)


def placeholder_expressions(
    text: str,
) -> Iterator[tuple[Placeholder, Expression | ExpressionError]]:
    """Each placeholder of a text that is not empty, with its tree or what is wrong with it.

    Raises:
        ExpressionError: there are too many of them.
    """
    for piece in split(text):
        if isinstance(piece, Placeholder) and piece.source.strip():
            try:
                yield piece, parse(piece.source)
            except ExpressionError as error:
                yield piece, error.moved(piece.position)


def _resolved(value: Any, scope: Scope, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ExpressionError(f"The value is nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        return _resolved_text(value, scope)
    if isinstance(value, dict):
        return {key: _resolved(member, scope, depth + 1) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(member, scope, depth + 1) for member in value]
    return value


def _resolved_text(text: str, scope: Scope) -> Any:
    pieces = _pieces(text)
    telling = [piece for piece in pieces if isinstance(piece, Placeholder) or piece.strip()]
    if len(telling) == 1 and isinstance(telling[0], Placeholder):
        value = _value(telling[0], scope)
        return None if value is MISSING else value
    return _joined(pieces, scope)


def _pieces(text: str) -> tuple[str | Placeholder, ...]:
    if "{{" not in text:
        return (text,)
    return _cached_pieces(text) if len(text) <= MAX_SOURCE_LENGTH else tuple(split(text))


@lru_cache(maxsize=1024)
def _cached_pieces(text: str) -> tuple[str | Placeholder, ...]:
    return tuple(split(text))


def _joined(pieces: tuple[str | Placeholder, ...], scope: Scope) -> str:
    texts: list[str] = []
    length = 0
    for piece in pieces:
        text = piece if isinstance(piece, str) else _text(piece, scope)
        length += len(text)
        if length > MAX_TEXT_LENGTH:
            raise ExpressionError(f"The text is longer than {MAX_TEXT_LENGTH} characters")
        texts.append(text)
    return "".join(texts)


def _text(placeholder: Placeholder, scope: Scope) -> str:
    value = _value(placeholder, scope)
    return placeholder.written if value is MISSING else to_text(value)


def _value(placeholder: Placeholder, scope: Scope) -> Any:
    try:
        return evaluate_or_missing(placeholder.source, scope)
    except ExpressionError as error:
        raise error.moved(placeholder.position) from None
