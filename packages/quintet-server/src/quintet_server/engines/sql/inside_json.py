"""Reaching into JSON: paths, and values as what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from quintet_server.engines.sql.pieces import call, cast, kind_of, text, wrong

__all__ = ["at", "elements_at", "parse", "part_at", "scalar", "to_text", "type_of", "value_at"]

_STEP = re.compile(r"""\.(\w+)|\."([^"]*)"|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
_PATH = re.compile(rf"(?:{_STEP.pattern})*")


def at(value: exp.Expr, steps: Sequence[str], *, as_text: bool) -> exp.Expr:
    """What stands at the end of a path, as JSON or as text."""
    if kind_of(value) != "json":
        value = cast(exp.Paren(this=value), "JSONB")
    if not steps:
        return _unquoted(value) if as_text else value
    function = "JSONB_EXTRACT_PATH_TEXT" if as_text else "JSONB_EXTRACT_PATH"
    return call(function, value, *(text(step) for step in steps))


def value_at(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """JSON_VALUE."""
    return at(arguments[0], _path(name, arguments), as_text=True)


def part_at(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """JSON_QUERY."""
    return at(arguments[0], _path(name, arguments), as_text=False)


def elements_at(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """JSON_QUERY_ARRAY."""
    rows = call("JSONB_ARRAY_ELEMENTS", part_at(name, arguments))
    return exp.Array(expressions=[exp.Select(expressions=[rows])])


def type_of(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    """JSON_TYPE."""
    return call("JSONB_TYPEOF", at(arguments[0], (), as_text=False))


def to_text(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    """TO_JSON_STRING."""
    return cast(call("TO_JSON", arguments[0]), "TEXT")


def parse(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    """PARSE_JSON."""
    return cast(cast(arguments[0], "TEXT"), "JSONB")


def scalar(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """STRING, INT64, FLOAT64, BOOL of a JSON value; STRING of anything else."""
    value = arguments[0]
    if name == "STRING" and kind_of(value) not in {"json", None}:
        return cast(value, "TEXT")
    inner = at(value, (), as_text=True)
    target = {"INT64": "BIGINT", "FLOAT64": "DOUBLE PRECISION", "BOOL": "BOOLEAN"}.get(name)
    return cast(inner, target) if target else inner


def _unquoted(value: exp.Expr) -> exp.Expr:
    empty = exp.Cast(
        this=text("{}"),
        to=exp.DataType(
            this=exp.DataType.Type.ARRAY,
            expressions=[exp.DataType(this=exp.DataType.Type.TEXT)],
            nested=True,
        ),
    )
    return exp.Paren(this=exp.JSONBExtractScalar(this=exp.Paren(this=value), expression=empty))


def _path(name: str, arguments: list[exp.Expr]) -> list[str]:
    if len(arguments) < 2:
        return []
    node = arguments[1]
    if not (isinstance(node, exp.Literal) and node.is_string and node.name.startswith("$")):
        raise wrong("the path is written as a text that begins with $.", name)
    rest = node.name[1:]
    if not _PATH.fullmatch(rest):
        raise wrong("the path is made of .name, [0] and ['name'].", name)
    return [next(step for step in steps if step) for steps in _STEP.findall(rest)]
