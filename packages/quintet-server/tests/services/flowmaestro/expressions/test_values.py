"""What values are worth, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_TEXT_LENGTH,
    MAX_VALUE_DEPTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.scope import MISSING
from quintet_server.services.flowmaestro.expressions.values import (
    as_number,
    check_size,
    is_falsy,
    loosely_equal,
    strictly_equal,
    to_json,
    to_number,
    to_text,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("value", [None, MISSING, False, 0, 0.0, ""])
def test_falsy_values_are_null_false_zero_and_the_empty_text(value: object) -> None:
    assert is_falsy(value)


@pytest.mark.parametrize("value", [True, 1, -1, "0", "false", " ", [], {}])
def test_everything_else_is_truthy(value: object) -> None:
    assert not is_falsy(value)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (None, MISSING, True),
        (None, None, True),
        (None, 0, False),
        (None, "", False),
        (None, False, False),
        (MISSING, "", False),
        (1, 1.0, True),
        (1, "1", True),
        ("1.50", 1.5, True),
        (" 7 ", 7, True),
        (1, "one", False),
        (0, "", False),
        (1, True, False),
        ("true", True, False),
        ("a", "a", True),
        ("a", "A", False),
        ("1", "1.0", False),
        ([1, {"a": 2}], [1.0, {"a": 2.0}], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ([1], [1, 2], False),
        ([], {}, False),
        ([], "", False),
    ],
)
def test_loose_equality_follows_the_table(left: Any, right: Any, equal: bool) -> None:
    assert loosely_equal(left, right) is equal
    assert loosely_equal(right, left) is equal


def test_strict_equality_keeps_types_apart() -> None:
    assert not strictly_equal(1, "1")
    assert not strictly_equal(1, True)
    assert strictly_equal(2, 2.0)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12),
        ("-1.5e2", -150.0),
        (" 3 ", 3),
        (".5", 0.5),
        (True, 1),
        (False, 0),
        (None, 0),
        ("", 0),
        ("abc", 0),
        ("0x10", 0),
        ("1_000", 0),
        ("Infinity", 0),
        ("NaN", 0),
        ("1e999", 0),
        ("9" * 500, 0),
        ("٣", 0),
        ([], 0),
        ({"a": 1}, 0),
        (float("inf"), 0),
        (float("nan"), 0),
        (10**400, 0),
    ],
)
def test_what_is_no_number_counts_as_zero(value: Any, number: float) -> None:
    assert to_number(value) == number


def test_as_number_keeps_whole_numbers_exact() -> None:
    assert as_number("9007199254740993") == 9007199254740993
    assert as_number(True) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (2.0**65, "36893488147419103000"),
        (-(2.0**53), "-9007199254740992"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (2**63, "9223372036854775808"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (10**400, "Infinity"),
        (True, "true"),
        (None, "null"),
        (MISSING, "null"),
        ("x", "x"),
        ({"a": [1.0, None, "é"]}, '{"a":[1,null,"é"]}'),
        ([float("nan"), 1e16], "[null,10000000000000000]"),
        ([], "[]"),
    ],
)
def test_text_is_that_of_javascript(value: Any, text: str) -> None:
    assert to_text(value) == text


@given(JSON)
@settings(deadline=None)
def test_json_reads_back_as_the_same_value(value: Any) -> None:
    assert strictly_equal(json.loads(to_json(value)), value)


@given(JSON, JSON)
@settings(deadline=None)
def test_equality_is_symmetric(left: Any, right: Any) -> None:
    assert loosely_equal(left, right) == loosely_equal(right, left)


def test_a_value_that_shares_its_parts_is_counted_as_it_would_be_written() -> None:
    value: Any = [0]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(ExpressionError, match="more than 1000000 members"):
        to_text(value)
    with pytest.raises(ExpressionError):
        loosely_equal(value, [value])


def test_a_value_nested_too_deeply_is_refused() -> None:
    value: Any = 0
    for _ in range(MAX_VALUE_DEPTH - 1):
        value = [value]
    check_size(value)
    with pytest.raises(ExpressionError, match="nested deeper than 100"):
        check_size([value])


def test_many_long_texts_are_too_much() -> None:
    text = "x" * (MAX_TEXT_LENGTH // 4)
    check_size([text] * 4)
    with pytest.raises(ExpressionError, match="characters of text"):
        check_size([text] * 5)
