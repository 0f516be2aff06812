"""The facts a report adds up, as one relation: from rollups, deltas and rows.

Its columns: `at`, what is grouped by, `currency`, `is_bot`, and the sums that rollups have. Whether
a fact comes from a rollup, from a delta that is not in there yet, or from the row itself makes no
difference to any sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quintet_server.services.ghostflow.reports.coverage import cover
from quintet_server.services.ghostflow.reports.dimensions import COLUMN_OF_FILTER, expression
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.reports.rollups import COUNTS, MONEY

__all__ = ["EVENT", "Facts", "filter_columns"]

EVENT = "event"
_MEASURES = ", ".join((*COUNTS, *MONEY))

# The same as the triggers write: see the migration.
_SUMS_OF_CONVERSION = """
    SELECT CASE WHEN v.revenue IS NULL THEN v.payout_currency ELSE v.currency END AS currency,
        (v.status = 'pending')::int AS pending, (v.status = 'approved')::int AS approved,
        (v.status = 'rejected')::int AS rejected, (v.status = 'reversed')::int AS reversed,
        (v.revenue IS NULL AND v.payout > 0 AND v.status IN ('pending', 'approved'))::int
            AS unpriced, NULL::numeric AS cost,
        CASE v.status WHEN 'approved' THEN v.revenue END::numeric AS revenue,
        CASE v.status WHEN 'pending' THEN v.revenue END::numeric AS pending_revenue
    UNION ALL
    SELECT v.cost_currency, 0, 0, 0, 0, 0, v.cost, NULL, NULL
    WHERE v.status = 'approved' AND v.cost <> 0
"""


class Facts:
    """Builds the relation for one question and one way of grouping: `sql` and `params`."""

    def __init__(self, question: Question, grouping: Grouping) -> None:
        self._question = question
        self._columns = sorted(grouping.columns)
        self._kind = 1 if question.attribution == "click" else 2
        self.params: dict[str, Any] = {"team": question.team}
        self.has_clicks = EVENT not in grouping.columns | question.columns
        """Without: clicks have no event, so what is told apart by events says nothing of them."""
        period = question.period
        coverage = cover(
            grouping.columns | question.columns, period.start, period.end, grouping.edges
        )
        parts: list[str] = []
        for span in coverage.spans:
            if span.table is not None:
                parts.append(self._from_sums(span.table, span.start, span.end))
            else:
                parts += self._from_rows(span.start, span.end)
        if coverage.rolled is not None:
            parts.append(self._from_sums("ghostflow_deltas", *coverage.rolled))
        self.sql = " UNION ALL ".join(parts)

    def _from_sums(self, table: str, start: datetime, end: datetime) -> str:
        columns = "".join(f"{column}, " for column in self._columns)
        return (
            f"SELECT at, {columns}currency, is_bot, {_MEASURES} FROM {table} "
            f"WHERE {self._where('', 'at', start, end)} AND kind IN (0, {self._kind})"
        )

    def _from_rows(self, start: datetime, end: datetime) -> Sequence[str]:
        parts = [self._conversions(start, end)]
        if self.has_clicks:
            parts.append(self._clicks(start, end))
        return parts

    def _clicks(self, start: datetime, end: datetime) -> str:
        columns = "".join(f"{expression(name, 'c.')} AS {name}, " for name in self._columns)
        return (
            f"SELECT c.at, {columns}c.cost_currency AS currency, c.is_bot, 1 AS clicks, "
            "c.is_unique::int AS uniques, NULL::int AS pending, NULL::int AS approved, "
            "NULL::int AS rejected, NULL::int AS reversed, NULL::int AS unpriced, "
            "c.cost::numeric AS cost, NULL::numeric AS revenue, NULL::numeric AS pending_revenue "
            f"FROM ghostflow_clicks c WHERE {self._where('c.', 'c.at', start, end)}"
        )

    def _conversions(self, start: datetime, end: datetime) -> str:
        columns = "".join(f"{_of_conversion(name)} AS {name}, " for name in self._columns)
        at = "v.click_at" if self._kind == 1 else "v.at"
        return (
            f"SELECT {at} AS at, {columns}money.currency, c.is_bot, NULL::int AS clicks, "
            "NULL::int AS uniques, money.pending, money.approved, money.rejected, "
            "money.reversed, money.unpriced, money.cost, money.revenue, money.pending_revenue "
            "FROM ghostflow_conversions v JOIN ghostflow_clicks c ON c.id = v.click_id "
            f"CROSS JOIN LATERAL ({_SUMS_OF_CONVERSION}) AS money "
            f"WHERE {self._where('c.', at, start, end, team='v.team_id')}"
        )

    def _where(
        self, prefix: str, at: str, start: datetime, end: datetime, *, team: str | None = None
    ) -> str:
        name = f"span{len(self.params)}"
        self.params |= {f"{name}_start": start, f"{name}_end": end}
        where = [
            f"{team or f'{prefix}team_id'} = %(team)s",
            f"{at} >= %({name}_start)s AND {at} < %({name}_end)s",
        ]
        if self._question.bots == "only":
            where.append(f"{prefix}is_bot")
        filters, params = self._question.filters.sql(filter_columns(prefix))
        self.params |= params
        where.append(filters)
        return " AND ".join(where)


def _of_conversion(column: str) -> str:
    return expression(column, "v." if column == EVENT else "c.")


def filter_columns(prefix: str) -> Mapping[str, str]:
    """Where each filter looks, in a relation of clicks (and `v`, of conversions)."""
    return {
        name: expression(column, "v." if column == EVENT else prefix)
        for name, column in COLUMN_OF_FILTER.items()
    }
