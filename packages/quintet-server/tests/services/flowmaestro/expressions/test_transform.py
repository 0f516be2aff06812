"""The language of transforms: a table for each of its parts, its bounds, and hostile sources."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_DEPTH,
    MAX_SOURCE_LENGTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.expressions.transform import (
    evaluate_transform,
    filter_items,
    map_items,
    reduce_items,
    sort_items,
)
from quintet_server.services.flowmaestro.expressions.values import check_size

ITEMS: list[Any] = [
    {"name": "a", "price": 5, "qty": 2, "tags": ["x", "y"], "in": {"stock": True}},
    {"name": "b", "price": 15, "tags": ["z"], "note": None},
    {"name": "c", "price": 20, "qty": 1.5, "tags": []},
]
SCOPE = Scope.of(
    inputs={"limit": 10, "position": 1, "price": "hidden by a member", "rates": {"a": 2}}
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # data and paths
        ("items.price", [5, 15, 20]),
        ("$.price", [5, 15, 20]),
        ("$$.name", ["a", "b", "c"]),
        ("item.name", None),
        ("items.length", 3),
        ("items.tags", ["x", "y", "z"]),
        ("items.tags.length", 3),
        ("items.qty", [2, 1.5]),
        ("items.note", [None]),
        ("items.in.stock", [True]),
        ("items.missing", []),
        ("items[0].name", "a"),
        ("items[-1].name", "c"),
        ("items[9]", None),
        ("items[9].name.first", None),
        ("items[0]['name']", "a"),
        ("items['name']", ["a", "b", "c"]),
        ("items[$count(items) - 1].name", "c"),
        ("items[position].name", "b"),
        ("items[0]?.name", "a"),
        ("items[0].name[0]", "a"),
        ("items[0].name.length", 1),
        ("items.0.name", "a"),
        ("limit", 10),
        ("$limit", 10),
        ("rates.a", 2),
        ("rates[items[0].name]", 2),
        ("items[rates.a].name", "c"),
        ("items.map(x => rates[x.name])[0]", 2),
        ("items.map((x, i) => items[i].name)", ["a", "b", "c"]),
        ("missing", None),
        # filters
        ("items[price > 10].name", ["b", "c"]),
        ("items[price > limit && qty].name", ["c"]),
        ("items[item.price > 10][0].name", "b"),
        ("items[$.price = 5].name", ["a"]),
        ("items[index > 0].name", ["b", "c"]),
        ("items[in.stock].name", ["a"]),
        ("items[qty].name", ["a", "c"]),
        ("items['x' in tags].name", ["a"]),
        ("items[name in ['a', 'c']].name", ["a", "c"]),
        ("items[$contains(tags, 'z')].name", ["b"]),
        ("items[0][price = 5].name", "a"),
        ("items[0][price = 6]", None),
        ("items[price > 100]", []),
        # each
        ("items.(name & '!')", ["a!", "b!", "c!"]),
        ("items.{n: name, 'p': price * 2}[0]", {"n": "a", "p": 10}),
        ("items[0].{n: name}", {"n": "a"}),
        ("missing.{n: name}", None),
        # arithmetic
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("6 / 2", 3),
        ("1 / 4", 0.25),
        ("2 * 0.5", 1),
        ("7 % 3", 1),
        ("-7 % 3", -1),
        ("7.5 % 2", 1.5),
        ("-items[0].price", -5),
        ("--1", 1),
        ("+'5' + 1", 6),
        ("'5' * '2'", 10),
        ("'a' + 1", "a1"),
        ("1 + 'a'", "1a"),
        ("'a' + null", "a"),
        ("1 & 2", "12"),
        ("'x' & missing & [1]", "x[1]"),
        # comparisons
        ("1 = 1", True),
        ("1 == '1'", True),
        ("1 === '1'", False),
        ("missing === null", True),
        ("1 != 2", True),
        ("'a' !== 'a'", False),
        ("'a' < 'b'", True),
        ("'2024-01-02' < '2024-01-10'", True),
        ("'10' > 9", True),
        ("null < 1", False),
        ("missing > 0", False),
        ("'a' > 1", False),
        ("true > 0", True),
        ("[1] = [1.0]", True),
        ("'k' in {k: 1}", True),
        ("2 in [1, '2']", True),
        ("1 in 1", True),
        # logic
        ("0 || 'x'", "x"),
        ("'' or 'x'", "x"),
        ("0 ?? 'x'", 0),
        ("missing ?? null ?? 'x'", "x"),
        ("1 && 2", 2),
        ("0 and 2", 0),
        ("false || true && false", False),
        ("!0", True),
        ("not (1 = 2)", True),
        ("$not(1)", False),
        ("1 > 2 ? 'a' : 2 > 1 ? 'b' : 'c'", "b"),
        # literals and construction
        ("[1, 'a', null, missing, ...[2, 3]]", [1, "a", None, None, 2, 3]),
        ("[...items.name, ...missing]", ["a", "b", "c"]),
        ("{a: 1, 'b c': 2, [items[0].name & 1]: 3, 4: 5}", {"a": 1, "b c": 2, "a1": 3, "4": 5}),
        ("{limit}", {"limit": 10}),
        ("{a: missing, b: null}", {"b": None}),
        ("{...items[1], price: 1}.price", 1),
        ("{...missing}", {}),
        ("[]", []),
        ("{}", {}),
        ("`n=${items[0].name}, ${1 + 1}`", "n=a, 2"),
        ("`plain`", "plain"),
        (r"'it\'s'", "it's"),
        ("/* why */ 1", 1),
        ("true", True),
        ("null", None),
        ("1.5e2", 150.0),
        # functions
        ("items.map(x => x.name)", ["a", "b", "c"]),
        ("items.filter(x => x.price > 5).map(x => x.name).join('+')", "b+c"),
        ("items.map((x, i) => i)", [0, 1, 2]),
        ("items.map((x, i, all) => all.length)", [3, 3, 3]),
        ("items.map(() => 1)", [1, 1, 1]),
        ("items.map(x => ({n: x.name}))[0]", {"n": "a"}),
        ("items.map(x => { return x.name; })", ["a", "b", "c"]),
        ("items.map(x => {n: x.name})[1]", {"n": "b"}),
        ("$map(items, function($x) { $x.name })", ["a", "b", "c"]),
        ("$map(items, function($x, $i) { return $i })", [0, 1, 2]),
        ("$map(items.name, $uppercase)", ["A", "B", "C"]),
        ("$map(items, x => $map(x.tags, t => x.name & t))", [["ax", "ay"], ["bz"], []]),
        ("items.reduce((sum, x) => sum + x.price, 0)", 40),
        ("$reduce([1, 2, 3], (a, b) => a * b)", 6),
        ("x => x.length", 3),
        ("items => items[0].name", "a"),
        ("sum(items.price)", 40),
    ],
)
def test_expression_follows_the_table(expression: str, value: Any) -> None:
    before = copy.deepcopy(ITEMS)
    result = evaluate_transform(expression, ITEMS, SCOPE)
    assert result == value
    assert type(result) is type(value)
    assert before == ITEMS


@pytest.mark.parametrize(
    ("expression", "position", "says"),
    [
        ("", 0, "Unexpected end"),
        ("items.", 6, "A name is missing"),
        ("items[", 6, "Unexpected end"),
        ("items[]", 6, "Unexpected ']'"),
        ("1 +", 3, "Unexpected end"),
        ("1 2", 2, "Unexpected '2'"),
        ("$nope(1)", 0, "There is no function '$nope'"),
        ("$upercase('a')", 0, "did you mean '$uppercase'"),
        ("items.touppercase()", 6, "did you mean 'toUpperCase'"),
        ("items.constructor('x')", 6, "There is no method 'constructor'"),
        ("eval('1')", 0, "There is no function 'eval'"),
        ("__import__('os')", 0, "There is no function '__import__'"),
        ("'a' - 1", 4, "'-' needs a number, not a text"),
        ("missing * 2", 8, "'*' needs a number, not null"),
        ("true + 1", 5, "'+' needs a number, not a boolean"),
        ("-items", 0, "'-' needs a number, not a list"),
        ("1 / 0", 2, "Division by zero"),
        ("1 % 0", 2, "Division by zero"),
        ("1.5 % 0", 4, "Division by zero"),
        ("1e308 * 10", 6, "too large"),
        ("$sum(items)", 0, "$sum needs a number, not an object"),
        ("$sum()", 0, "$sum takes 1 arguments, not 0"),
        ("$map(items, 1)", 0, "A function such as"),
        ("[x => 1]", 1, "A function can only be an argument"),
        ("(x => 1) + 1", 1, "A function can only be an argument"),
        ("$map(items, x => y => 1)", 12, "A function can only be an argument"),
        ("$string($sum)", 0, "A function has no text"),
        ("$count(x => 1)", 0, "A function stands where values are needed"),
        ("items[0.5]", 5, "whole number"),
        ("[...1]", 4, "Only a list can be spread"),
        ("{...1}", 4, "Only an object can be spread"),
        ("{1 + 1: 2}", 3, "':' is missing"),
        ("'open", 0, "no closing quote"),
        ("`open", 0, "no closing quote"),
        ("`${1 +}`", 6, "Unexpected end"),
        ("a := 1", 2, "Unexpected ':'"),
        ("items^(price)", 5, "Unexpected '^'"),
        ("/x/.test('x')", 0, "Unexpected '/'"),
        ("x => { const y = 1; return y }", 13, "':' is missing"),
        ("import os", 7, "Unexpected 'os'"),
        ("$sort(items, 'name', 'up')", 0, "'asc' or 'desc'"),
    ],
)
def test_mistake_is_told_with_its_position(expression: str, position: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate_transform(expression, ITEMS, SCOPE)
    assert says in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize(
    "name", ["__class__", "__proto__", "constructor", "__globals__", "mro", "keys", "append"]
)
def test_nothing_of_python_can_be_reached(name: str) -> None:
    for expression in (f"$.{name}", f"items[0].{name}", f"items[0]['{name}']", f"$.name.{name}"):
        assert evaluate_transform(expression, ITEMS, SCOPE) in (None, [])
    for expression in (f"x => x.{name}", f"$map.{name}", f"$lookup(items[0], '{name}')"):
        assert evaluate_transform(expression, ITEMS, SCOPE) in (None, [])


# --- operations over elements ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    ["price * 2", "item.price * 2", "$.price * 2", "x => x.price * 2", "items.(price * 2)"],
)
def test_map_gives_a_value_for_each_element(expression: str) -> None:
    assert map_items(expression, ITEMS, SCOPE) == [10, 30, 40]


def test_map_keeps_a_null_for_what_leads_nowhere() -> None:
    assert map_items("qty", ITEMS, SCOPE) == [2, None, 1.5]
    assert map_items("x => x.qty", ITEMS, SCOPE) == [2, None, 1.5]


def test_map_takes_a_function_of_the_language() -> None:
    assert map_items("$uppercase", ["a", "b"], SCOPE) == ["A", "B"]


def test_map_sees_position_and_all_data_next_to_the_element() -> None:
    shares = map_items("item.price / $sum(items.price) * 100 + index", ITEMS, SCOPE)
    assert shares == [12.5, 38.5, 52]


@pytest.mark.parametrize(
    "expression",
    [
        "price > 10",
        "item.price > limit",
        "(x, i) => i > 0",
        "items[price > 10]",
        "items.filter(x => x.price > 10)",
        "!in.stock",
    ],
)
def test_filter_keeps_what_is_true(expression: str) -> None:
    assert filter_items(expression, ITEMS, SCOPE) == ITEMS[1:]


@pytest.mark.parametrize(
    "expression",
    ["(sum, x) => sum + x.price", "acc + item.price", "accumulator + price", "$sum(items.price)"],
)
def test_reduce_folds_from_the_left(expression: str) -> None:
    assert reduce_items(expression, ITEMS, SCOPE, 0) == 40


def test_reduce_begins_with_the_first_element_unless_told_otherwise() -> None:
    assert reduce_items("(a, b) => a - b", [10, 3, 2], SCOPE) == 5
    assert reduce_items("(a, b) => a - b", [10, 3, 2], SCOPE, 0) == -15
    assert reduce_items("(a, b) => a - b", [], SCOPE) is None
    assert reduce_items("(a, x) => [...a, x * 2]", [1, 2], SCOPE, []) == [2, 4]


@pytest.mark.parametrize("run", [map_items, filter_items, reduce_items])
def test_operations_need_a_list(run: Any) -> None:
    with pytest.raises(ExpressionError, match="must be a list, not an object"):
        run("x => x", {"a": 1}, SCOPE)


def test_sort_puts_numbers_first_then_texts_and_the_rest_last() -> None:
    values = [{"k": "b"}, {"k": 2}, {}, {"k": "a"}, {"k": 1}, {"k": None}]
    rising = sort_items("k", values)
    assert [one.get("k") for one in rising] == [1, 2, "a", "b", None, None]
    falling = sort_items("k", values, descending=True)
    assert [one.get("k") for one in falling] == ["b", "a", 2, 1, None, None]


def test_sort_is_stable_and_needs_no_path() -> None:
    assert sort_items("", [3, 1, 2]) == [1, 2, 3]
    pairs = [{"k": 1, "n": n} for n in range(5)]
    assert sort_items("k", pairs) == pairs
    assert sort_items("k", pairs, descending=True) == pairs


# --- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("$reduce($range(1, 99), (a, x) => [...a, ...a], [1])", "1000000 steps"),
        ("$reduce($range(1, 99), (a, x) => a + a, 'x')", "4000000 characters"),
        ("$reduce($range(1, 99), (a, x) => `${a}${a}`, 'x')", "4000000 characters"),
        ("$reduce($range(1, 99), (a, x) => [a, a], 1)", "1000000 members"),
        ("$string($reduce($range(1, 99), (a, x) => [a, a], 1))", "1000000 members"),
        ("$reduce($range(1, 99), (a, x) => [a, a], 1) = 1", "1000000 members"),
        ("$reduce($range(1, 200), (a, x) => [a], 1)", "nested deeper than 100"),
        ("$reduce($range(1, 9999), (a, x) => a * a, 3)", "too large"),
        ("$map($range(1, 9999), x => $map($range(1, 9999), y => 1))", "1000000 steps"),
        ("$range(1, 100000000000)", "1000000 steps"),
        ("$power(10, 400)", "too large"),
        ("$power(10, $power(10, 300))", "too large"),
        ("$join($map($range(1, 3000), x => $join($range(1, 999))))", "steps|characters"),
        ("$replace($join($range(1, 9999)), '1', $join($range(1, 9999)))", "1000000 steps"),
        ("$distinct($map($range(1, 9999), x => $$))", "1000000 steps"),
        ("x" * (MAX_SOURCE_LENGTH + 1), "longer than"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), "nested deeper"),
        ("[" * 5000, "nested deeper"),
        ("x => " * 60 + "1", "nested deeper"),
        ("-" * 200 + "1", "parts inside parts"),
        ("a" + ".b" * 200, "parts inside parts"),
    ],
)
def test_nothing_grows_beyond_its_bound(expression: str, says: str) -> None:
    with pytest.raises(ExpressionError, match=says):
        evaluate_transform(expression, ITEMS * 100, SCOPE)


def test_long_expressions_within_the_bounds_are_fine() -> None:
    assert evaluate_transform(" + ".join(["1"] * 2000), [], SCOPE) == 2000
    assert evaluate_transform(" && ".join(["1"] * 2000), [], SCOPE) == 1
    depth = MAX_DEPTH - 1
    assert evaluate_transform("(" * depth + "1" + ")" * depth, [], SCOPE) == 1
    nested = "$sum([" * 24 + "1" + "])" * 24
    assert evaluate_transform(nested, [], SCOPE) == 1
    arrows = "$map($, x => " * 24 + "1" + ")" * 24
    assert evaluate_transform(arrows, [1], SCOPE)


def test_many_thousand_elements_fit() -> None:
    values = [{"price": n, "qty": n % 7} for n in range(20_000)]
    assert map_items("x => x.price * x.qty + 1", values, SCOPE)[8] == 9
    assert len(filter_items("price > 10 && qty > 1", values, SCOPE)) > 10_000


# --- anything at all ------------------------------------------------------------------------------

ATOMS = st.sampled_from(
    ["items", "$", "item", "price", "limit", "missing", "1", "-2.5", "'a'", "null", "[]", "{}"]
)
PARTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([*"+-*/%&=<>", "||", "??", "in"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"({one}).name"),
        inner.map(lambda one: f"({one}).length"),
        st.tuples(inner, inner).map(lambda two: "({})[{}]".format(*two)),
        st.tuples(inner, inner).map(lambda two: "[{}, ...{}]".format(*two)),
        st.tuples(inner, inner).map(lambda two: "{{a: {}, ...{}}}".format(*two)),
        st.tuples(inner, inner, inner).map(lambda three: "({} ? {} : {})".format(*three)),
        st.tuples(
            st.sampled_from(["map", "filter", "find", "some", "sort", "groupBy"]), inner, inner
        ).map(lambda three: "${}({}, x => {})".format(*three)),
        st.tuples(inner, inner).map(lambda two: "$reduce({}, (a, x) => [a, {}], 1)".format(*two)),
        st.tuples(
            st.sampled_from(
                ["sum", "max", "count", "string", "distinct", "keys", "flatten", "type", "merge"]
            ),
            inner,
        ).map(lambda two: "${}({})".format(*two)),
    ),
    max_leaves=12,
)


@given(PARTS)
@settings(deadline=None, max_examples=300)
def test_random_expressions_stay_within_bounds(expression: str) -> None:
    for run in (evaluate_transform, map_items, filter_items, reduce_items):
        try:
            result = run(expression, ITEMS, SCOPE)
        except ExpressionError as error:
            assert 0 <= error.position <= len(expression)  # noqa: PT017
        else:
            check_size(result)


@given(st.text(alphabet="ab1.[](){}'\"`$!&|=<>?:,;+-*/% \\\nx", max_size=50))
@settings(deadline=None)
def test_no_text_raises_anything_but_an_expression_error(text: str) -> None:
    try:
        evaluate_transform(text, ITEMS, SCOPE)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017


@given(
    st.sampled_from(["map", "filter", "reduce", "sort"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["a", "b", "price"]), inner, max_size=3)
        ),
        max_leaves=10,
    ),
)
@settings(deadline=None)
def test_no_data_raises_anything_but_an_expression_error(operation: str, data: Any) -> None:
    for expression in ("price > 1", "x => x.a + x.b", "(a, b) => a < b", "$string(item)", "-$"):
        try:
            if operation == "sort":
                sort_items("a", data)
            else:
                run = {"map": map_items, "filter": filter_items, "reduce": reduce_items}[operation]
                run(expression, data, SCOPE)
        except ExpressionError:
            pass
