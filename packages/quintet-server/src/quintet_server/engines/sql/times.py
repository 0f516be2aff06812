"""Functions of dates and times, in BigQuery's forms and PostgreSQL's.

The session's time zone is UTC. Where BigQuery and PostgreSQL differ on when a week begins, the form
decides: DATE_TRUNC(x, WEEK) is BigQuery's (Sunday), date_trunc('week', x) is PostgreSQL's (Monday).
"""

from __future__ import annotations

import re

from sqlglot import exp

from quintet_server.engines.sql.pieces import (
    call,
    cast,
    integer,
    interval,
    kind_of,
    text,
    word_of,
    wrong,
)

__all__ = [
    "INTERVAL_UNITS",
    "add",
    "date_part",
    "diff",
    "extract",
    "format_time",
    "from_unix",
    "make_date",
    "make_timestamp",
    "parse_time",
    "span",
    "subtract",
    "to_unix",
    "truncate",
]

INTERVAL_UNITS = frozenset(
    {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER",
     "YEAR"}
)  # fmt: skip
_TRUNCATED = frozenset(INTERVAL_UNITS - {"MICROSECOND"} | {"DECADE", "CENTURY"})
_DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_SECONDS = {"MICROSECOND": 1e-6, "MILLISECOND": 1e-3, "SECOND": 1, "MINUTE": 60, "HOUR": 3600}
_EXTRACTED = {
    "YEAR": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "DAY": "DAY", "HOUR": "HOUR",
    "MINUTE": "MINUTE", "DAYOFYEAR": "DOY", "DOY": "DOY", "DOW": "DOW", "ISODOW": "ISODOW",
    "ISOWEEK": "WEEK", "ISOYEAR": "ISOYEAR", "DECADE": "DECADE", "CENTURY": "CENTURY",
}  # fmt: skip
# What strftime calls it, and what PostgreSQL's to_char does.
_FORMATS = {
    "Y": "YYYY", "m": "MM", "d": "DD", "H": "HH24", "I": "HH12", "M": "MI", "S": "SS", "y": "YY",
    "j": "DDD", "b": "Mon", "h": "Mon", "B": "FMMonth", "a": "Dy", "A": "FMDay", "p": "AM",
    "F": "YYYY-MM-DD", "T": "HH24:MI:SS", "R": "HH24:MI", "D": "MM/DD/YY", "e": "FMDD", "u": "ID",
    "V": "IW", "G": "IYYY", "g": "IY", "Q": "Q", "E4Y": "YYYY", "E*S": "SS.US", "E3S": "SS.MS",
    "E6S": "SS.US", "f": "US", "k": "FMHH24", "l": "FMHH12", "z": '"+0000"', "Z": '"UTC"',
}  # fmt: skip
_DIRECTIVE = re.compile(r"%(E[0-9*]?[A-Za-z]|.)|([^%]+)", re.DOTALL)


def part(node: exp.Expr, name: str, allowed: frozenset[str] | set[str]) -> str:
    """The part of a time that is named here, without a plural's S."""
    word = word_of(node)
    if word is not None:
        for form in (word, word.removesuffix("S")):
            if form in allowed or form.startswith("WEEK(") or form in {"ISOWEEK", "ISOYEAR"}:
                return form
    raise wrong(f"there is no such part of a time; there are {', '.join(sorted(allowed))}.", name)


def truncate(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DATE_TRUNC, TIMESTAMP_TRUNC and the like, both ways round."""
    first, second = arguments[0], arguments[1]
    if isinstance(first, exp.Literal) and first.is_string and not isinstance(second, exp.Var):
        unit = part(first, name, _TRUNCATED)
        unit = "ISOWEEK" if unit == "WEEK" else unit
        value, kind = second, kind_of(second)
        is_date = False  # PostgreSQL's own gives a time
    else:
        unit, value, kind = part(second, name, _TRUNCATED), first, kind_of(first)
        is_date = kind == "date"
    if kind == "text":
        value = cast(value, "TIMESTAMPTZ")
    if len(arguments) > 2:
        value = exp.AtTimeZone(this=exp.Paren(this=value), zone=arguments[2])
    shift = _week_shift(unit, name)
    if unit == "ISOYEAR":
        raise wrong("ISOYEAR is not supported.", name)
    if shift is None:
        result: exp.Expr = call("DATE_TRUNC", text(unit.lower()), value)
    elif shift == 0:
        result = call("DATE_TRUNC", text("week"), value)
    else:
        days = interval(str(shift), "DAY")
        moved = exp.Add(this=exp.Paren(this=value), expression=days)
        result = exp.Paren(
            this=exp.Sub(this=call("DATE_TRUNC", text("week"), moved), expression=days.copy())
        )
    if len(arguments) > 2:
        result = exp.Paren(this=exp.AtTimeZone(this=result, zone=arguments[2].copy()))
    return cast(result, "DATE") if is_date else result


def _week_shift(unit: str, name: str) -> int | None:
    """By how many days to move so that the week begins on a Monday; None: it is no week."""
    if unit == "ISOWEEK":
        return 0
    if unit == "WEEK":
        return 1
    if unit.startswith("WEEK("):
        day = unit[5:-1]
        if day not in _DAYS:
            raise wrong(f"{day} is no day of the week.", name)
        return (8 - _DAYS.index(day)) % 7
    return None


def span(node: exp.Interval) -> exp.Expr:
    """INTERVAL 1 DAY, INTERVAL '90 days', INTERVAL x HOUR."""
    amount, unit = node.this, node.args.get("unit")
    if unit is None:
        if not isinstance(amount, exp.Literal) or not re.fullmatch(r"[\w\s:.+-]*", amount.name):
            raise wrong("it is written INTERVAL 1 DAY or INTERVAL '90 days'.", "INTERVAL")
        return exp.Interval(this=text(amount.name))
    word = part(unit, "INTERVAL", INTERVAL_UNITS)
    factor = 3 if word == "QUARTER" else 1
    word = "MONTH" if word == "QUARTER" else word
    if isinstance(amount, exp.Literal) and re.fullmatch(r"-?\d+(\.\d+)?", amount.name):
        count = amount.name if factor == 1 else str(int(float(amount.name) * factor))
        return interval(count, word)
    # By MAKE_INTERVAL's absence of types: so many times one unit.
    return exp.Paren(
        this=exp.Mul(
            this=cast(exp.Paren(this=amount), "DOUBLE PRECISION"),
            expression=interval(str(factor), word),
        )
    )


def add(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DATE_ADD and the like."""
    return _moved(name, arguments, exp.Add)


def subtract(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DATE_SUB and the like."""
    return _moved(name, arguments, exp.Sub)


def _moved(name: str, arguments: list[exp.Expr], operator: type[exp.Binary]) -> exp.Expr:
    value, amount = arguments
    if kind_of(amount) != "interval" and not isinstance(amount, (exp.Interval, exp.Paren)):
        raise wrong("the second argument is an INTERVAL.", name)
    kind = kind_of(value)
    if kind == "text":
        value = cast(value, "DATE" if name.startswith("DATE_") else "TIMESTAMPTZ")
    result = exp.Paren(this=operator(this=exp.Paren(this=value), expression=amount))
    is_date = name.startswith("DATE_") and kind in {"date", "text"}
    return cast(result, "DATE") if is_date else result


def diff(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DATE_DIFF and TIMESTAMP_DIFF: how many boundaries, or whole units, lie between."""
    unit = part(arguments[2], name, INTERVAL_UNITS)
    later, earlier = (
        cast(side, "TIMESTAMPTZ" if unit in _SECONDS else "DATE") for side in arguments[:2]
    )
    if unit in _SECONDS:
        seconds = call(
            "DATE_PART", text("epoch"), exp.Paren(this=exp.Sub(this=later, expression=earlier))
        )
        return cast(
            call("TRUNC", exp.Div(this=seconds, expression=_double(_SECONDS[unit]), typed=True)),
            "BIGINT",
        )
    if name.startswith("TIMESTAMP") and unit == "DAY":
        # Whole days, not midnights.
        hours = call(
            "DATE_PART",
            text("epoch"),
            exp.Paren(
                this=exp.Sub(
                    this=cast(arguments[0], "TIMESTAMPTZ"),
                    expression=cast(arguments[1], "TIMESTAMPTZ"),
                )
            ),
        )
        return cast(
            call("TRUNC", exp.Div(this=hours, expression=_double(86_400), typed=True)), "BIGINT"
        )
    days = exp.Paren(this=exp.Sub(this=later, expression=earlier))
    if unit == "DAY":
        return cast(days, "BIGINT")
    if unit in {"WEEK", "ISOWEEK"} or unit.startswith("WEEK("):
        both = [truncate(name, [side, exp.Var(this=unit)]) for side in (later, earlier)]
        between = exp.Paren(
            this=exp.Sub(this=cast(both[0], "DATE"), expression=cast(both[1], "DATE"))
        )
        return cast(exp.Div(this=between, expression=integer(7), typed=True), "BIGINT")
    return cast(
        exp.Paren(this=exp.Sub(this=_count(later, unit), expression=_count(earlier, unit))),
        "BIGINT",
    )


def _count(value: exp.Expr, unit: str) -> exp.Expr:
    """How many units since the year 0."""
    year = call("DATE_PART", text("year"), value)
    if unit == "YEAR":
        return year
    per_year = 12 if unit == "MONTH" else 4
    inner = call("DATE_PART", text(unit.lower()), value.copy())
    return exp.Paren(
        this=exp.Add(this=exp.Mul(this=year, expression=integer(per_year)), expression=inner)
    )


def extract(node: exp.Extract) -> exp.Expr:
    """EXTRACT(part FROM x)."""
    return date_part("EXTRACT", [node.this, node.expression])


def date_part(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """A part of a time as a number, DATE and TIME as what they are."""
    word, value = word_of(arguments[0]) or "", arguments[1]
    if kind_of(value) == "text":
        value = cast(value, "TIMESTAMPTZ")
    word = word.removesuffix("S") if word.removesuffix("S") in INTERVAL_UNITS else word
    if word in {"DATE", "TIME"}:
        return cast(exp.Paren(this=value), word)
    if word == "EPOCH":
        return cast(_part("EPOCH", value), "DOUBLE PRECISION")
    if word in _EXTRACTED:
        return cast(_part(_EXTRACTED[word], value), "BIGINT")
    if word == "DAYOFWEEK":
        return exp.Paren(
            this=exp.Add(this=cast(_part("DOW", value), "BIGINT"), expression=integer(1))
        )
    if word == "SECOND":
        return cast(call("TRUNC", _part("SECOND", value)), "BIGINT")
    if word in {"MILLISECOND", "MICROSECOND"}:
        whole = cast(call("TRUNC", _part(f"{word}S", value)), "BIGINT")
        each = 1_000 if word == "MILLISECOND" else 1_000_000
        return exp.Paren(this=exp.Mod(this=whole, expression=integer(each)))
    if word == "WEEK":
        # Of the year, beginning with Sundays, from 0.
        day = exp.Add(this=cast(_part("DOY", value), "BIGINT"), expression=integer(6))
        days = exp.Paren(
            this=exp.Sub(this=day, expression=cast(_part("DOW", value.copy()), "BIGINT"))
        )
        return exp.Paren(this=exp.Div(this=days, expression=integer(7), typed=True))
    raise wrong(f"there is no part {word[:40]!r} of a time.", name)


def _part(word: str, value: exp.Expr) -> exp.Extract:
    return exp.Extract(this=exp.Var(this=word), expression=value)


def make_date(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DATE(x), DATE(x, zone), DATE(year, month, day)."""
    if len(arguments) == 3:
        return call("MAKE_DATE", *map(_int4, arguments))
    value = arguments[0]
    if len(arguments) == 2:
        value = exp.Paren(this=exp.AtTimeZone(this=cast(value, "TIMESTAMPTZ"), zone=arguments[1]))
    return cast(value, "DATE")


def _int4(node: exp.Expr) -> exp.Cast:
    return exp.Cast(this=node, to=exp.DataType(this=exp.DataType.Type.INT))


def make_timestamp(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """TIMESTAMP(x), DATETIME(x), each with a zone if need be."""
    target = "TIMESTAMP" if name == "DATETIME" else "TIMESTAMPTZ"
    if len(arguments) == 2:
        source = cast(arguments[0], "TIMESTAMPTZ" if name == "DATETIME" else "TIMESTAMP")
        return exp.Paren(this=exp.AtTimeZone(this=source, zone=arguments[1]))
    return cast(arguments[0], target)


def from_unix(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """TIMESTAMP_SECONDS and the like."""
    each = {"SECONDS": 1, "MILLIS": 1_000, "MICROS": 1_000_000}[name.rpartition("_")[2]]
    value = cast(arguments[0], "DOUBLE PRECISION")
    return call("TO_TIMESTAMP", exp.Div(this=value, expression=_double(each), typed=True))


def to_unix(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """UNIX_SECONDS and the like."""
    each = {"SECONDS": 1, "MILLIS": 1_000, "MICROS": 1_000_000, "DATE": 1 / 86_400}[
        name.rpartition("_")[2]
    ]
    value = cast(arguments[0], "TIMESTAMPTZ")
    epoch = _part("EPOCH", value)
    return cast(call("FLOOR", exp.Mul(this=epoch, expression=_double(each))), "BIGINT")


def format_time(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """FORMAT_DATE and the like."""
    pattern, value = arguments[0], arguments[1]
    value = cast(value, "TIMESTAMPTZ")
    if len(arguments) > 2:
        value = exp.Paren(this=exp.AtTimeZone(this=value, zone=arguments[2]))
    return call("TO_CHAR", value, text(_pattern(pattern, name)))


def parse_time(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """PARSE_DATE, PARSE_TIMESTAMP."""
    function = "TO_DATE" if name == "PARSE_DATE" else "TO_TIMESTAMP"
    return call(function, arguments[1], text(_pattern(arguments[0], name)))


def _pattern(node: exp.Expr, name: str) -> str:
    """A pattern of strftime as one of to_char."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise wrong("the format is written as a text.", name)
    pieces = []
    for directive, plain in _DIRECTIVE.findall(node.name):
        if plain:
            quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
            pieces.append(f'"{quoted}"')
        elif directive == "%":
            pieces.append('"%"')
        elif directive in _FORMATS:
            pieces.append(_FORMATS[directive])
        else:
            raise wrong(f"%{directive} is not supported.", name)
    return "".join(pieces)


def _double(value: float) -> exp.Expr:
    return cast(exp.Literal.string(repr(float(value))), "DOUBLE PRECISION")
