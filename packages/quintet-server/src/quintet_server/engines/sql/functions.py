"""Which functions there are, and what each is in PostgreSQL. What is not in the table is refused.

Names of BigQuery and of PostgreSQL side by side; where both have one of the same name with another
meaning, BigQuery's holds.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from quintet_server.engines.sql import inside_json, times
from quintet_server.engines.sql.model import SqlRefused
from quintet_server.engines.sql.pieces import call, cast, integer, kind_of, number, text, wrong

__all__ = ["FUNCTIONS", "Function", "find"]

Translate = Callable[[str, list[exp.Expr]], exp.Expr]

_MANY = 100


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        least: how few arguments it takes, `most` how many.
        to: its name in PostgreSQL, or what makes a piece of PostgreSQL of a call.
        kind: what it gives; "same": what its first argument is.
        words: which arguments may be words like MONTH.
        is_aggregate: whether FILTER, DISTINCT and ORDER BY go with it.
        is_window: whether it needs OVER.
    """

    least: int
    most: int
    to: str | Translate
    kind: str | None = None
    words: tuple[int, ...] = ()
    is_aggregate: bool = False
    is_window: bool = False


def find(name: str) -> Function:
    """The function of this name, whichever case. Raises :class:`SqlRefused`."""
    function = FUNCTIONS.get(name.upper())
    if function is None:
        similar = difflib.get_close_matches(name.upper(), FUNCTIONS, n=3, cutoff=0.7)
        hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
        raise SqlRefused(
            "forbidden_function",
            f"The function {name[:100].upper()} is not available.{hint}",
            {"function": name[:100].upper(), "suggestions": similar},
        )
    return function


def _if_null(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return exp.Coalesce(this=arguments[0], expressions=arguments[1:])


def _safe_divide(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    top, bottom = arguments
    if "numeric" not in {kind_of(top), kind_of(bottom)}:
        top = cast(exp.Paren(this=top), "DOUBLE PRECISION")
    divisor = call("NULLIF", exp.Paren(this=bottom), integer(0))
    return exp.Paren(this=exp.Div(this=exp.Paren(this=top), expression=divisor, typed=True))


def _division(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    top, bottom = (cast(exp.Paren(this=each), "NUMERIC") for each in arguments)
    return cast(call("DIV", top, bottom), "BIGINT")


def _modulo(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return exp.Mod(this=exp.Paren(this=arguments[0]), expression=exp.Paren(this=arguments[1]))


def _round(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    function = "TRUNC" if name.startswith("TRUNC") else "ROUND"
    if len(arguments) == 1:
        return call(function, arguments[0])
    rounded = call(function, cast(exp.Paren(this=arguments[0]), "NUMERIC"), _int4(arguments[1]))
    return rounded if kind_of(arguments[0]) == "numeric" else cast(rounded, "DOUBLE PRECISION")


def _int4(node: exp.Expr) -> exp.Cast:
    return exp.Cast(this=node, to=exp.DataType(this=exp.DataType.Type.INT))


def _logarithm(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    if name == "LOG10":
        return call("LOG", cast(arguments[0], "DOUBLE PRECISION"))
    if len(arguments) == 1:
        return call("LN", cast(arguments[0], "DOUBLE PRECISION"))
    value, base = (cast(each, "NUMERIC") for each in arguments)
    return cast(call("LOG", base, value), "DOUBLE PRECISION")


def _concat(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    result: exp.Expr = cast(arguments[0], "TEXT")
    for each in arguments[1:]:
        result = exp.DPipe(this=result, expression=cast(each, "TEXT"))
    return exp.Paren(this=result)


def _on_texts(function: str, *positions: int) -> Translate:
    """A function of texts, to which numbers go like `positions`."""

    def translate(_: str, arguments: list[exp.Expr]) -> exp.Expr:
        given = [
            _int4(each) if index in positions else cast(each, "TEXT")
            for index, each in enumerate(arguments)
        ]
        return call(function, *given)

    return translate


def _contains(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    found = call("STRPOS", call("LOWER", cast(arguments[0], "TEXT")), call("LOWER", arguments[1]))
    return exp.Paren(this=exp.GT(this=found, expression=integer(0)))


def _ends_with(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    value, end = arguments
    tail = call("RIGHT", value, call("LENGTH", end))
    return exp.Paren(this=exp.EQ(this=tail, expression=end.copy()))


def _regexp_contains(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("REGEXP_LIKE", *arguments)


def _regexp_replace(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("REGEXP_REPLACE", *arguments[:3], text("g"))


def _split(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("STRING_TO_ARRAY", arguments[0], *(arguments[1:] or [text(",")]))


def _count_if(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    condition = exp.Case(ifs=[exp.If(this=arguments[0], true=integer(1))])
    return call("COUNT", condition)


def _count_distinct(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("COUNT", exp.Distinct(expressions=arguments))


def _sum(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("SUM", *arguments)


def _any_value(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    # ANY_VALUE is newer than PostgreSQL 15.
    gathered = call("ARRAY_AGG", *arguments)
    return exp.Bracket(this=exp.Paren(this=gathered), expressions=[integer(1)], offset=1)


def _array_agg(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("ARRAY_AGG", *arguments)


def _string_agg(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("STRING_AGG", *arguments)


def _quantiles(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    parts = number(arguments[1])
    if parts is None or not 1 <= parts <= 1000:
        raise wrong("the second argument is a whole number from 1 to 1000.", name)
    shares = [exp.Literal.number(f"{index / parts:.6f}") for index in range(parts + 1)]
    order = exp.Order(expressions=[exp.Ordered(this=arguments[0], nulls_first=False)])
    inside = call("PERCENTILE_DISC", exp.Array(expressions=shares))
    return exp.WithinGroup(this=inside, expression=order)


def _array_length(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("CARDINALITY", arguments[0])


def _series(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    dates = name == "GENERATE_DATE_ARRAY"
    if dates:
        given = [cast(each, "TIMESTAMP") for each in arguments[:2]]
        step = arguments[2:] or [exp.Interval(this=text("1"), unit=exp.Var(this="DAY"))]
        rows: exp.Expr = cast(call("GENERATE_SERIES", *given, *step), "DATE")
    else:
        rows = call("GENERATE_SERIES", *(cast(each, "BIGINT") for each in arguments))
    return exp.Array(expressions=[exp.Select(expressions=[rows])])


def _hash(_: str, arguments: list[exp.Expr]) -> exp.Expr:
    return call("MD5", cast(arguments[0], "TEXT"))


def _same(
    least: int, most: int, kind: str | None, *names: str, **more: bool
) -> dict[str, Function]:
    """Functions that are called alike in PostgreSQL."""
    return {
        name: Function(
            least,
            most,
            name,
            kind,
            is_aggregate=more.get("is_aggregate", False),
            is_window=more.get("is_window", False),
        )
        for name in names
    }


def _time(
    least: int, most: int, kind: str | None, to: Translate, *names: str
) -> dict[str, Function]:
    words = tuple(range(most))
    return {name: Function(least, most, to, kind, words) for name in names}


_AGGREGATES = {
    **_same(1, 1, "int", "COUNT", "BIT_AND", "BIT_OR", "BIT_XOR", is_aggregate=True),
    **_same(1, 1, "same", "MIN", "MAX", is_aggregate=True),
    **_same(1, 1, "float", "AVG", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP",
            "VAR_SAMP", is_aggregate=True),
    **_same(2, 2, "float", "CORR", "COVAR_POP", "COVAR_SAMP", "REGR_SLOPE", "REGR_INTERCEPT",
            "REGR_R2", is_aggregate=True),
    **_same(1, 1, "float", "PERCENTILE_CONT", is_aggregate=True),
    **_same(1, 1, None, "PERCENTILE_DISC", is_aggregate=True),
    **_same(0, 0, None, "MODE", is_aggregate=True),
    **_same(1, 1, "bool", "BOOL_AND", "BOOL_OR", "EVERY", is_aggregate=True),
    **_same(1, 1, "json", "JSON_AGG", "JSONB_AGG", is_aggregate=True),
    **_same(2, 2, "json", "JSON_OBJECT_AGG", "JSONB_OBJECT_AGG", is_aggregate=True),
    "SUM": Function(1, 1, _sum, "same", is_aggregate=True),
    "COUNTIF": Function(1, 1, _count_if, "int", is_aggregate=True),
    "COUNT_IF": Function(1, 1, _count_if, "int", is_aggregate=True),
    "APPROX_COUNT_DISTINCT": Function(1, 1, _count_distinct, "int", is_aggregate=True),
    "APPROX_QUANTILES": Function(2, 2, _quantiles, "array", is_aggregate=True),
    "ANY_VALUE": Function(1, 1, _any_value, "same", is_aggregate=True),
    "ARRAY_AGG": Function(1, 1, _array_agg, "array", is_aggregate=True),
    "STRING_AGG": Function(1, 2, _string_agg, "text", is_aggregate=True),
    "LOGICAL_AND": Function(1, 1, "BOOL_AND", "bool", is_aggregate=True),
    "LOGICAL_OR": Function(1, 1, "BOOL_OR", "bool", is_aggregate=True),
}  # fmt: skip

_WINDOWS = {
    **_same(0, 0, "int", "ROW_NUMBER", "RANK", "DENSE_RANK", is_window=True),
    **_same(0, 0, "float", "PERCENT_RANK", "CUME_DIST", is_window=True),
    "NTILE": Function(1, 1, "NTILE", "int", is_window=True),
    **_same(1, 3, "same", "LAG", "LEAD", is_window=True),
    **_same(1, 1, "same", "FIRST_VALUE", "LAST_VALUE", is_window=True),
    **_same(2, 2, "same", "NTH_VALUE", is_window=True),
}

_CONDITIONS = {
    "COALESCE": Function(1, _MANY, _if_null, "same"),
    "IFNULL": Function(2, 2, _if_null, "same"),
    "NULLIF": Function(2, 2, "NULLIF", "same"),
    **_same(1, _MANY, "same", "GREATEST", "LEAST"),
    "GROUPING": Function(1, 1, "GROUPING", "int"),
}

_NUMBERS = {
    **_same(1, 1, "same", "ABS", "SIGN"),
    **_same(1, 1, "float", "CEIL", "CEILING", "FLOOR"),
    **_same(1, 1, "float", "SQRT", "EXP", "LN", "SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN",
            "DEGREES", "RADIANS", "CBRT"),
    **_same(2, 2, "float", "POWER", "ATAN2"),
    **_same(4, 4, "int", "WIDTH_BUCKET"),
    "POW": Function(2, 2, "POWER", "float"),
    "PI": Function(0, 0, "PI", "float"),
    "LOG": Function(1, 2, _logarithm, "float"),
    "LOG10": Function(1, 1, _logarithm, "float"),
    "ROUND": Function(1, 2, _round, "same"),
    "TRUNC": Function(1, 2, _round, "same"),
    "MOD": Function(2, 2, _modulo, "same"),
    "DIV": Function(2, 2, _division, "int"),
    "SAFE_DIVIDE": Function(2, 2, _safe_divide, "float"),
    "RAND": Function(0, 0, "RANDOM", "float"),
    "RANDOM": Function(0, 0, "RANDOM", "float"),
}  # fmt: skip

_TEXTS = {
    **_same(1, 1, "text", "LOWER", "UPPER", "INITCAP", "REVERSE"),
    **_same(1, 1, "int", "LENGTH", "CHAR_LENGTH", "CHARACTER_LENGTH", "OCTET_LENGTH", "ASCII"),
    "BYTE_LENGTH": Function(1, 1, "OCTET_LENGTH", "int"),
    **_same(1, 2, "text", "LTRIM", "RTRIM", "BTRIM"),
    **_same(3, 3, "text", "REPLACE", "TRANSLATE"),
    **_same(2, 2, "int", "STRPOS"),
    "INSTR": Function(2, 2, "STRPOS", "int"),
    **_same(2, _MANY, "text", "CONCAT_WS"),
    "CONCAT": Function(1, _MANY, _concat, "text"),
    "LEFT": Function(2, 2, _on_texts("LEFT", 1), "text"),
    "RIGHT": Function(2, 2, _on_texts("RIGHT", 1), "text"),
    "SUBSTR": Function(2, 3, _on_texts("SUBSTR", 1, 2), "text"),
    "SPLIT_PART": Function(3, 3, _on_texts("SPLIT_PART", 2), "text"),
    "SPLIT": Function(1, 2, _split, "array"),
    "STRING_TO_ARRAY": Function(2, 2, "STRING_TO_ARRAY", "array"),
    "ARRAY_TO_STRING": Function(2, 3, "ARRAY_TO_STRING", "text"),
    "STARTS_WITH": Function(2, 2, "STARTS_WITH", "bool"),
    "ENDS_WITH": Function(2, 2, _ends_with, "bool"),
    "CONTAINS_SUBSTR": Function(2, 2, _contains, "bool"),
    "REGEXP_CONTAINS": Function(2, 2, _regexp_contains, "bool"),
    "REGEXP_LIKE": Function(2, 2, _regexp_contains, "bool"),
    "REGEXP_EXTRACT": Function(2, 2, "SUBSTRING", "text"),
    "REGEXP_REPLACE": Function(3, 3, _regexp_replace, "text"),
    "CHR": Function(1, 1, _on_texts("CHR", 0), "text"),
    "MD5": Function(1, 1, _hash, "text"),
    "ARRAY_LENGTH": Function(1, 1, _array_length, "int"),
    "CARDINALITY": Function(1, 1, "CARDINALITY", "int"),
    "GENERATE_ARRAY": Function(2, 3, _series, "array"),
    "GENERATE_DATE_ARRAY": Function(2, 3, _series, "array"),
}

_TIMES = {
    **_time(2, 3, "same", times.truncate, "DATE_TRUNC", "TIMESTAMP_TRUNC", "DATETIME_TRUNC"),
    **_time(2, 2, "same", times.add, "DATE_ADD", "TIMESTAMP_ADD", "DATETIME_ADD"),
    **_time(2, 2, "same", times.subtract, "DATE_SUB", "TIMESTAMP_SUB", "DATETIME_SUB"),
    **_time(3, 3, "int", times.diff, "DATE_DIFF", "TIMESTAMP_DIFF", "DATETIME_DIFF"),
    "DATE_PART": Function(2, 2, times.date_part, None, (0,)),
    "DATE": Function(1, 3, times.make_date, "date"),
    "TIMESTAMP": Function(1, 2, times.make_timestamp, "timestamp"),
    "DATETIME": Function(1, 2, times.make_timestamp, "datetime"),
    **_time(1, 1, "timestamp", times.from_unix, "TIMESTAMP_SECONDS", "TIMESTAMP_MILLIS",
            "TIMESTAMP_MICROS"),
    **_time(1, 1, "int", times.to_unix, "UNIX_SECONDS", "UNIX_MILLIS", "UNIX_MICROS", "UNIX_DATE"),
    **_time(2, 3, "text", times.format_time, "FORMAT_DATE", "FORMAT_TIMESTAMP", "FORMAT_DATETIME"),
    "PARSE_DATE": Function(2, 2, times.parse_time, "date"),
    "PARSE_TIMESTAMP": Function(2, 2, times.parse_time, "timestamp"),
    **_same(2, 2, "text", "TO_CHAR"),
    **_same(2, 2, "date", "TO_DATE"),
    **_same(1, 2, "timestamp", "TO_TIMESTAMP"),
    **_same(1, 2, "interval", "AGE"),
}  # fmt: skip

_JSON = {
    "JSON_VALUE": Function(1, 2, inside_json.value_at, "text"),
    "JSON_EXTRACT_SCALAR": Function(1, 2, inside_json.value_at, "text"),
    "JSON_QUERY": Function(1, 2, inside_json.part_at, "json"),
    "JSON_EXTRACT": Function(1, 2, inside_json.part_at, "json"),
    "JSON_QUERY_ARRAY": Function(1, 2, inside_json.elements_at, "array"),
    "JSON_EXTRACT_ARRAY": Function(1, 2, inside_json.elements_at, "array"),
    "JSON_TYPE": Function(1, 1, inside_json.type_of, "text"),
    "JSONB_TYPEOF": Function(1, 1, inside_json.type_of, "text"),
    "JSONB_ARRAY_LENGTH": Function(1, 1, "JSONB_ARRAY_LENGTH", "int"),
    "JSONB_EXTRACT_PATH": Function(2, _MANY, "JSONB_EXTRACT_PATH", "json"),
    "JSONB_EXTRACT_PATH_TEXT": Function(2, _MANY, "JSONB_EXTRACT_PATH_TEXT", "text"),
    "JSON_OBJECT": Function(0, _MANY, "JSONB_BUILD_OBJECT", "json"),
    "JSONB_BUILD_OBJECT": Function(0, _MANY, "JSONB_BUILD_OBJECT", "json"),
    "TO_JSON": Function(1, 1, "TO_JSONB", "json"),
    "TO_JSONB": Function(1, 1, "TO_JSONB", "json"),
    "TO_JSON_STRING": Function(1, 1, inside_json.to_text, "text"),
    "PARSE_JSON": Function(1, 1, inside_json.parse, "json"),
    "STRING": Function(1, 1, inside_json.scalar, "text"),
    "INT64": Function(1, 1, inside_json.scalar, "int"),
    "FLOAT64": Function(1, 1, inside_json.scalar, "float"),
    "BOOL": Function(1, 1, inside_json.scalar, "bool"),
}

FUNCTIONS: Mapping[str, Function] = {
    **_AGGREGATES,
    **_WINDOWS,
    **_CONDITIONS,
    **_NUMBERS,
    **_TEXTS,
    **_TIMES,
    **_JSON,
}
"""Every function, by its name in upper case; CURRENT_DATE and the like are in `translation`."""
