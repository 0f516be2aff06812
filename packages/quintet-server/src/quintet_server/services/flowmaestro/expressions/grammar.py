"""The expressions inside `{{…}}`: paths, literals, comparisons, `!`, `&&`, `||` and `? :`.

From the loosest to the tightest: `c ? a : b` (right-associative), `||`, `&&`, comparisons, `!`,
members and parentheses. `||` (also written `??`) gives the first operand that is not null, and so
keeps 0, "" and false; `&&` gives the left operand if it is falsy, else the right one. The
comparisons `> < >= <=` turn both sides into numbers. There is no arithmetic and there are no calls.

Each part of an expression is evaluated at most once: its length bounds the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final

from quintet_server.services.flowmaestro.expressions.errors import MAX_DEPTH, ExpressionError
from quintet_server.services.flowmaestro.expressions.paths import step_into
from quintet_server.services.flowmaestro.expressions.placeholders import Placeholder, split
from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope
from quintet_server.services.flowmaestro.expressions.tokens import Token, tokens
from quintet_server.services.flowmaestro.expressions.values import (
    check_text,
    is_falsy,
    loosely_equal,
    to_number,
    to_text,
)

__all__ = [
    "Expression",
    "ExpressionError",
    "evaluate",
    "evaluate_condition",
    "evaluate_or_missing",
    "parse",
    "root_names",
]

_WORDS: Final = {"true": True, "false": False, "null": None, "undefined": None}
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": loosely_equal,
    "===": loosely_equal,
    "!=": lambda left, right: not loosely_equal(left, right),
    "!==": lambda left, right: not loosely_equal(left, right),
    ">": lambda left, right: to_number(left) > to_number(right),
    "<": lambda left, right: to_number(left) < to_number(right),
    ">=": lambda left, right: to_number(left) >= to_number(right),
    "<=": lambda left, right: to_number(left) <= to_number(right),
}


class Expression:
    """A parsed expression: a tree of the classes below."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Literal(Expression):
    value: Any


@dataclass(frozen=True, slots=True)
class _Name(Expression):
    name: str


@dataclass(frozen=True, slots=True)
class _Member(Expression):
    of: Expression
    steps: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class _Text(Expression):
    """A quoted text of a condition with placeholders in it."""

    pieces: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class _Not(Expression):
    operand: Expression


@dataclass(frozen=True, slots=True)
class _First(Expression):
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class _All(Expression):
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class _Compared(Expression):
    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class _Choice(Expression):
    condition: Expression
    yes: Expression
    no: Expression


def evaluate(expression: str, scope: Scope) -> Any:
    """The value of an expression (written without braces); null if it leads nowhere.

    Raises:
        ExpressionError: it cannot be read, or compares values too large to be compared.
    """
    value = evaluate_or_missing(expression, scope)
    return None if value is MISSING else value


def evaluate_or_missing(expression: str, scope: Scope) -> Any:
    """Like `evaluate`, but `MISSING` if the expression leads nowhere. An empty one does."""
    return _value(parse(expression), scope)


def evaluate_condition(text: str, scope: Scope) -> Any:
    """The value of an expression in which placeholders may stand: `{{a.b}} > 3 && {{c}} == "x"`.

    A placeholder is a part of the expression, as if it stood in parentheses, and no text that is
    put in before parsing: what a variable holds never becomes a part of the program. Inside quotes
    it is interpolated.

    Raises:
        ExpressionError: as for `evaluate`.
    """
    value = _value(_parse_condition(text), scope)
    return None if value is MISSING else value


@lru_cache(maxsize=2048)
def parse(expression: str) -> Expression:
    """The tree of an expression.

    Raises:
        ExpressionError: it cannot be read, is too long or nested too deeply.
    """
    return _Parser(expression, placeholders=False).whole()


@lru_cache(maxsize=512)
def _parse_condition(text: str) -> Expression:
    return _Parser(text, placeholders=True).whole()


def root_names(expression: Expression) -> Iterator[str]:
    """The names an expression looks up, in order, with repetitions."""
    if isinstance(expression, _Name):
        yield expression.name
        return
    for part in fields(expression):  # type: ignore[arg-type]
        yield from _names_in(getattr(expression, part.name))


def _names_in(part: Any) -> Iterator[str]:
    if isinstance(part, Expression):
        yield from root_names(part)
    elif isinstance(part, tuple):
        for one in part:
            yield from _names_in(one)


def _value(expression: Expression, scope: Scope) -> Any:
    match expression:
        case _Literal(value):
            return value
        case _Name(name):
            return scope.lookup(name)
        case _Member(of, steps):
            return _member(of, steps, scope)
        case _Not(operand):
            return is_falsy(_value(operand, scope))
        case _First(operands):
            return _first(operands, scope)
        case _All(operands):
            return _all(operands, scope)
        case _Compared(first, rest):
            return _compared(first, rest, scope)
        case _Choice(condition, yes, no):
            return _value(no if is_falsy(_value(condition, scope)) else yes, scope)
        case _Text(pieces):
            return _text(pieces, scope)
    raise AssertionError(expression)


def _member(of: Expression, steps: tuple[Expression, ...], scope: Scope) -> Any:
    value = _value(of, scope)
    for step in steps:
        key = _value(step, scope)
        if isinstance(key, float) and key.is_integer():
            key = int(key)
        if isinstance(key, bool) or not isinstance(key, int | str):
            return MISSING
        value = step_into(value, key)
        if value is MISSING:
            return MISSING
    return value


def _first(operands: tuple[Expression, ...], scope: Scope) -> Any:
    value: Any = MISSING
    for operand in operands:
        value = _value(operand, scope)
        if value is not None and value is not MISSING:
            break
    return value


def _all(operands: tuple[Expression, ...], scope: Scope) -> Any:
    value: Any = MISSING
    for operand in operands:
        value = _value(operand, scope)
        if is_falsy(value):
            break
    return value


def _compared(first: Expression, rest: tuple[tuple[str, Expression], ...], scope: Scope) -> Any:
    value = _value(first, scope)
    for sign, operand in rest:
        value = _COMPARISONS[sign](value, _value(operand, scope))
    return value


def _text(pieces: tuple[str | Expression, ...], scope: Scope) -> str:
    texts = [piece if isinstance(piece, str) else to_text(_value(piece, scope)) for piece in pieces]
    return check_text("".join(texts))


class _Parser:
    """Recursive descent; every recursion counts towards `MAX_DEPTH`."""

    def __init__(self, source: str, *, placeholders: bool) -> None:
        self._tokens = tokens(source)
        self._at = 0
        self._depth = 0
        self._placeholders = placeholders

    def whole(self) -> Expression:
        if self._is_at_end():
            return _Literal(MISSING)
        expression = self._choice()
        if not self._is_at_end():
            raise self._unexpected()
        return expression

    def _is_at_end(self) -> bool:
        return self._next.kind == "end"

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str | None:
        token = self._next
        if token.kind == "sign" and token.value in signs:
            self._at += 1
            return str(token.value)
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._unexpected(f"'{sign}' is missing before")

    def _unexpected(self, complaint: str = "Unexpected") -> ExpressionError:
        token = self._next
        if token.kind == "end":
            return ExpressionError(f"{complaint} end of the expression", token.position)
        return ExpressionError(f"{complaint} '{token.value}'", token.position)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"The expression is nested deeper than {MAX_DEPTH}"
            raise ExpressionError(message, self._next.position)

    def _choice(self) -> Expression:
        self._deeper()
        expression = self._any()
        if self._take("?"):
            yes = self._choice()
            self._need(":")
            expression = _Choice(expression, yes, self._choice())
        self._depth -= 1
        return expression

    def _any(self) -> Expression:
        operands = [self._every()]
        while self._take("||", "??"):
            operands.append(self._every())
        return operands[0] if len(operands) == 1 else _First(tuple(operands))

    def _every(self) -> Expression:
        operands = [self._comparison()]
        while self._take("&&"):
            operands.append(self._comparison())
        return operands[0] if len(operands) == 1 else _All(tuple(operands))

    def _comparison(self) -> Expression:
        first = self._negation()
        rest: list[tuple[str, Expression]] = []
        while sign := self._take(*_COMPARISONS):
            rest.append((sign, self._negation()))
        return _Compared(first, tuple(rest)) if rest else first

    def _negation(self) -> Expression:
        if not self._take("!"):
            return self._path()
        self._deeper()
        expression = _Not(self._negation())
        self._depth -= 1
        return expression

    def _path(self) -> Expression:
        expression = self._primary()
        steps: list[Expression] = []
        while sign := self._take(".", "["):
            steps.append(self._name_step() if sign == "." else self._bracket_step())
        return _Member(expression, tuple(steps)) if steps else expression

    def _name_step(self) -> Expression:
        token = self._next
        if token.kind != "name":
            raise self._unexpected("A name is missing before")
        self._at += 1
        return _Literal(token.value)

    def _bracket_step(self) -> Expression:
        step = self._choice()
        self._need("]")
        return step

    def _primary(self) -> Expression:
        token = self._next
        if self._take("("):
            return self._enclosed(")")
        if self._placeholders and self._take("{{"):
            return self._enclosed("}}")
        if token.kind not in ("number", "text", "name"):
            raise self._unexpected()
        self._at += 1
        if token.kind == "name":
            is_word = token.value in _WORDS
            return _Literal(_WORDS[token.value]) if is_word else _Name(token.value)
        if token.kind == "text" and self._placeholders and "{{" in token.value:
            return self._quoted(token)
        return _Literal(token.value)

    def _enclosed(self, closing: str) -> Expression:
        expression = self._choice()
        self._need(closing)
        return expression

    def _quoted(self, token: Token) -> Expression:
        pieces: list[str | Expression] = []
        for piece in split(token.value):
            if isinstance(piece, Placeholder):
                try:
                    pieces.append(parse(piece.source))
                except ExpressionError as error:
                    raise error.moved(token.position + 1 + piece.position) from None
            else:
                pieces.append(piece)
        return _Text(tuple(pieces))
