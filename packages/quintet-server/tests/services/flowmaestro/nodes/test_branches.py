from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.flowmaestro.nodes.comparison import OPERATORS, equal, matches

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (1, "==", "1.0", True),
        ("01", "==", 1, True),
        ("High", "==", "hIGH", True),
        ("a", "==", "b", False),
        (None, "==", None, True),
        (None, "==", "null", True),
        (None, "==", "undefined", True),
        (None, "==", 0, False),
        (None, "==", "", False),
        (True, "==", "true", True),
        (True, "==", 1, True),
        (0, "==", "", True),
        (0, "==", "x", False),
        ({"a": 1, "b": 2}, "==", '{"b": 2, "a": 1}', True),
        ([1, 2], "==", "[1,2]", True),
        ([1, 2], "==", [2, 1], False),
        (1, "!=", 2, True),
        ("a", "neq", "A", False),
        (10, ">", "9", True),
        ("10", ">", "9", True),
        ("b", ">", "a", True),
        ("10", ">", "9a", False),
        (2, ">=", 2, True),
        (2, "gte", 3, False),
        (1, "<", 2, True),
        (1, "lte", 1, True),
        (None, "<", 1, False),
        (None, ">=", 1, False),
        ("Hello World", "contains", "WORLD", True),
        ([1, "Two", 3], "contains", "two", True),
        ([1, 2], "contains", "2", True),
        ([12], "contains", "1", False),
        (12345, "contains", 34, True),
        (None, "contains", "a", False),
        ("Hello", "startsWith", "he", True),
        ("Hello", "endsWith", "LO", True),
        ("Hello", "endsWith", "he", False),
        ("", "isEmpty", None, True),
        (None, "isEmpty", None, True),
        ([], "isEmpty", None, True),
        ({}, "isEmpty", None, True),
        ("[]", "isEmpty", None, True),
        (0, "isEmpty", None, False),
        (False, "isEmpty", None, False),
        ("x", "isNotEmpty", None, True),
        (None, "isNull", None, True),
        ("null", "isNull", None, True),
        ("", "isNull", None, False),
        (0, "isNotNull", None, True),
    ],
)
async def test_conditional_operators(run, left, operator, right, expected):
    config = {"leftValue": "{{l}}", "operator": operator, "rightValue": "{{r}}"}
    result = await run("conditional", config, {"l": left, "r": right})
    branch = "true" if expected else "false"
    assert result.output["conditionMet"] is expected
    assert result.output["branch"] == branch
    assert result.handles == {branch}


async def test_conditional_output_shows_both_sides(run):
    config = {"leftValue": "{{t.p}}", "operator": "eq", "rightValue": "high"}
    assert (await run("conditional", config, {"t": {"p": "low"}})).output == {
        "conditionMet": False,
        "branch": "false",
        "leftValue": "low",
        "rightValue": "high",
        "operator": "==",
    }


async def test_conditional_output_variable_holds_the_result(run):
    config = {"leftValue": 1, "rightValue": 1, "outputVariable": "c"}
    result = await run("conditional", config)
    assert result.output["c"]["branch"] == "true"
    assert result.variables["c"]["conditionMet"] is True
    assert result.handles == {"true"}


async def test_conditional_missing_path_is_null_and_empty(run):
    result = await run("conditional", {"leftValue": "{{no.where}}", "operator": "isEmpty"})
    assert result.output["conditionMet"] is True


@pytest.mark.parametrize(
    ("expression", "data", "expected"),
    [
        ("{{n}} > 10 && {{s}} == 'ok'", {"n": 11, "s": "ok"}, True),
        ("n > 10 || false", {"n": 1}, False),
        ("{{ n > 10 ? true : false }}", {"n": 11}, True),
        ("'{{s}}' == 'ok'", {"s": "ok"}, True),
        ("{{s}} == 'ok'", {"s": "x' == 'x' || 'a"}, False),
        ("'{{s}}' == 'ok'", {"s": "ok' || 'a' == 'a"}, False),
        ("!{{missing}}", {}, True),
        ("{{flag}}", {"flag": 0}, False),
    ],
)
async def test_conditional_expression_takes_values_and_never_text(run, expression, data, expected):
    config = {"conditionType": "expression", "expression": expression}
    result = await run("conditional", config, data)
    assert result.output["conditionMet"] is expected


async def test_conditional_with_a_condition_only_is_an_expression(run):
    result = await run("if", {"condition": "a == 1"}, {"a": 1})
    assert result.handles == {"true"}


@given(JSON)
def test_equal_is_reflexive_but_for_what_is_no_number(value):
    assert equal(value, value)


@given(JSON, JSON)
def test_operators_answer_for_any_pair(left, right):
    for operator in OPERATORS.values():
        assert operator(left, right) in (True, False)
    assert equal(left, right) == equal(right, left)


SWITCH = [
    ("b", [{"value": "a"}, {"value": "B"}], None, "B", {"B", "case-B"}),
    (2, [{"value": "1"}, {"value": "2.0"}], None, "2.0", {"2.0", "case-2.0"}),
    ("2", [{"value": 2}], None, "2", {"2", "case-2"}),
    (True, [{"value": "true"}], None, "true", {"true", "case-true"}),
    ("err-42", [{"value": "err-*"}, {"value": "*"}], None, "err-*", {"err-*", "case-err-*"}),
    ("cat", [{"value": "c?t"}], None, "c?t", {"c?t", "case-c?t"}),
    ("coat", [{"value": "c?t"}], None, None, {"default", "case-default"}),
    ("z", [{"value": "a"}], "other", None, {"other", "case-other", "default"}),
    (None, [{"value": "a"}, {"value": "*"}], None, "*", {"*", "case-*"}),
    ("x", [{"value": "{{k}}"}], None, "x", {"x", "case-x"}),
]


@pytest.mark.parametrize(("value", "cases", "default", "matched", "handles"), SWITCH)
async def test_switch_takes_the_first_case_that_matches(
    run, value, cases, default, matched, handles
):
    config = {"expression": "{{v}}", "cases": cases, "defaultCase": default}
    result = await run("switch", config, {"v": value, "k": "x"})
    assert result.output["matchedCase"] == matched
    assert result.output["matchedValue"] in handles
    assert result.output["evaluatedExpression"] == value
    assert result.handles == handles


def test_matches_many_wildcards_against_long_text_is_quick():
    started = time.monotonic()
    assert not matches("a" * 20_000, "*a*a*a*a*a*a*a*a*b")
    assert matches("a" * 20_000, "*a*a*a*a*a*a*a*a*?")
    assert time.monotonic() - started < 60


@given(st.text("ab", max_size=8), st.text("ab*?", max_size=6))
def test_matches_agrees_with_the_shells_patterns(text, pattern):
    if "*" in pattern or "?" in pattern:
        assert matches(text, pattern) == fnmatch.fnmatchcase(text, pattern)
