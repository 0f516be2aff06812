"""Refusals in the words of whoever wrote the statement, not of a parser or of PostgreSQL."""

from __future__ import annotations

import pytest

from quintet_server.engines.sql import SqlRefused


@pytest.mark.parametrize(
    ("sql", "quote", "line", "column"),
    [
        ("SELECT 'abc FROM deals", "'", 1, 8),
        ('SELECT 1,\n  "abc\nFROM deals', '"', 2, 3),
        ("SELECT `abc FROM deals", "`", 1, 8),
        ("SELECT '''it's FROM deals", "'''", 1, 8),
    ],
)
async def test_quote_that_is_not_closed_is_told_with_its_place(tenants, sql, quote, line, column):
    with pytest.raises(SqlRefused) as refused:
        await tenants.query(sql)
    message = f"The quote {quote} at line {line}, column {column} is never closed."
    assert (refused.value.reason, refused.value.message) == ("syntax", message)
    assert refused.value.details == {"line": line, "column": column}


@pytest.mark.parametrize(
    ("sql", "near", "line", "column"),
    [
        ("SELECT FROM WHERE", "'WHERE'", 1, 13),
        ("SELECT 'a'::regclass AS r", "'regclass'", 1, 13),
        ("SELECT 1 AS a\nFROM deals deals deals", "'deals'", 2, 18),
    ],
)
async def test_word_that_cannot_stand_there_is_told_with_where_it_begins(
    tenants, sql, near, line, column
):
    with pytest.raises(SqlRefused) as refused:
        await tenants.query(sql)
    assert f"near {near} (line {line}, column {column})" in refused.value.message
    assert refused.value.details == {"line": line, "column": column}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 /* abc", "A comment that begins with /* is never closed."),
        ("SELECT SUM(channel) FROM interactions", "SUM needs numbers; channel is STRING."),
        ("SELECT AVG(i.timestamp) FROM interactions i", "AVG needs numbers; timestamp is TIMESTAM"),
        ("SELECT SUM(LOWER(channel)) FROM interactions", "SUM needs numbers, not STRING."),
        ("SELECT LOWER(amount) FROM interactions", "LOWER does not take (FLOAT)."),
        ("SELECT channel + amount FROM interactions", "do not go together: STRING + FLOAT; CAST"),
        (
            "SELECT SAFE.LOWER(channel) FROM interactions",
            "The function SAFE.LOWER is not available",
        ),
        ("SELECT NET.HOST(channel) FROM interactions", "The function NET.HOST is not available"),
        ("SELECT * FROM deals PIVOT(COUNT(*) FOR deal_id IN ('a'))", "PIVOT is not supported"),
        ("SELECT * FROM deals UNPIVOT(a FOR b IN (deal_id))", "UNPIVOT is not supported here."),
        ("SELECT AS STRUCT 1", "SELECT AS STRUCT or AS VALUE is not supported here."),
        ("SELECT * FROM deals TABLESAMPLE SYSTEM (9 PERCENT)", "TABLESAMPLE is not supported"),
        ("SELECT metadata ? 'a' FROM interactions", "not supported here: metadata ? 'a'."),
        ("SELECT channel RLIKE 'a' FROM interactions", "RLIKE (there is REGEXP_CONTAINS)"),
        ("SELECT b'abc'", "This is not supported here: a byte string."),
    ],
)
async def test_refusal_uses_words_of_the_statement(tenants, sql, message):
    with pytest.raises(SqlRefused) as refused:
        await tenants.query(sql)
    assert message in refused.value.message


async def test_name_of_a_column_for_something_else_may_be_summed(tenants):
    sql = (
        "WITH lengths AS (SELECT LENGTH(channel) AS channel FROM interactions) "
        "SELECT SUM(channel) AS n FROM lengths"
    )
    assert (await tenants.rows(sql))[0]["n"] > 0
