"""What is bound comes back; what SQLite has no type for is refused."""

from __future__ import annotations

import asyncio
import base64
import math

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.engines.sqlite import Databases, SqlError, SqliteSettings
from quintet_server.engines.sqlite.parameters import bindable

SETTINGS = SqliteSettings()
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Runs statements from tests that are no coroutines: hypothesis calls many times."""
    loop = asyncio.new_event_loop()
    databases = Databases(SETTINGS, tmp_path_factory.mktemp("sqlite"))
    loop.run_until_complete(databases.start())
    yield lambda *query: loop.run_until_complete(databases.query("p", *query))
    loop.run_until_complete(databases.stop())
    loop.close()


@settings(deadline=None)
@given(
    params=st.lists(
        values.filter(lambda value: value != math.inf and value != -math.inf),
        min_size=1,
        max_size=50,
    )
)
def test_values_that_are_bound_come_back_as_they_were(ask, params):
    columns = ", ".join(f"? AS c{n}" for n in range(len(params)))
    [row] = ask(f"SELECT {columns}", params).rows
    assert list(row.values()) == params
    assert [type(value) for value in row.values()] == [type(value) for value in params]


@settings(deadline=None)
@given(params=st.lists(texts, min_size=1, max_size=8), data=st.data())
def test_numbered_placeholders_take_the_value_of_their_number(ask, params, data):
    numbers = data.draw(st.lists(st.integers(1, len(params)), min_size=1, max_size=8))
    numbers.append(len(params))
    columns = ", ".join(f"?{number} AS c{n}" for n, number in enumerate(numbers))
    [row] = ask(f"SELECT {columns}", params).rows
    assert list(row.values()) == [params[number - 1] for number in numbers]


@settings(deadline=None)
@given(wanted=st.integers(0, 6), given_count=st.integers(0, 6))
def test_number_of_values_must_be_that_of_the_placeholders(ask, wanted, given_count):
    sql = "SELECT 0" + ", ?" * wanted
    if wanted == given_count:
        assert ask(sql, [1] * given_count).row_count == 1
        return
    with pytest.raises(SqlError) as refused:
        ask(sql, [1] * given_count)
    assert refused.value.kind == "parameters"
    assert str(wanted) in refused.value.message
    assert str(given_count) in refused.value.message


@settings(deadline=None)
@given(blob=st.binary(max_size=300))
def test_blobs_come_back_as_base64(ask, blob):
    [row] = ask("SELECT unhex(?) AS b", [blob.hex()]).rows
    assert base64.b64decode(row["b"], validate=True) == blob


def test_booleans_are_zero_and_one():
    assert bindable([True, False], SETTINGS) == (1, 0)
    assert [type(value) for value in bindable([True, False], SETTINGS)] == [int, int]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, [], [1], {}, {"a": 1}, 2**63, -(2**63) - 1, "\ud800"]
)
def test_value_without_a_type_in_sqlite_is_refused_with_its_place(value):
    with pytest.raises(SqlError, match=r"params\[1\]") as refused:
        bindable([1, value], SETTINGS)
    assert refused.value.kind == "parameters"


def test_values_beyond_the_bounds_are_refused():
    small = SqliteSettings(value_max_bytes=1_000, parameters_max_count=2)
    assert bindable(["x" * 1_000, 1], small)
    for params in (["é" * 501], ["x" * 1_001]):
        with pytest.raises(SqlError) as refused:
            bindable(params, small)
        assert refused.value.kind == "too_big"
    with pytest.raises(SqlError, match="at most 2"):
        bindable([1, 2, 3], small)
