"""From the text to the tree of one SELECT, within bounds.

The bounds are checked on the words, before the parser (which recurses) sees them.

Double quotes: in BigQuery they hold a text, in PostgreSQL a name. They hold a name where only a
name can stand (after AS, FROM and JOIN, beside a dot, before a parenthesis), or if what they hold
is a name that the statement could mean: a column, a table, an alias of its own. Otherwise a text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from quintet_server.engines.sql.dialect import TenantDialect
from quintet_server.engines.sql.model import SqlRefused
from quintet_server.engines.sql.settings import SqlSettings

__all__ = ["read"]

_OPENING = {
    TokenType.L_PAREN,
    TokenType.L_BRACKET,
    TokenType.L_BRACE,
    TokenType.CASE,
    TokenType.LT,  # of ARRAY<…>; a comparison is not followed by its like for long
}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_PREFIXES = {TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.PLUS}
_NAME_FOLLOWS = {TokenType.ALIAS, TokenType.DOT, TokenType.FROM, TokenType.JOIN}
# Of the tokenizer: what was to come, and where the text began, counted from the statement's start.
_MISSING = re.compile(r"Missing (?P<quote>\S+) from \d+:(?P<offset>\d+)")
_BEGINS = {TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN}


def read(text: str, settings: SqlSettings, names: Iterable[str]) -> exp.Query:
    """The tree of the one SELECT that `text` is. Raises :class:`SqlRefused`.

    `names`: what a double-quoted word may mean beside a text, in lower case.
    """
    _check_text(text, settings)
    dialect = TenantDialect()
    try:
        tokens = dialect.tokenize(text)
    except TokenError as error:
        raise _unclosed(error, text) from None
    _check_tokens(tokens, settings)
    tokens = _with_quoted_names(tokens, text, names)
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    try:
        trees = dialect.parser().parse(tokens, text)
    except ParseError as error:
        raise _syntax(error) from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise SqlRefused("not_select", "Only one SELECT is run here.")
    return tree


def _check_text(text: str, settings: SqlSettings) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > settings.sql_max_bytes:
        raise SqlRefused(
            "too_large",
            f"The statement has {size} bytes; at most {settings.sql_max_bytes} are read.",
            {"max_bytes": settings.sql_max_bytes},
        )
    if "\0" in text or size != len(text.encode("utf-8", "replace")):
        raise SqlRefused("syntax", "The statement holds a character that no text may hold.")
    if not text.strip(" \t\r\n;"):
        raise SqlRefused("empty", "There is no statement.")


def _check_tokens(tokens: Sequence[Token], settings: SqlSettings) -> None:
    if not any(token.token_type != TokenType.SEMICOLON for token in tokens):
        raise SqlRefused("empty", "There is no statement.")
    if len(tokens) > settings.tokens_max_count:
        raise SqlRefused(
            "too_large",
            f"The statement has {len(tokens)} words and signs; at most "
            f"{settings.tokens_max_count} are read.",
            {"max_tokens": settings.tokens_max_count},
        )
    ended = False
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            ended = True
        elif ended:
            raise SqlRefused(
                "multiple_statements",
                "Only one statement is run at a time.",
                {"line": token.line, "column": _column(token)},
            )
    if tokens[0].token_type not in _BEGINS:
        raise SqlRefused(
            "not_select",
            f"Only SELECT is run here, not {tokens[0].text[:40].upper()}.",
            {"line": tokens[0].line, "column": _column(tokens[0])},
        )
    _check_nesting(tokens, settings.nesting_max_count)


def _check_nesting(tokens: Sequence[Token], most: int) -> None:
    """Count what is open at once, and signs in a row (`- - - x`), each of which is a level."""
    depth = 0
    signs = 0
    for token, following in itertools.pairwise([*tokens, tokens[-1]]):
        kind = token.token_type
        if kind in _OPENING and (kind != TokenType.LT or following.token_type == TokenType.VAR):
            depth += kind != TokenType.LT
        elif kind in _CLOSING:
            depth -= 1
        signs = signs + 1 if kind in _PREFIXES else 0
        if depth + signs > most:
            raise SqlRefused(
                "too_large",
                f"The statement is nested more than {most} levels deep.",
                {"line": token.line, "column": _column(token)},
            )


def _with_quoted_names(tokens: list[Token], text: str, names: Iterable[str]) -> list[Token]:
    """Turn double-quoted texts that are names into names."""
    quoted = [
        index
        for index, token in enumerate(tokens)
        if token.token_type == TokenType.STRING and text[token.start : token.start + 1] == '"'
    ]
    if not quoted:
        return tokens
    known = {*names, *_aliases(tokens)}
    result = list(tokens)
    for index in quoted:
        token = tokens[index]
        before = tokens[index - 1].token_type if index else None
        after = tokens[index + 1].token_type if index + 1 < len(tokens) else None
        if (
            before in _NAME_FOLLOWS
            or after in {TokenType.DOT, TokenType.L_PAREN}
            or token.text.lower() in known
        ):
            result[index] = Token(
                TokenType.IDENTIFIER,
                token.text,
                line=token.line,
                col=token.col,
                start=token.start,
                end=token.end,
                comments=token.comments,
            )
    return result


def _aliases(tokens: Sequence[Token]) -> set[str]:
    """What follows an AS; and what precedes one that opens a parenthesis: the name of a WITH."""
    found = set()
    for before, middle, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.token_type == TokenType.ALIAS:
            found.add(middle.text.lower())
        if middle.token_type == TokenType.ALIAS and after.token_type == TokenType.L_PAREN:
            found.add(before.text.lower())
    if len(tokens) > 1 and tokens[-2].token_type == TokenType.ALIAS:
        found.add(tokens[-1].text.lower())
    return found


def _unclosed(error: TokenError, text: str) -> SqlRefused:
    """What cannot be read as words is a quote or a comment that never ends."""
    found = _MISSING.match(str(error.__cause__ or ""))
    if found is None:
        if isinstance(error.__cause__, IndexError) and "/*" in text:
            return SqlRefused("syntax", "A comment that begins with /* is never closed.")
        return SqlRefused("syntax", f"The statement cannot be read: {_sentence(error)}")
    before = text[: int(found["offset"])]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    message = f"The quote {found['quote']} at line {line}, column {column} is never closed."
    return SqlRefused("syntax", message, _place(line, column))


def _syntax(error: ParseError) -> SqlRefused:
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line"), first.get("col")
    near = str(first.get("highlight") or "").strip()
    if column is not None and "\n" not in near:
        column = max(1, column - len(near) + 1)  # where the word begins, not where it ends
    where = f" near {near[:60]!r}" if near else ""
    what = str(first.get("description") or "it cannot be understood").rstrip(".")
    at = f" (line {line}, column {column})" if line else ""
    return SqlRefused("syntax", f"Syntax error{where}{at}: {_plain(what)}.", _place(line, column))


def _plain(what: str) -> str:
    """Say it without the parser's own names."""
    if "Required keyword" in what:
        return "something is missing here"
    if "Invalid expression" in what:
        return "this cannot stand here"
    what = what.partition(" but got ")[0]
    return what[:1].lower() + what[1:]


def _place(line: int | None, column: int | None) -> dict[str, int]:
    return {} if line is None or column is None else {"line": line, "column": column}


def _sentence(error: Exception) -> str:
    return f"{str(error).splitlines()[0].rstrip('.')}."


def _column(token: Token) -> int:
    """Where the word begins; the tokenizer says where it ends."""
    return max(1, token.col - len(token.text) + 1)
