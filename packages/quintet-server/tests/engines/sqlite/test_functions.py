"""Our functions in the place of SQLite's give the same results."""

from __future__ import annotations

import contextlib
import time

import apsw
import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.engines.sqlite import SqlError
from quintet_server.engines.sqlite.functions import replace_slow_functions

texts = st.text(st.sampled_from("ab é☃\0😀 "), max_size=12)
values = (
    texts
    | st.none()
    | st.integers(-1000, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.binary(max_size=6)
)

native = apsw.Connection(":memory:")
ours = apsw.Connection(":memory:")
replace_slow_functions(ours, 2_000_000)


@pytest.mark.parametrize("name", ["instr", "trim", "ltrim", "rtrim"])
@settings(deadline=None)
@given(text=values, other=values)
def test_function_of_two_values_gives_what_sqlite_gives(name, text, other):
    sql = f"SELECT {name}(?, ?)"
    assert _outcome(ours, sql, text, other) == _outcome(native, sql, text, other)


@settings(deadline=None)
@given(text=values, old=values, new=values)
def test_replace_gives_what_sqlite_gives(text, old, new):
    sql = "SELECT replace(?, ?, ?)"
    assert _outcome(ours, sql, text, old, new) == _outcome(native, sql, text, old, new)


@settings(deadline=None)
@given(text=st.text("0aF- ", max_size=9), ignored=st.text("- x", max_size=3))
def test_unhex_gives_what_sqlite_gives(text, ignored):
    sql = "SELECT unhex(?, ?)"
    assert _outcome(ours, sql, text, ignored) == _outcome(native, sql, text, ignored)


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("SELECT instr(?, ?)", ("0" * 1_900_000, "0" * 900_000 + "1")),
        ("SELECT length(replace(?, ?, ''))", ("0" * 1_900_000, "0" * 900_000 + "1")),
        ("SELECT length(trim(?, ?))", ("a" * 1_900_000, "b" * 1_900_000 + "a")),
        ("SELECT length(replace(?, ?, ?))", ("0" * 1_900_000, "0", "1" * 1_900_000)),
        ("SELECT unhex(?, ?)", ("-" * 1_900_000, "b" * 1_900_000 + "-")),
        ("SELECT instr(?, ?)", (b"0" * 1_900_000, b"0" * 900_000 + b"1")),
    ],
)
def test_long_values_take_little_time_or_are_refused(sql, values):
    started = time.process_time()
    with contextlib.suppress(SqlError):
        ours.execute(sql, values).fetchall()
    assert time.process_time() - started < 10


def test_functions_can_be_used_in_indexes_and_generated_columns():
    database = apsw.Connection(":memory:")
    database.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    replace_slow_functions(database, 2_000_000)
    database.execute("CREATE TABLE t (a, b AS (replace(a, 'x', 'y')) STORED)")
    database.execute("CREATE INDEX i ON t (trim(a, 'x'))")
    database.execute("INSERT INTO t VALUES ('xax')")
    assert database.execute("SELECT b, trim(a, 'x') FROM t").get == ("yay", "a")


def _outcome(database, sql, *values):
    try:
        return database.execute(sql, values).get
    except (apsw.Error, UnicodeDecodeError) as error:
        return type(error)
