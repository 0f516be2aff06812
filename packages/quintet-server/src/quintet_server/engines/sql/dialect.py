"""The SQL that is understood: BigQuery's, with what PostgreSQL's users would write.

Every call of a function stays a plain call with a name: what it means is said in `functions`, in
one place, not by the parser.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import ErrorLevel
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.parsers.postgres import PostgresParser

__all__ = ["TenantDialect", "write"]

# Calls with words inside, which take more than a list of arguments to parse.
_WORDY = frozenset(
    {"ARRAY", "CAST", "EXTRACT", "POSITION", "SAFE_CAST", "SUBSTRING", "TRIM", "TRY_CAST"}
)
_PARSERS: dict[str, Any] = {**PostgresParser.FUNCTION_PARSERS, **BigQueryParser.FUNCTION_PARSERS}


class TenantDialect(BigQuery):
    """What tenants write."""

    # Both: UNION alone means UNION DISTINCT, as in PostgreSQL.
    SET_OP_DISTINCT_BY_DEFAULT = {  # noqa: RUF012 - the parser's base declares it
        exp.Except: True,
        exp.Intersect: True,
        exp.Union: True,
    }

    class Tokenizer(BigQuery.Tokenizer):
        """Texts whose quotes are doubled, too, as PostgreSQL has them."""

        STRING_ESCAPES: ClassVar[list[str]] = ["\\", "'", '"']

    class Parser(BigQueryParser):
        """Knows no function by name."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in _PARSERS.items() if name in _WORDY
        }


def write(tree: exp.Expr) -> str:
    """The tree as PostgreSQL reads it: every name quoted, no comments.

    Raises :class:`sqlglot.errors.UnsupportedError` for what has no equivalent.
    """
    return tree.sql(
        dialect="postgres",
        identify=True,
        comments=False,
        copy=False,
        unsupported_level=ErrorLevel.RAISE,
        max_unsupported=1,
    )
