"""Adding the facts up: rows by key, totals over all of them, and what could not be converted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from quintet_server.services.ghostflow.currencies import Currencies
from quintet_server.services.ghostflow.reports.facts import Facts
from quintet_server.services.ghostflow.reports.grouping import Grouping
from quintet_server.services.ghostflow.reports.metrics import OF_CLICKS, Sums, metric_sql
from quintet_server.services.ghostflow.reports.questions import Question
from quintet_server.services.ghostflow.reports.visitors import (
    row_key,
    visitors_by_key,
    visitors_known,
)
from quintet_server.store.database import Connection

__all__ = ["After", "Answer", "Order", "Row", "add_up"]

_SUM_NAMES = tuple(each.name for each in fields(Sums))
_SUMS = ", ".join(_SUM_NAMES)
_MONEY = ("cost", "revenue", "pending_revenue")
_COUNTS = len(_SUM_NAMES) - len(_MONEY)
_MICRO = Decimal("0.000001")
_SORTABLE_TIMES = {
    "hour": "{}::numeric",
    "weekday": "{}::numeric",
    "day": "replace({}, '-', '')::numeric",
}


@dataclass(frozen=True, slots=True)
class After:
    """Where the page before ended: the value sorted by, as text, and the row's key."""

    value: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Order:
    """In which order, and which page of it. Rows with nothing to sort by come last."""

    by: Sequence[tuple[str, bool]]
    """Metrics, and whether the largest comes first."""
    limit: int
    after: After | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The sums of one combination of keys."""

    keys: tuple[Any, ...]
    key: str
    """All of them as one text."""
    value: str | None
    """What it was sorted by."""
    sums: Sums


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything added up."""

    rows: list[Row]
    totals: Sums
    """Over all rows, not only the page."""
    unconverted: list[str]
    """Currencies in which there is money that is in no sum, since there is no rate."""
    has_clicks: bool
    """Whether clicks can be told apart by what was asked."""


async def add_up(
    conn: Connection,
    question: Question,
    grouping: Grouping,
    currencies: Currencies,
    order: Order | None = None,
    visitors: Mapping[str, int] | None = None,
) -> Answer:
    """Add up what the question asks, for each combination of keys that occurs.

    Exact in the snapshot of the connection. Without an order the rows come in any. `visitors`: how
    many there are of each key, if that is known; to sort by them they are counted here if not.
    """
    facts = Facts(question, grouping)
    rates = _rates(currencies, question.currency)
    names = [f"key{number}" for number in range(len(grouping.keys))]
    page, params = "", dict[str, Any]()
    if names:
        page, params = _page(question, grouping, names, order, facts, visitors)
    statement = f"""
        WITH facts AS ({facts.sql}),
        by_currency AS MATERIALIZED (
            SELECT {_listed(f"{key} AS {name}" for key, name in _named(grouping, names))}
                currency, {_clicks_sum(question.bots)} AS clicks,
                coalesce(sum(clicks) FILTER (WHERE is_bot), 0) AS bots,
                {_sum("uniques", "pending", "approved", "rejected", "reversed", "unpriced")},
                {_sum("cost", "revenue", "pending_revenue")}
            FROM facts GROUP BY {_listed(names)} currency
        ), rates AS (
            SELECT * FROM unnest(%(currencies)s::text[], %(rates)s::numeric[]) AS r (currency, rate)
        ), groups AS MATERIALIZED (
            SELECT {_listed(names)}
                {_sum("clicks", "uniques", "bots", "pending", "approved", "rejected", "reversed")},
                {", ".join(f"coalesce(sum({m} * rate), 0) AS {m}" for m in _MONEY)}
            FROM by_currency LEFT JOIN rates USING (currency)
            {f"GROUP BY {', '.join(names)}" if names else ""}
            HAVING bool_or((clicks, bots, pending, approved, rejected, reversed, unpriced,
                            cost, revenue, pending_revenue) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        )
        SELECT NULL AS row_key, NULL AS value, {_listed("NULL" for _ in names)}
            {_sum(*_SUM_NAMES)}, ARRAY(
                SELECT currency FROM by_currency LEFT JOIN rates USING (currency)
                WHERE unpriced <> 0
                    OR (rate IS NULL AND (cost, revenue, pending_revenue) <> (0, 0, 0))
                GROUP BY currency ORDER BY currency
            ) FROM groups
        {page}
    """
    params |= facts.params | grouping.params
    params |= {"currencies": list(rates), "rates": list(rates.values())}
    rows = await (await conn.execute(statement.encode(), params)).fetchall()
    total = next(row for row in rows if row[0] is None)
    width = len(names)
    return Answer(
        rows=[
            Row(tuple(row[2 : 2 + width]), row[0], row[1], _sums(row[2 + width : -1]))
            for row in rows
            if row[0] is not None
        ],
        totals=_sums(total[2 + width : -1]),
        unconverted=total[-1],
        has_clicks=facts.has_clicks,
    )


def _listed(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts)


def _named(grouping: Grouping, names: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(grouping.keys, names, strict=True))


def _sum(*names: str) -> str:
    return ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in names)


def _clicks_sum(bots: str) -> str:
    wanted = " FILTER (WHERE NOT is_bot)" if bots == "exclude" else ""
    return f"coalesce(sum(clicks){wanted}, 0)"


def _sums(row: Sequence[Any]) -> Sums:
    values = [*(int(count) for count in row[:_COUNTS]), *row[_COUNTS:]]
    return Sums(**dict(zip(_SUM_NAMES, values, strict=True)))


def _rates(currencies: Currencies, target: str) -> dict[str, Decimal]:
    """What a micro-unit of each currency is in units of the target, where that is known.

    The rate is rounded once; everything is multiplied by that exactly, so rows add up to totals.
    """
    found = {}
    for currency in sorted(currencies.known | {target}):
        rate = currencies.rate(currency, target)
        if rate is not None:
            found[currency] = rate * _MICRO
    return found


def _page(
    question: Question,
    grouping: Grouping,
    names: Sequence[str],
    order: Order | None,
    facts: Facts,
    visitors: Mapping[str, int] | None,
) -> tuple[str, dict[str, Any]]:
    """The rows of the answer, as the second half of a UNION ALL."""
    source = f"(SELECT *, {row_key(names)} AS row_key FROM groups) AS keyed"
    columns = f"{_listed(names)} {_SUMS}, NULL::text[]"
    if order is None:
        return f"UNION ALL SELECT row_key, NULL, {columns} FROM {source}", {}
    params: dict[str, Any] = {"page_rows": order.limit}
    if any(name == "uniqueVisitors" for name, _ in order.by) and facts.has_clicks:
        sql, more = (
            visitors_by_key(question, grouping) if visitors is None else visitors_known(visitors)
        )
        params |= more
        source += f" LEFT JOIN ({sql}) AS seen USING (row_key)"
    orders = [
        (_sortable(name, grouping, names, facts), "DESC" if falling else "ASC")
        for name, falling in order.by
    ]
    first, direction = orders[0]
    where = "true"
    if order.after is not None:
        behind = "<" if direction == "DESC" else ">"
        where = (
            f"(value {behind} %(after)s::numeric OR (value IS NOT DISTINCT FROM %(after)s::numeric "
            "AND row_key > %(after_key)s) OR (value IS NULL AND %(after)s::numeric IS NOT NULL))"
        )
        params |= {"after": order.after.value, "after_key": order.after.key}
    sorts = ", ".join(f"{expression} {way} NULLS LAST" for expression, way in orders[1:])
    page = f"""UNION ALL (
        SELECT row_key, value::text, {columns} FROM (
            SELECT *, {first} AS value FROM {source}
        ) AS sorted WHERE {where}
        ORDER BY sorted.value {direction} NULLS LAST, {f"{sorts}, " if sorts else ""} row_key
        LIMIT %(page_rows)s
    )"""
    return page, params


def _sortable(name: str, grouping: Grouping, names: Sequence[str], facts: Facts) -> str:
    if name in _SORTABLE_TIMES:
        return _SORTABLE_TIMES[name].format(names[grouping.names.index(name)])
    if name in OF_CLICKS and not facts.has_clicks:
        return "NULL::numeric"
    return metric_sql(name)
