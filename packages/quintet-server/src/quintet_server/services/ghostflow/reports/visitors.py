"""Different visitors by the rows: counted exactly, for each row and over all of them.

Somebody who comes back, on another day or to another campaign, is one visitor still: rows do not
add up to the total, so this cannot be kept as sums. All clicks are gone through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quintet_server.services.ghostflow.reports.dimensions import expression
from quintet_server.services.ghostflow.reports.facts import filter_columns
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.store.database import Connection

__all__ = [
    "BOTS",
    "NOBODY",
    "Visitors",
    "bucket_key",
    "count_by_rows",
    "row_key",
    "visitors_by_key",
    "visitors_known",
]

BOTS = {"exclude": "NOT is_bot", "include": "true", "only": "is_bot"}
"""Whose clicks count, in SQL."""


def row_key(keys: Sequence[str]) -> str:
    """The text of a row's keys, in SQL: it tells rows apart, also by what is not known."""
    return f'(jsonb_build_array({", ".join(keys)})::text COLLATE "C")'


def bucket_key(number: int) -> str:
    """The same of a point of a series."""
    return f"[{number}]"


def visitors_by_key(question: Question, grouping: Grouping) -> tuple[str, dict[str, Any]]:
    """The number of visitors for each row: a relation of `row_key` and `visitors`."""
    names = [f"key{number}" for number in range(len(grouping.keys))]
    seen, params = _seen(question, grouping, names)
    by = "".join(f", {name}" for name in names)
    sql = f"SELECT {row_key(names)} AS row_key, count(*) AS visitors FROM ({seen}) AS seen"
    return f"{sql} GROUP BY {by[2:]}" if names else sql, params


def visitors_known(counts: Mapping[str, int]) -> tuple[str, dict[str, Any]]:
    """The same, of numbers that are known."""
    sql = (
        "SELECT * FROM unnest(%(counted_keys)s::text[], %(counted)s::bigint[]) "
        "AS counted (row_key, visitors)"
    )
    return sql, {"counted_keys": list(counts), "counted": list(counts.values())}


def _seen(
    question: Question, grouping: Grouping, names: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """Each visitor once for each combination of keys."""
    filters, params = question.filters.sql(filter_columns("c."))
    columns = "".join(f", {expression(name, 'c.')} AS {name}" for name in sorted(grouping.columns))
    keys = "".join(f", {key} AS {name}" for key, name in zip(grouping.keys, names, strict=True))
    by = "".join(f", {name}" for name in names)
    params |= grouping.params | {
        "team": question.team,
        "visitors_start": question.period.start,
        "visitors_end": question.period.end,
    }
    sql = (
        f"SELECT visitor_id{keys} FROM (SELECT c.at, c.visitor_id{columns} FROM ghostflow_clicks c "
        "WHERE c.team_id = %(team)s AND c.at >= %(visitors_start)s AND c.at < %(visitors_end)s "
        f"AND {BOTS[question.bots]} AND {filters}) AS click GROUP BY visitor_id{by}"
    )
    return sql, params


@dataclass(frozen=True, slots=True)
class Visitors:
    """How many different ones there are; None where clicks cannot be told apart."""

    total: int | None
    by_key: Mapping[str, int] | None

    def of(self, key: str) -> int | None:
        """Those of a row."""
        return None if self.by_key is None else self.by_key.get(key, 0)


NOBODY = Visitors(None, None)


async def count_by_rows(
    conn: Connection, question: Question, grouping: Grouping, keys: Sequence[str] | None = None
) -> Visitors:
    """Count over all, and for each row (only for those with these keys, if given)."""
    names = [f"key{number}" for number in range(len(grouping.keys))]
    seen, params = _seen(question, grouping, names)
    if names:
        only = "" if keys is None else "WHERE row_key = ANY(%(row_keys)s)"
        statement = f"""
            WITH seen AS MATERIALIZED ({seen})
            SELECT NULL, count(DISTINCT visitor_id) FROM seen
            UNION ALL SELECT * FROM (
                SELECT {row_key(names)} AS row_key, count(*) FROM seen GROUP BY {", ".join(names)}
            ) AS counted {only}
        """
    else:
        statement = f"SELECT NULL, count(*) FROM ({seen}) AS seen"
    params |= {} if keys is None else {"row_keys": list(keys)}
    counted = await (await conn.execute(statement.encode(), params)).fetchall()
    by_key: dict[str | None, int] = dict(counted)
    total = by_key.pop(None)
    return Visitors(total, {str(key): count for key, count in by_key.items()})
