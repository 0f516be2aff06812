"""Which lane a statement takes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.sqlite import SqlError
from quintet_server.engines.sqlite.statements import is_blank, shape_of

blanks = st.lists(st.sampled_from([" ", "\n", ";", "/* ; select */", "-- x\n", "/**/"])).map(
    "".join
)


def shape(sql):
    return shape_of(sql, max_bytes=100_000)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "values (1)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "EXPLAIN INSERT INTO t VALUES (1)",
        "PRAGMA table_info(t)",
    ],
)
def test_statement_that_reads_takes_a_reading_seat(sql):
    assert not shape(sql).writes


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "replace into t values (1)",
        "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
        "CREATE TABLE t (a)",
        "PRAGMA optimize",
        "SELECT last_insert_rowid()",
        "SELECT changes( )",
        "nonsense",
    ],
)
def test_everything_else_takes_the_writing_seat(sql):
    assert shape(sql).writes


@given(before=blanks, after=blanks)
def test_comments_and_spaces_before_the_first_word_do_not_hide_it(before, after):
    with pytest.raises(SqlError) as refused:
        shape(f"{before}ATTACH{after} 'x' AS y")
    assert refused.value.kind == "forbidden"


@given(blanks)
def test_blanks_alone_are_no_statement(text):
    assert is_blank(text)
    assert not is_blank(text + "x")
    assert not is_blank(text + "x" + text)
    with pytest.raises(SqlError, match="no statement"):
        shape(text)


@pytest.mark.parametrize("sql", ["SELECT '\ud800'", "SELECT 1\0", "SELECT " + "1" * 100_000])
def test_text_that_cannot_be_a_statement_is_refused(sql):
    with pytest.raises(SqlError, match="sql:"):
        shape(sql)
