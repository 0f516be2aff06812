"""From the text of a transform expression to its tree; every recursion counts towards a bound."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from quintet_server.services.flowmaestro.expressions.errors import MAX_DEPTH, ExpressionError
from quintet_server.services.flowmaestro.expressions.tokens import unescaped
from quintet_server.services.flowmaestro.expressions.transforms.arguments import suggestion
from quintet_server.services.flowmaestro.expressions.transforms.construction import (
    ListOf,
    ObjectOf,
    Text,
)
from quintet_server.services.flowmaestro.expressions.transforms.functions import FUNCTIONS, METHODS
from quintet_server.services.flowmaestro.expressions.transforms.lexing import Token, lex
from quintet_server.services.flowmaestro.expressions.transforms.machine import Builtin
from quintet_server.services.flowmaestro.expressions.transforms.tree import (
    Arrow,
    Call,
    Chain,
    Choice,
    Constant,
    Each,
    Filter,
    Index,
    Logic,
    Member,
    Name,
    Not,
    Part,
    Signed,
)
from quintet_server.services.flowmaestro.expressions.values import to_text

_WORDS: Final = {"true": True, "false": False, "null": None, "undefined": None}
_LOGIC: Final = {"??": "??", "||": "||", "or": "||", "&&": "&&", "and": "&&"}
_SUMS: Final = ("+", "-", "&")
_PRODUCTS: Final = ("*", "/", "%")
_LEVELS: Final = {
    **dict.fromkeys(("??", "||", "or"), 0),
    **dict.fromkeys(("&&", "and"), 1),
    **dict.fromkeys(("==", "!=", "===", "!==", "=", "<", ">", "<=", ">=", "in"), 2),
    **dict.fromkeys(_SUMS, 3),
    **dict.fromkeys(_PRODUCTS, 4),
}
_IN_TEMPLATE: Final = re.compile(r"\$\{([^{}`]*)\}")
_POSTFIX: Final = (".", "?.", "[")
_LAST_PARAMETERS: Final = 8


@lru_cache(maxsize=1024)
def parse(source: str) -> Part:
    """The tree of a transform expression.

    Raises:
        ExpressionError: it cannot be read, is empty, too long, or nested too deeply.
    """
    return Parser(source).whole()


class Parser:
    """Recursive descent over the tokens of one source."""

    def __init__(self, source: str, depth: int = 0) -> None:
        self._tokens = lex(source)
        self._at = 0
        self._depth = depth

    def whole(self) -> Part:
        """All of the source as one expression."""
        expression = self._expression()
        if self._next.kind != "end":
            raise self._unexpected()
        return expression

    # --- tokens ---------------------------------------------------------------------------------

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _after_next(self, count: int = 1) -> Token:
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def _advance(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, *signs: str) -> Token | None:
        return self._advance() if self._next.is_sign(*signs) else None

    def _need(self, sign: str) -> Token:
        token = self._take(sign)
        if token is None:
            raise self._unexpected(f"'{sign}' is missing before")
        return token

    def _unexpected(self, complaint: str = "Unexpected") -> ExpressionError:
        token = self._next
        if token.kind == "end":
            return ExpressionError(f"{complaint} end of the expression", token.position)
        return ExpressionError(f"{complaint} '{token.value}'", token.position)

    # --- levels of precedence -------------------------------------------------------------------

    def _expression(self) -> Part:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"The expression is nested deeper than {MAX_DEPTH}"
            raise ExpressionError(message, self._next.position)
        position = self._next.position
        parameters = self._parameters()
        expression = self._choice() if parameters is None else self._arrow(position, parameters)
        self._depth -= 1
        return expression

    def _choice(self) -> Part:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        yes = self._expression()
        self._need(":")
        return Choice(condition, yes, self._expression())

    def _binary(self, lowest: int) -> Part:
        """Operands and the signs between them, as long as these bind as tightly as `lowest`."""
        part = self._unary()
        while True:
            token = self._next
            level = _LEVELS.get(token.value) if token.kind in ("sign", "name") else None
            if level is None or level < lowest:
                return part
            self._advance()
            part = _combined(part, token, self._binary(level + 1))

    def _unary(self) -> Part:
        signs: list[Token] = []
        while token := self._take("!", "-", "+"):
            signs.append(token)
        part = self._postfix()
        for token in reversed(signs):
            part = (
                Not(token.position, part)
                if token.value == "!"
                else Signed(token.position, token.value, part)
            )
        return part

    def _postfix(self) -> Part:
        part = self._primary()
        while token := self._take(*_POSTFIX):
            part = self._bracket(part, token) if token.value == "[" else self._dot(part, token)
        return part

    # --- steps ----------------------------------------------------------------------------------

    def _dot(self, of: Part, dot: Token) -> Part:
        if self._next.is_sign("("):
            return Each(dot.position, of, self._parenthesised())
        if self._next.is_sign("{"):
            return Each(dot.position, of, self._object())
        token = self._next
        if token.kind not in ("name", "number", "text"):
            raise self._unexpected("A name is missing before")
        self._advance()
        name = to_text(token.value)
        if self._next.is_sign("("):
            return self._method(of, token, name)
        return Member(token.position, of, name)

    def _method(self, of: Part, token: Token, name: str) -> Part:
        method = METHODS.get(name)
        if method is None:
            message = f"There is no method '{name}'{suggestion(name, METHODS)}"
            raise ExpressionError(message, token.position)
        return Call(token.position, method, [of, *self._arguments()])

    def _bracket(self, of: Part, bracket: Token) -> Part:
        step = self._expression()
        self._need("]")
        is_index = isinstance(step, Constant | Signed | Text) or (
            isinstance(step, Chain) and step.rest[-1][0] in (*_SUMS, *_PRODUCTS)
        )
        return (Index if is_index else Filter)(bracket.position, of, step)

    def _arguments(self) -> list[Part]:
        self._need("(")
        arguments: list[Part] = []
        while not self._next.is_sign(")"):
            arguments.append(self._expression())
            if not self._take(","):
                break
        self._need(")")
        return arguments

    # --- primaries ------------------------------------------------------------------------------

    def _primary(self) -> Part:
        token = self._next
        if token.kind in ("number", "text"):
            self._advance()
            return Constant(token.position, token.value)
        if token.kind == "template":
            return self._template(self._advance())
        if token.kind == "name":
            return self._named(self._advance())
        if token.is_sign("("):
            return self._parenthesised()
        if token.is_sign("["):
            return self._list()
        if token.is_sign("{"):
            return self._object()
        raise self._unexpected()

    def _named(self, token: Token) -> Part:
        name = token.value
        if name == "function" and self._next.is_sign("("):
            return self._function(token)
        if self._next.is_sign("("):
            return self._call(token)
        if name in _WORDS:
            return Constant(token.position, _WORDS[name])
        if name == "not":
            return Not(token.position, self._unary())
        builtin = FUNCTIONS.get(name[1:]) if name.startswith("$") else None
        return Name(token.position, name) if builtin is None else Constant(token.position, builtin)

    def _call(self, token: Token) -> Part:
        name = token.value.removeprefix("$")
        function: Builtin | None = FUNCTIONS.get(name)
        if function is None:
            message = f"There is no function '{token.value}'{suggestion(name, FUNCTIONS, '$')}"
            raise ExpressionError(message, token.position)
        return Call(token.position, function, self._arguments())

    def _parenthesised(self) -> Part:
        self._need("(")
        expression = self._expression()
        self._need(")")
        return expression

    def _list(self) -> Part:
        start = self._need("[")
        members: list[tuple[bool, Part]] = []
        while not self._next.is_sign("]"):
            is_spread = self._take("...") is not None
            members.append((is_spread, self._expression()))
            if not self._take(","):
                break
        self._need("]")
        return ListOf(start.position, members)

    def _object(self) -> Part:
        start = self._need("{")
        members: list[tuple[Part | None, Part]] = []
        while not self._next.is_sign("}"):
            if self._take("..."):
                members.append((None, self._expression()))
            else:
                members.append(self._member())
            if not self._take(","):
                break
        self._need("}")
        return ObjectOf(start.position, members)

    def _member(self) -> tuple[Part, Part]:
        token = self._next
        if self._take("["):
            key = self._expression()
            self._need("]")
        elif token.kind in ("name", "text", "number"):
            self._advance()
            key = Constant(token.position, to_text(token.value))
            if token.kind == "name" and self._next.is_sign(",", "}"):
                return key, Name(token.position, token.value)
        else:
            raise self._unexpected("A key is missing before")
        self._need(":")
        return key, self._expression()

    def _template(self, token: Token) -> Part:
        pieces: list[str | Part] = []
        end = 0
        for match in _IN_TEMPLATE.finditer(token.value):
            pieces.append(unescaped(token.value[end : match.start()]))
            try:
                pieces.append(Parser(match[1], self._depth).whole())
            except ExpressionError as error:
                raise error.moved(token.position + 1 + match.start(1)) from None
            end = match.end()
        pieces.append(unescaped(token.value[end:]))
        return Text(token.position, pieces)

    # --- functions ------------------------------------------------------------------------------

    def _parameters(self) -> tuple[str, ...] | None:
        """The parameters of an arrow function, if one begins here."""
        if self._next.kind == "name" and self._after_next().is_sign("=>"):
            name = self._advance().value
            self._advance()
            return (name,)
        if not self._next.is_sign("("):
            return None
        names: list[str] = []
        ahead = 1
        while self._after_next(ahead).kind == "name" and len(names) < _LAST_PARAMETERS:
            names.append(self._after_next(ahead).value)
            ahead += 1
            if not self._after_next(ahead).is_sign(","):
                break
            ahead += 1
        if not (self._after_next(ahead).is_sign(")") and self._after_next(ahead + 1).is_sign("=>")):
            return None
        self._at += ahead + 2
        return tuple(names)

    def _arrow(self, position: int, parameters: tuple[str, ...]) -> Part:
        returns = self._after_next()
        if self._next.is_sign("{") and returns.kind == "name" and returns.value == "return":
            self._at += 2
            body = self._expression()
            self._take(";")
            self._need("}")
        else:
            body = self._expression()
        return Arrow(position, parameters, body)

    def _function(self, token: Token) -> Part:
        """`function($x, $y) { expression }`."""
        self._need("(")
        names: list[str] = []
        while self._next.kind == "name":
            names.append(self._advance().value)
            if not self._take(","):
                break
        self._need(")")
        self._need("{")
        if self._next.kind == "name" and self._next.value == "return":
            self._advance()
        body = self._expression()
        self._take(";")
        self._need("}")
        return Arrow(token.position, tuple(names), body)


def _combined(left: Part, token: Token, right: Part) -> Part:
    """`left token right`; what stands left is evaluated first, so it may be one chain with it."""
    if token.value in _LOGIC:
        sign = _LOGIC[token.value]
        if isinstance(left, Logic) and left.sign == sign:
            left.add(right)
            return left
        return Logic(sign, [left, right])
    chain = left if isinstance(left, Chain) else Chain(left)
    chain.add(token.value, token.position, right)
    return chain
