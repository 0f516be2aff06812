"""What kind of value each part of a statement is, as far as the text shows.

Enough to know where BigQuery and PostgreSQL reckon differently: SUM of whole numbers is a whole
number, DATE_TRUNC of a date is a date, division is never of whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from quintet_server.engines.sql.functions import FUNCTIONS
from quintet_server.engines.sql.model import Catalog
from quintet_server.engines.sql.names import Names
from quintet_server.engines.sql.parameters import Parameter

__all__ = ["annotate", "kind_of_type"]

_Type = exp.DataType.Type
_OF_TYPE = {
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "int"),
    **dict.fromkeys((_Type.DOUBLE, _Type.FLOAT), "float"),
    **dict.fromkeys((_Type.DECIMAL, _Type.BIGDECIMAL), "numeric"),
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "text"),
    **dict.fromkeys((_Type.DATE,), "date"),
    **dict.fromkeys((_Type.TIMESTAMP, _Type.DATETIME, _Type.TIMESTAMPNTZ), "datetime"),
    **dict.fromkeys((_Type.TIMESTAMPTZ, _Type.TIMESTAMPLTZ), "timestamp"),
    **dict.fromkeys((_Type.JSON, _Type.JSONB), "json"),
    _Type.BOOLEAN: "bool",
    _Type.TIME: "time",
    _Type.INTERVAL: "interval",
    _Type.ARRAY: "array",
}
_OF_COLUMN = {
    "STRING": "text", "INTEGER": "int", "FLOAT": "float", "NUMERIC": "numeric", "BOOLEAN": "bool",
    "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp", "JSON": "json",
}  # fmt: skip
_CONDITIONS = (
    exp.Connector, exp.Predicate, exp.Not, exp.Boolean, exp.Exists, exp.In, exp.Between, exp.Is
)  # fmt: skip
_WRAPPERS = (
    exp.Paren, exp.Alias, exp.Window, exp.Filter, exp.Distinct, exp.Order, exp.Ordered,
    exp.IgnoreNulls, exp.RespectNulls, exp.Limit, exp.Neg
)  # fmt: skip
# A chain of WITHs that use one another is understood this far.
_PASSES = 3


def kind_of_type(data_type: exp.DataType) -> str | None:
    """The kind of a type."""
    return _OF_TYPE.get(data_type.this)


def annotate(
    tree: exp.Query, names: Names, catalog: Catalog, parameters: Mapping[str, Parameter]
) -> None:
    """Note the kind of every part of the statement, in its `meta`."""
    columns = {
        column.name: _OF_COLUMN.get(column.type)
        for table in sorted(names.tables)
        for column in catalog.tables[table]
    }
    nodes = list(tree.walk())
    nodes.reverse()  # what is inside comes first
    passes = _PASSES if any(isinstance(node, exp.Alias) for node in nodes) else 1
    for _ in range(passes):
        for node in nodes:
            kind = _kind(node, columns, names, parameters)
            if kind is not None:
                node.meta["kind"] = kind


def _kind(
    node: exp.Expr,
    columns: Mapping[str, str | None],
    names: Names,
    parameters: Mapping[str, Parameter],
) -> str | None:
    if isinstance(node, exp.Column):
        if node.name in columns:
            return columns[node.name]
        defined = names.aliases.get(node.name)
        return defined.meta.get("kind") if defined is not None else None
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "int" if node.name.isdigit() else "float"
    if isinstance(node, exp.Parameter):
        parameter = parameters.get(node.name.lower())
        return parameter.kind if parameter else None
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return kind_of_type(node.to)
    if isinstance(node, exp.Anonymous):
        return _kind_of_call(node)
    if isinstance(node, (exp.Subquery, exp.Select)):
        first = node.selects[0] if node.selects else None
        return first.meta.get("kind") if first is not None else None
    return _kind_of_form(node)


def _kind_of_form(node: exp.Expr) -> str | None:
    if isinstance(node, _WRAPPERS):
        inner = node.expressions[0] if isinstance(node, exp.Distinct) and node.expressions else None
        inner = inner if inner is not None else node.this
        return inner.meta.get("kind") if isinstance(inner, exp.Expr) else None
    if isinstance(node, _CONDITIONS):
        return "bool"
    if isinstance(node, exp.Div):
        return "numeric" if "numeric" in _sides(node) else "float"
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Mod)):
        return _reckoned(node)
    if isinstance(node, exp.Case):
        return _common(
            [*(each.args.get("true") for each in node.args["ifs"]), node.args.get("default")]
        )
    if isinstance(node, exp.If):
        return _common([node.args.get("true"), node.args.get("false")])
    if isinstance(node, exp.Extract):
        word = node.this.name.upper()
        return {"EPOCH": "float", "DATE": "date", "TIME": "time"}.get(word, "int")
    if isinstance(node, (exp.DPipe, exp.JSONExtractScalar, exp.JSONBExtractScalar, exp.Trim,
                         exp.Substring)):  # fmt: skip
        return "text"
    if isinstance(node, (exp.JSONExtract, exp.JSONBExtract, exp.ParseJSON)):
        return "json"
    if isinstance(node, exp.Bracket):
        return "json" if node.this.meta.get("kind") == "json" else None
    return {
        exp.CurrentDate: "date",
        exp.CurrentTimestamp: "timestamp",
        exp.CurrentDatetime: "datetime",
        exp.CurrentTime: "time",
        exp.Interval: "interval",
        exp.StrPosition: "int",
        exp.Array: "array",
    }.get(type(node))


def _kind_of_call(node: exp.Anonymous) -> str | None:
    name = node.name.upper()
    if name.startswith("CURRENT_") or name == "NOW":
        return {"CURRENT_DATE": "date", "CURRENT_TIME": "time", "CURRENT_DATETIME": "datetime"}.get(
            name, "timestamp"
        )
    function = FUNCTIONS.get(name)
    if function is None or function.kind != "same":
        return function.kind if function else None
    kinds = [each.meta.get("kind") for each in node.expressions]
    if name in {"DATE_ADD", "DATE_SUB", "DATE_TRUNC"}:
        kinds = [kind for kind in kinds if kind not in {"interval", "text"}] or ["date"]
    if name in {"COALESCE", "IFNULL", "GREATEST", "LEAST"}:
        return _common(node.expressions)
    return kinds[0] if kinds else None


def _sides(node: exp.Binary) -> tuple[str | None, str | None]:
    return node.this.meta.get("kind"), node.expression.meta.get("kind")


def _reckoned(node: exp.Binary) -> str | None:
    left, right = _sides(node)
    if left == right == "date":
        return "int"
    if "date" in (left, right):
        return "date" if "int" in (left, right) else "datetime"
    for kind in ("timestamp", "datetime", "interval"):
        if kind in (left, right):
            return "interval" if left == right else kind
    return _common([node.this, node.expression])


def _common(nodes: list[exp.Expr | None]) -> str | None:
    kinds = {
        node.meta.get("kind")
        for node in nodes
        if isinstance(node, exp.Expr) and not isinstance(node, exp.Null)
    }
    if len(kinds) == 1:
        return kinds.pop()
    if None in kinds:
        return None
    for kind in ("float", "numeric", "int"):
        if kind in kinds and kinds <= {"float", "numeric", "int"}:
            return kind
    return None
