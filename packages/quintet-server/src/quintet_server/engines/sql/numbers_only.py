"""Aggregates that reckon: what is given to them has to be a number.

PostgreSQL says the same, but of functions and types that the caller never wrote.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from quintet_server.engines.sql.model import SqlRefused
from quintet_server.engines.sql.names import Names
from quintet_server.engines.sql.pieces import kind_of

__all__ = ["NUMBERS_ONLY", "check_numbers"]

NUMBERS_ONLY = frozenset(
    {
        *("SUM", "AVG", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP", "VAR_SAMP"),
        *("CORR", "COVAR_POP", "COVAR_SAMP", "REGR_SLOPE", "REGR_INTERCEPT", "REGR_R2"),
    }
)
_NO_NUMBERS = {
    "text": "STRING",
    "bool": "BOOLEAN",
    "json": "JSON",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def check_numbers(name: str, arguments: Sequence[exp.Expr], names: Names) -> None:
    """Raise :class:`SqlRefused` if an aggregate of numbers is given a column that has none.

    Only columns of tables: a name that the statement gives to something else may hold anything.
    """
    if name not in NUMBERS_ONLY:
        return
    for each in arguments:
        word = _NO_NUMBERS.get(kind_of(each) or "")
        is_plain = isinstance(each, exp.Column) and each.name not in names.aliases
        if word and is_plain and each.name in names.columns:
            message = f"{name} needs numbers; {each.name} is {word}."
            raise SqlRefused("invalid_expression", message, {"function": name})
