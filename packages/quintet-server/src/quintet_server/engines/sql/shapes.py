"""Which parts a statement may be made of. What is not named here is refused.

By node, not by keyword: whatever the parser learns to read in a later version is refused until it
is named. Of the nodes with many clauses, the clauses are named too.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from quintet_server.engines.sql.model import SqlRefused

__all__ = ["check_shapes"]

_NODES: frozenset[type[exp.Expr]] = frozenset(
    {
        # Queries.
        exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE,
        exp.From, exp.Join, exp.Lateral, exp.Table, exp.TableAlias, exp.Unnest, exp.Where,
        exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Having, exp.Qualify, exp.Order,
        exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct, exp.Alias,
        exp.Star, exp.Column, exp.Identifier, exp.Paren, exp.Tuple,
        # Values.
        exp.Literal, exp.RawString, exp.Boolean, exp.Null, exp.Array, exp.Interval, exp.Parameter,
        exp.Var, exp.DataType, exp.DataTypeParam, exp.Cast, exp.TryCast, exp.ParseJSON,
        # Conditions.
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is,
        exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between, exp.Like, exp.ILike, exp.Escape,
        exp.Exists, exp.Any, exp.All, exp.Case, exp.If,
        # Reckoning.
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.BitwiseAnd,
        exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.BitwiseLeftShift,
        exp.BitwiseRightShift,
        # Functions: which ones is said in `functions`.
        exp.Anonymous, exp.Extract, exp.Trim, exp.Substring, exp.StrPosition, exp.AtTimeZone,
        exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp,
        exp.Filter, exp.Window, exp.WindowSpec, exp.WithinGroup, exp.IgnoreNulls,
        exp.RespectNulls,
        # Inside JSON and arrays.
        exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar,
        exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript, exp.Bracket,
    }
)  # fmt: skip

_CLAUSES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        {"with_", "expressions", "distinct", "from_", "joins", "where", "group", "having",
         "qualify", "windows", "order", "limit", "offset"}
    ),
    exp.Subquery: frozenset(
        {"this", "alias", "with_", "order", "limit", "offset", "joins"}
    ),
    exp.Union: frozenset(
        {"with_", "this", "expression", "distinct", "order", "limit", "offset"}
    ),
    exp.Table: frozenset({"this", "db", "catalog", "alias", "joins"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind", "method"}),
    exp.Lateral: frozenset({"this", "alias", "view", "outer", "ordinality"}),
    exp.Unnest: frozenset({"expressions", "alias"}),
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.Group: frozenset({"expressions", "rollup", "cube", "grouping_sets"}),
    exp.Star: frozenset({"except_", "this"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.Limit: frozenset({"this", "expression", "expressions"}),
}  # fmt: skip
_CLAUSES = {**_CLAUSES, exp.Intersect: _CLAUSES[exp.Union], exp.Except: _CLAUSES[exp.Union]}

_WRITES = {
    "into": "INTO writes a table; only reading is possible here.",
    "locks": "FOR UPDATE and its like lock rows; only reading is possible here.",
}

# What the parser calls otherwise than people do.
_CLAUSE_WORDS = {
    "kind": "SELECT AS STRUCT or AS VALUE",
    "sample": "TABLESAMPLE",
    "version": "FOR SYSTEM_TIME",
    "all": "ALL",
    "limit_options": "WITH TIES",
}
_FORM_WORDS: Mapping[type[exp.Expr], str] = {
    exp.ByteString: "a byte string",
    exp.Collate: "COLLATE",
    exp.ColumnDef: "a STRUCT type",
    exp.JSON: "IS JSON",
    exp.RegexpLike: "RLIKE (there is REGEXP_CONTAINS)",
    exp.SimilarTo: "SIMILAR TO (there are LIKE and REGEXP_CONTAINS)",
    exp.Struct: "STRUCT (there is JSON_OBJECT)",
    exp.Values: "VALUES (there is UNNEST([…]))",
}
_SHOWN_CHARS = 60


def check_shapes(tree: exp.Expr) -> None:
    """Raise :class:`SqlRefused` if a part of the statement is not one of those named here."""
    for node in tree.walk():
        kind = type(node)
        if kind not in _NODES:
            raise _refusal(node)
        if kind is exp.Select and not node.expressions:
            raise SqlRefused("syntax", "SELECT names no column.")
        clauses = _CLAUSES.get(kind)
        if clauses is None:
            continue
        for clause, value in node.args.items():
            if value and clause not in clauses:
                message = _WRITES.get(clause)
                if message:
                    raise SqlRefused("not_select", message)
                word = _clause_word(clause, value)
                raise SqlRefused("syntax", f"{word} is not supported here.", {"clause": word})


def _clause_word(clause: str, value: object) -> str:
    if clause == "pivots":
        first = value[0] if isinstance(value, list) else value
        is_back = isinstance(first, exp.Expr) and bool(first.args.get("unpivot"))
        return "UNPIVOT" if is_back else "PIVOT"
    return _CLAUSE_WORDS.get(clause) or clause.strip("_").replace("_", " ").upper()


def _refusal(node: exp.Expr) -> SqlRefused:
    kind = type(node)
    if isinstance(node, (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Drop, exp.Copy)):
        return SqlRefused("not_select", f"Only reading is possible here, not {kind.key.upper()}.")
    if kind in _FORM_WORDS:
        return _unsupported(_FORM_WORDS[kind])
    if isinstance(node, exp.Binary) and not isinstance(node, exp.Dot):
        return _unsupported(_shown(node))
    if isinstance(node, (exp.Func, exp.SessionParameter, exp.Dot, exp.SafeFunc, exp.NetFunc)):
        name = _name_of(node)
        return SqlRefused(
            "forbidden_function", f"The function {name} is not available.", {"function": name}
        )
    if isinstance(node, exp.Placeholder):
        return SqlRefused(
            "parameter_invalid", "Parameters are named: @name, with its value in `params`."
        )
    return _unsupported(_shown(node))


def _unsupported(form: str) -> SqlRefused:
    return SqlRefused("syntax", f"This is not supported here: {form}.", {"form": form})


def _shown(node: exp.Expr) -> str:
    """The beginning of what stands there."""
    return node.sql("bigquery", unsupported_level=ErrorLevel.IGNORE)[:_SHOWN_CHARS]


def _name_of(node: exp.Expr) -> str:
    if isinstance(node, (exp.SafeFunc, exp.NetFunc)):
        prefix = "SAFE" if isinstance(node, exp.SafeFunc) else "NET"
        return f"{prefix}.{_name_of(node.this)}"[:100]
    if isinstance(node, exp.Dot):
        return ".".join(part.name for part in (node.this, node.expression) if part.name)[:100]
    if isinstance(node, exp.Func) and not isinstance(node, exp.Anonymous):
        return node.sql_name()
    return str(node.name or node.key)[:100].upper()
