"""Building pieces of PostgreSQL, and reading pieces of a statement."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from quintet_server.engines.sql.model import SqlRefused

__all__ = ["call", "cast", "integer", "interval", "kind_of", "number", "text", "word_of", "wrong"]

_TYPES = {
    "BIGINT": exp.DataType.Type.BIGINT,
    "BOOLEAN": exp.DataType.Type.BOOLEAN,
    "DATE": exp.DataType.Type.DATE,
    "DOUBLE PRECISION": exp.DataType.Type.DOUBLE,
    "JSONB": exp.DataType.Type.JSONB,
    "NUMERIC": exp.DataType.Type.DECIMAL,
    "TEXT": exp.DataType.Type.TEXT,
    "TIME": exp.DataType.Type.TIME,
    "TIMESTAMP": exp.DataType.Type.TIMESTAMP,
    "TIMESTAMPTZ": exp.DataType.Type.TIMESTAMPTZ,
}


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of PostgreSQL's function."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(value: exp.Expr, type_name: str) -> exp.Cast:
    """A cast to one of PostgreSQL's types."""
    return exp.Cast(this=value, to=exp.DataType(this=_TYPES[type_name]))


def text(value: str) -> exp.Literal:
    """A text."""
    return exp.Literal.string(value)


def integer(value: int) -> exp.Expr:
    """A whole number."""
    literal = exp.Literal.number(abs(value))
    return literal if value >= 0 else exp.Paren(this=exp.Neg(this=literal))


def interval(amount: str, unit: str) -> exp.Interval:
    """A span of time."""
    return exp.Interval(this=exp.Literal.string(amount), unit=exp.Var(this=unit))


def kind_of(node: exp.Expr | None) -> str | None:
    """What kind of value it is, as far as the statement shows: int, float, numeric, text, …"""
    return None if node is None else node.meta.get("kind")


def number(node: exp.Expr) -> int | None:
    """The whole number that is written here; None if it is anything else."""
    if isinstance(node, exp.Neg):
        inner = number(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return int(node.name)
    return None


def word_of(node: Any) -> str | None:
    """The word that is written here (MONTH, 'month', WEEK(MONDAY)), in upper case."""
    if isinstance(node, exp.Var) or (isinstance(node, exp.Literal) and node.is_string):
        return str(node.name).upper()
    return None


def wrong(message: str, name: str) -> SqlRefused:
    """A call that is not how the function is called."""
    return SqlRefused("invalid_expression", f"{name}: {message}", {"function": name})
