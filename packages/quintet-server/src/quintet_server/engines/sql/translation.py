"""The checked tree, part by part, as what PostgreSQL would say.

From the inside out: when a part is translated, its own parts are. Names, functions and forms have
been checked before; what is refused here is a use that has no equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from quintet_server.engines.sql import inside_json, times
from quintet_server.engines.sql.functions import find
from quintet_server.engines.sql.kinds import kind_of_type
from quintet_server.engines.sql.model import Catalog, SqlRefused
from quintet_server.engines.sql.names import Names
from quintet_server.engines.sql.numbers_only import check_numbers
from quintet_server.engines.sql.parameters import Parameter, is_type_open
from quintet_server.engines.sql.pieces import call, cast, kind_of, text, wrong

__all__ = ["Translation", "mark_words"]

_NOW = frozenset({"NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME"})
# Whose result is NUMERIC in PostgreSQL where BigQuery's is FLOAT64.
_FLOATING = frozenset(
    {"AVG", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP", "VAR_SAMP"}
)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_AROUND = (exp.Window, exp.Filter, exp.WithinGroup)
_Type = exp.DataType.Type
_TYPES = {
    "int": _Type.BIGINT,
    "float": _Type.DOUBLE,
    "text": _Type.TEXT,
    "bool": _Type.BOOLEAN,
    "date": _Type.DATE,
    "time": _Type.TIME,
    "datetime": _Type.TIMESTAMP,
    "timestamp": _Type.TIMESTAMPTZ,
    "json": _Type.JSONB,
}


def mark_words(tree: exp.Query) -> None:
    """Make words of what looks like columns: DATE_TRUNC(x, MONTH). Raises for unknown functions."""
    for node in list(tree.find_all(exp.Anonymous)):
        name = _name(node)
        if name in _NOW or node.parent is None:  # a word of a call around it, gone by now
            continue
        for index in find(name).words:
            if index < len(node.expressions):
                word = _as_word(node.expressions[index], index, node)
                if word is not None:
                    node.expressions[index].replace(exp.Var(this=word))


def _as_word(argument: exp.Expr, index: int, node: exp.Anonymous) -> str | None:
    """The word, if it is one: where a word belongs, and no column of a table."""
    belongs = index == (0 if _name(node) == "DATE_PART" else len(node.expressions) - 1) or index > 0
    if not belongs:
        return None
    if isinstance(argument, exp.Column) and len(argument.parts) == 1:
        word = argument.name.upper()
        known = times.INTERVAL_UNITS | {"ISOWEEK", "ISOYEAR", "DECADE", "CENTURY"}
        return word if word in known or word.removesuffix("S") in known else None
    if isinstance(argument, exp.Anonymous) and _name(argument) == "WEEK":
        return f"WEEK({argument.expressions[0].name.upper()})" if argument.expressions else None
    return None


def _name(node: exp.Anonymous) -> str:
    return str(node.name).upper()


class Translation:
    """Of one statement; collects its parameters on the way."""

    def __init__(self, catalog: Catalog, names: Names, parameters: Mapping[str, Parameter]):
        self._catalog = catalog
        self._names = names
        self._parameters = parameters
        self._required = {
            column.name
            for table in names.tables
            for column in catalog.tables[table]
            if column.is_required
        }
        self.values: list[bytes | None] = []
        self._rules: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
            exp.Anonymous: self._call,
            exp.AtTimeZone: lambda node: exp.Paren(this=node.copy()),
            exp.Bracket: self._bracket,
            exp.Cast: self._cast,
            exp.Column: self._column,
            exp.CurrentDate: lambda _: self._now("CURRENT_DATE"),
            exp.CurrentDatetime: lambda _: self._now("CURRENT_DATETIME"),
            exp.CurrentTime: lambda _: self._now("CURRENT_TIME"),
            exp.CurrentTimestamp: lambda _: self._now("CURRENT_TIMESTAMP"),
            exp.Div: self._division,
            exp.Extract: times.extract,
            exp.Interval: times.span,
            exp.JSONBExtract: lambda node: self._json_path(node, as_text=False),
            exp.JSONBExtractScalar: lambda node: self._json_path(node, as_text=True),
            exp.JSONExtract: lambda node: self._json(node, as_text=False),
            exp.JSONExtractScalar: lambda node: self._json(node, as_text=True),
            exp.Literal: self._literal,
            exp.Ordered: self._ordered,
            exp.Parameter: self._parameter,
            exp.ParseJSON: lambda node: cast(node.this, "JSONB"),
            exp.RawString: lambda node: text(node.name),
            exp.TryCast: self._try_cast,
            **dict.fromkeys(_COMPARISONS, _comparison),
        }

    def apply(self, tree: exp.Query) -> exp.Query:
        """Translate every part in place."""
        nodes = list(tree.walk())
        for node in reversed(nodes):
            rule = self._rules.get(type(node))
            if rule is None or (node.parent is None and node is not tree):
                continue
            made = rule(node)
            if made is not node:
                kind = kind_of(node)
                if kind is not None:
                    made.meta.setdefault("kind", kind)
                node.replace(made)
        return tree

    # Calls.

    def _call(self, node: exp.Anonymous) -> exp.Expr:
        name = _name(node)
        if name in _NOW:
            if node.expressions:
                raise wrong("it takes no time zone here; use AT TIME ZONE.", name)
            return self._now(name)
        function = find(name)
        arguments, tail = _arguments(node.expressions, name, function.is_aggregate)
        if not function.least <= len(arguments) <= function.most:
            count = (
                f"{function.least}"
                if function.least == function.most
                else f"{function.least} to {function.most}"
            )
            raise wrong(f"it takes {count} arguments, not {len(arguments)}.", name)
        if function.is_window and not isinstance(node.parent, (exp.Window, exp.IgnoreNulls)):
            raise wrong("it needs OVER (…).", name)
        check_numbers(name, arguments, self._names)
        kinds = [kind_of(argument) for argument in arguments]
        if isinstance(function.to, str):
            made: exp.Expr = call(function.to, *arguments)
        else:
            made = function.to(name, [argument.copy() for argument in arguments])
        if tail is not None:
            _put_back(made, tail, name)
        self._fit_result(node, name, kinds)
        return made

    def _now(self, name: str) -> exp.Expr:
        clock: exp.Expr = call(f"{self._catalog.schema}.clock")
        target = {"CURRENT_DATE": "DATE", "CURRENT_DATETIME": "TIMESTAMP", "CURRENT_TIME": "TIME"}
        return cast(clock, target[name]) if name in target else clock

    def _fit_result(self, node: exp.Expr, name: str, kinds: list[str | None]) -> None:
        """Give SUM and AVG the types they have in BigQuery, around OVER and FILTER."""
        kind = kinds[0] if kinds else None
        if name == "SUM" and kind == "int":
            target = "BIGINT"
        elif name in _FLOATING and kind not in {"float", "numeric"}:
            target = "DOUBLE PRECISION"
        else:
            return
        outer = _outer(node)
        wrapped = cast(exp.Null(), target)
        outer.replace(wrapped)
        wrapped.set("this", outer)

    # Forms.

    def _column(self, node: exp.Column) -> exp.Expr:
        """A column; or, if its first name is one that holds JSON, a path into it."""
        parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
        start = 1 if len(parts) > 1 and parts[0].name in self._names.relations else 0
        steps = parts[start + 1 :]
        if isinstance(node.this, exp.Star):
            return node
        if not steps:
            return call("TO_JSONB", node.copy()) if self._is_row(node) else node
        base = exp.Column(this=parts[start].copy())
        if start:
            base.set("table", parts[0].copy())
        base.meta["kind"] = "json"
        spelled = [str(step.meta.get("spelling", step.name)) for step in steps]
        return inside_json.at(base, spelled, as_text=False)

    def _is_row(self, node: exp.Column) -> bool:
        """Whether the name of a table stands for its whole row."""
        name = node.name
        return (
            len(node.parts) == 1
            and name in self._names.relations
            and name not in self._names.columns
            and self._names.aliases.get(name) is None
        )

    def _bracket(self, node: exp.Bracket) -> exp.Expr:
        if kind_of(node.this) != "json":
            if not isinstance(node.this, (exp.Column, exp.Paren)):
                node.set("this", exp.Paren(this=node.this))
            return node
        (key,) = node.expressions or (None,)
        if not isinstance(key, exp.Literal):
            raise wrong("what stands in [ ] of a JSON value is a number or a text.", "JSON")
        made = inside_json.at(node.this.copy(), [key.name], as_text=False)
        made.meta["kind"] = "json"
        return made

    def _json(self, node: exp.Expr, *, as_text: bool) -> exp.Expr:
        path = node.expression
        if not isinstance(path, exp.JSONPath):
            path_text = path.name if isinstance(path, exp.Literal) else None
            if path_text is None:
                raise wrong("what stands after -> is a number or a text.", "JSON")
            steps = [path_text]
        else:
            steps = [
                str(step.this)
                for step in path.expressions
                if isinstance(step, (exp.JSONPathKey, exp.JSONPathSubscript))
            ]
        value = node.this.copy()
        if kind_of(node.this) == "json":
            value.meta["kind"] = "json"
        return inside_json.at(value, steps, as_text=as_text)

    def _json_path(self, node: exp.Expr, *, as_text: bool) -> exp.Expr:
        path = node.expression
        name = path.name if isinstance(path, exp.Literal) else ""
        if not (name.startswith("{") and name.endswith("}")):
            raise wrong("the path is written '{name,name}'.", "JSON")
        steps = [step.strip().strip('"') for step in name[1:-1].split(",") if step.strip()]
        value = node.this.copy()
        if kind_of(node.this) == "json":
            value.meta["kind"] = "json"
        return inside_json.at(value, steps, as_text=as_text)

    def _division(self, node: exp.Div) -> exp.Expr:
        top = node.this
        if kind_of(node) != "numeric":
            top = cast(top.copy(), "DOUBLE PRECISION")
        return exp.Div(this=top, expression=node.expression, typed=True)

    def _literal(self, node: exp.Literal) -> exp.Expr:
        if node.is_string:
            if "\0" in node.name:
                raise SqlRefused("syntax", "The statement holds a character that no text may hold.")
            return node
        parent = node.parent
        is_exact = isinstance(parent, (exp.Cast, exp.TryCast)) and parent.to.is_type(_Type.DECIMAL)
        inside = isinstance(parent, (exp.Limit, exp.Offset, exp.Fetch, exp.DataTypeParam))
        if node.name.isdigit() or is_exact or inside:
            return node
        return cast(text(node.name), "DOUBLE PRECISION")

    def _ordered(self, node: exp.Ordered) -> exp.Expr:
        """Leave the place of nulls open where there are none: an index may give the order then."""
        if isinstance(node.this, exp.Column) and node.this.name in self._required:
            node.set("nulls_first", bool(node.args.get("desc")))
        return node

    def _parameter(self, node: exp.Parameter) -> exp.Expr:
        name = node.name.lower()
        parameter = self._parameters.get(name)
        if parameter is None:
            raise SqlRefused(
                "parameter_missing",
                f"The parameter @{node.name} has no value.",
                {"parameter": node.name},
            )
        self.values.append(None if parameter.text is None else parameter.text.encode())
        # One number for each place: a text may be a time in one and a text in another.
        placed = exp.Parameter(this=exp.Literal.number(len(self.values)))
        target = parameter.cast or ("TEXT" if is_type_open(node) else None)
        return cast(placed, target) if target else placed

    # Casts.

    def _cast(self, node: exp.Cast) -> exp.Expr:
        value = node.this
        if kind_of(value) == "json" and kind_of_type(node.to) == "text":
            return (
                inside_json.at(value.copy(), (), as_text=True)
                if _is_json_part(value)
                else cast(value.copy(), "TEXT")
            )
        return exp.Cast(this=value.copy(), to=_target(node.to))

    def _try_cast(self, node: exp.TryCast) -> exp.Expr:
        value, target = node.this.copy(), _target(node.to)
        kind = kind_of(node.this)
        if kind in {"int", "float", "numeric", "bool", "date", "timestamp"} and (
            kind_of_type(node.to) in {"int", "float", "numeric", "text"}
        ):
            return exp.Cast(this=value, to=target)
        as_text = inside_json.at(value, (), as_text=True) if kind == "json" else cast(value, "TEXT")
        nothing = exp.Cast(this=exp.Null(), to=target)
        return call(f"{self._catalog.schema}.try_cast", as_text, nothing)


def _comparison(node: exp.Expr) -> exp.Expr:
    """Compare instants with instants, which finds the same rows and can search an index.

    The operators of an instant and a date are not leakproof: PostgreSQL applies them to the rows
    of a tenant only, so after those have been read.
    """
    sides = [each for each in node.args.values() if isinstance(each, exp.Expr)]
    if any(kind_of(each) == "timestamp" for each in sides):
        for each in sides:
            if kind_of(each) in {"date", "datetime"} and each.find(exp.Column) is None:
                each.replace(cast(each.copy(), "TIMESTAMPTZ"))
    return node


def _is_json_part(value: exp.Expr) -> bool:
    """Whether it was reached by a path, so that its text is the text inside the quotes."""
    return isinstance(value, exp.Anonymous) and value.name == "JSONB_EXTRACT_PATH"


def _target(data_type: exp.DataType) -> exp.DataType:
    """The type in PostgreSQL. Raises for types that tell of the database rather than of data."""
    kind = kind_of_type(data_type)
    if kind == "numeric":
        return exp.DataType(this=_Type.DECIMAL, expressions=data_type.expressions)
    if kind == "interval":
        return exp.DataType(this=exp.Interval())
    if kind == "array":
        inner = data_type.expressions
        if len(inner) == 1 and isinstance(inner[0], exp.DataType):
            return exp.DataType(this=_Type.ARRAY, expressions=[_target(inner[0])], nested=True)
    if kind is None or kind not in _TYPES:
        word = data_type.sql("bigquery")[:60]
        raise SqlRefused(
            "forbidden_function", f"The type {word} is not available.", {"function": word}
        )
    return exp.DataType(this=_TYPES[kind])


def _outer(node: exp.Expr) -> exp.Expr:
    """The call with OVER, FILTER and WITHIN GROUP around it."""
    while isinstance(node.parent, _AROUND) and node.parent.this is node:
        node = node.parent
    return node


def _arguments(
    given: list[exp.Expr], name: str, is_aggregate: bool
) -> tuple[list[exp.Expr], exp.Expr | None]:
    """The plain arguments, and the last with DISTINCT, ORDER BY and the like around it."""
    tail = given[-1] if given else None
    if not isinstance(
        tail, (exp.Distinct, exp.Order, exp.Limit, exp.IgnoreNulls, exp.RespectNulls)
    ):
        return list(given), None
    if not is_aggregate and not isinstance(tail, (exp.IgnoreNulls, exp.RespectNulls)):
        raise wrong("DISTINCT and ORDER BY go with aggregates only.", name)
    inner: exp.Expr = tail
    while isinstance(inner, (exp.Order, exp.Limit, exp.IgnoreNulls, exp.RespectNulls)):
        if isinstance(inner, exp.Limit):
            raise wrong("LIMIT inside an aggregate is not supported.", name)
        if isinstance(inner, exp.IgnoreNulls):
            raise wrong("IGNORE NULLS is not supported; use FILTER (WHERE x IS NOT NULL).", name)
        inner = inner.this
    plain = list(inner.expressions) if isinstance(inner, exp.Distinct) else [inner]
    return [*given[:-1], *plain], tail


def _put_back(made: exp.Expr, tail: exp.Expr, name: str) -> None:
    """Put DISTINCT and ORDER BY around the arguments of the translated call."""
    inner = made.find(exp.Anonymous)
    if inner is None or not inner.expressions:
        raise wrong("DISTINCT does not go with it.", name)
    arguments = inner.expressions
    order = tail if isinstance(tail, exp.Order) else None
    core = order.this if order is not None else tail
    if isinstance(core, exp.RespectNulls):
        return
    if isinstance(core, exp.Distinct):
        first = exp.Distinct(expressions=[arguments[0]])
        arguments = [first, *arguments[1:]]
    if order is not None:
        last = exp.Order(this=arguments[-1], expressions=order.expressions)
        arguments = [*arguments[:-1], last]
    inner.set("expressions", arguments)
