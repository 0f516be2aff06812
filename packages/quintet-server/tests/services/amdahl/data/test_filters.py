"""From filters to SQL: what is refused, what it compiles to, that values never become text."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.data.filters import (
    OPERATORS,
    BadFilter,
    Filter,
    Metric,
    Order,
    Question,
    compiled,
)
from quintet_server.services.amdahl.data.tables import TABLES

TABLE = TABLES["interactions"]


def of(*filters: Filter, **more: Any) -> Question:
    return Question(TABLE, filters, **more)


def refused(question: Question) -> tuple[str, str]:
    with pytest.raises(BadFilter) as caught:
        compiled(question)
    return caught.value.at, str(caught.value)


def where(*filters: Filter) -> str:
    sql = compiled(of(*filters)).sql
    return sql.partition(" WHERE ")[2].removesuffix(" LIMIT 100")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Filter("channel", "eq", "email"), "`channel` = @p1"),
        (Filter("channel", "neq", "email"), "`channel` <> @p1"),
        (Filter("channel", "in", ["email", "call"]), "`channel` IN (@p1, @p2)"),
        (Filter("channel", "not_in", ["email"]), "`channel` NOT IN (@p1)"),
        (Filter("amount", "gt", 1), "`amount` > @p1"),
        (Filter("amount", "gte", 1.5), "`amount` >= @p1"),
        (Filter("amount", "lt", 1), "`amount` < @p1"),
        (Filter("timestamp", "lte", "2026-04-14"), "`timestamp` <= CAST(@p1 AS TIMESTAMP)"),
        (Filter("amount", "between", [1, 2]), "`amount` BETWEEN @p1 AND @p2"),
        (Filter("content", "contains", "50%"), "STRPOS(LOWER(`content`), @p1) > 0"),
        (Filter("metadata", "is_null"), "`metadata` IS NULL"),
        (Filter("closed_at", "not_null"), "`closed_at` IS NOT NULL"),
    ],
)
def test_operator_compiles_to_its_condition(given: Filter, says: str) -> None:
    assert where(given) == says


def test_instants_are_given_with_their_zone_and_texts_in_small_letters() -> None:
    found = compiled(
        of(Filter("timestamp", "gt", "2026-04-14"), Filter("content", "contains", "ÄB"))
    )
    assert found.params == {"p1": "2026-04-14 00:00:00+00:00", "p2": "äb"}
    assert found.filters == [
        {"field": "timestamp", "op": "gt", "value": "2026-04-14"},
        {"field": "content", "op": "contains", "value": "ÄB"},
    ]


def test_whole_number_beyond_64_bits_is_echoed_as_a_double() -> None:
    filters = (Filter("amount", "eq", 10**30), Filter("amount", "between", [-(2**63), 2**70]))
    echoed = [each["value"] for each in compiled(of(*filters)).filters]
    assert echoed == [1e30, [-float(2**63), float(2**70)]]
    orjson.dumps(echoed)


def test_grouping_compiles_with_aliases_and_order() -> None:
    found = compiled(
        of(
            group_by=["channel"],
            metrics=[Metric("count"), Metric("avg", "amount"), Metric("max", "amount", "most")],
            order_by=[Order("avg_amount", is_descending=True), Order("channel")],
            limit=5,
        )
    )
    assert found.sql == (
        "SELECT `channel`, COUNT(*) AS `count`, AVG(`amount`) AS `avg_amount`, "
        "MAX(`amount`) AS `most` FROM `interactions` GROUP BY `channel` "
        "ORDER BY `avg_amount` DESC, `channel` LIMIT 5"
    )


@pytest.mark.parametrize(
    ("question", "at", "says"),
    [
        (of(Filter("nope", "eq", 1)), "filters[0].field", "is no field of interactions"),
        (of(Filter("project_id", "eq", "x")), "filters[0].field", "is no field"),
        (of(Filter("channel", "like", "x")), "filters[0].op", "is not one of eq, neq"),
        (of(Filter("channel", "gt", "x")), "filters[0].op", "does not go with channel"),
        (of(Filter("metadata", "eq", "x")), "filters[0].op", "does not go with metadata"),
        (of(Filter("amount", "eq", "1")), "filters[0].value", "must be a number"),
        (of(Filter("amount", "eq", True)), "filters[0].value", "must be a number"),
        (of(Filter("amount", "eq", 10**400)), "filters[0].value", "range of a double"),
        (of(Filter("channel", "eq", None)), "filters[0].value", "must be a string"),
        (of(Filter("channel", "eq", "\x00")), "filters[0].value", "no NUL"),
        (of(Filter("timestamp", "gt", "soon")), "filters[0].value", "must be an instant"),
        (of(Filter("channel", "in", [])), "filters[0].value", "a list of 1 to 200"),
        (of(Filter("channel", "in", ["x"] * 201)), "filters[0].value", "a list of 1 to 200"),
        (of(Filter("channel", "in", "x")), "filters[0].value", "a list"),
        (of(Filter("amount", "between", [1])), "filters[0].value", "a list of 2 values"),
        (of(*[Filter("id", "eq", "x")] * 33), "filters", "at most 32"),
        (of(group_by=["channel"]), "metrics", "needs at least one metric"),
        (of(group_by=["id"] * 9, metrics=[Metric("count")]), "group_by", "at most 8"),
        (of(group_by=["metadata"], metrics=[Metric("count")]), "group_by[0]", "grouped by"),
        (of(metrics=[Metric("count")] * 9), "metrics", "at most 8"),
        (of(metrics=[Metric("count")] * 2), "metrics", "twice"),
        (of(metrics=[Metric("median", "amount")]), "metrics[0].fn", "is not one of count"),
        (of(metrics=[Metric("sum")]), "metrics[0].field", "needs a field"),
        (of(metrics=[Metric("sum", "channel")]), "metrics[0].field", "numeric: sentiment, amount"),
        (of(metrics=[Metric("max", "metadata")]), "metrics[0].field", "JSON"),
        (of(order_by=[Order("metadata")]), "order_by[0].field", "is not in the result"),
        (
            of(metrics=[Metric("count")], order_by=[Order("amount")]),
            "order_by[0].field",
            "is not in the result (count)",
        ),
    ],
)
def test_violation_is_named(question: Question, at: str, says: str) -> None:
    found = refused(question)
    assert found[0] == at
    assert says in found[1]


_STRINGS = st.text(max_size=12)
_FILTERS = st.builds(
    Filter,
    st.sampled_from([column.name for column in TABLE.columns] + ["`; DROP TABLE x; --", "1=1"]),
    st.sampled_from([*OPERATORS["FLOAT"], "contains", "=", "OR"]),
    st.one_of(_STRINGS, st.floats(), st.booleans(), st.none(), st.lists(_STRINGS, max_size=3)),
)


@given(
    st.lists(_FILTERS, max_size=4), st.lists(st.lists(_STRINGS, min_size=1, max_size=2), max_size=2)
)
def test_statement_is_made_of_known_words_whatever_is_asked(
    filters: list[Filter], words: list[list[str]]
) -> None:
    try:
        found = compiled(of(*filters, words=words))
    except BadFilter:
        return
    plain = re.sub(r"@p\d+", "@", found.sql)
    assert set(re.findall(r"`([^`]*)`", plain)) <= {
        "interactions",
        *(c.name for c in TABLE.columns),
    }
    assert not set(re.sub(r"`[^`]*`", "", plain)) & set("'\"\\;-/*#")
    assert set(re.findall(r"@(p\d+)", found.sql)) == set(found.params)
