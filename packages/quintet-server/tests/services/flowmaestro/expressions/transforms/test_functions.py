"""Every function of the language, and that the documentation names them all."""

from __future__ import annotations

from typing import Any

import pytest

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.expressions.transform import evaluate_transform
from quintet_server.services.flowmaestro.expressions.transforms.functions import FUNCTIONS, METHODS

DATA = {
    "n": [3, 1, 2],
    "t": ["b", "a", "b"],
    "o": {"x": 1, "y": 2},
    "rows": [{"k": "b", "v": 1}, {"k": "a", "v": 2}, {"k": "b", "v": 3}],
}
SCOPE = Scope()

TABLE: list[tuple[str, Any]] = [
    ("$sum(n)", 6),
    ("$sum([0.1, 0.2])", 0.1 + 0.2),
    ("$sum([])", 0),
    ("$sum(missing)", 0),
    ("$sum([1, null, '2'])", 3),
    ("$sum(5)", 5),
    ("$count(n)", 3),
    ("$count(null)", 0),
    ("$count(o)", 1),
    ("$size(n)", 3),
    ("$average(n)", 2),
    ("$avg([1, 2])", 1.5),
    ("$average([])", None),
    ("$max(n)", 3),
    ("$min(n)", 1),
    ("$max([])", None),
    ("$number('4.5')", 4.5),
    ("$number(true)", 1),
    ("$number(null)", None),
    ("$abs(-3)", 3),
    ("$floor(-1.5)", -2),
    ("$ceil(1.2)", 2),
    ("$round(2.5)", 3),
    ("$round(-2.5)", -3),
    ("$round(1.005 * 100, 1)", 100.5),
    ("$round(1234, -2)", 1200),
    ("$power(2, 10)", 1024),
    ("$power(2, -1)", 0.5),
    ("$sqrt(9)", 3),
    ("$range(1, 4)", [1, 2, 3, 4]),
    ("$range(4, 1)", []),
    ("$map(n, x => x * 2)", [6, 2, 4]),
    ("$map(5, x => x * 2)", [10]),
    ("$map(null, x => x)", []),
    ("$filter(n, x => x > 1)", [3, 2]),
    ("$reduce(n, (a, x) => a + x)", 6),
    ("$reduce([], (a, x) => a + x)", None),
    ("$reduce([], (a, x) => a + x, 7)", 7),
    ("$find(rows, r => r.k = 'a').v", 2),
    ("$find(rows, r => r.k = 'z')", None),
    ("$some(n, x => x > 2)", True),
    ("$every(n, x => x > 2)", False),
    ("$sort(n)", [1, 2, 3]),
    ("$sort(n, null, 'desc')", [3, 2, 1]),
    ("$sort(rows, 'v', 'desc').v", [3, 2, 1]),
    ("$sort(rows, r => r.k).v", [2, 1, 3]),
    ("$sort(n, (a, b) => a - b)", [1, 2, 3]),
    ("$sort(n, (a, b) => a > b)", [1, 2, 3]),
    ("n.sort((a, b) => b - a)", [3, 2, 1]),
    ("n.toSorted()", [1, 2, 3]),
    ("$reverse(n)", [2, 1, 3]),
    ("$append(n, 4)", [3, 1, 2, 4]),
    ("$append(n, t, [null])", [3, 1, 2, "b", "a", "b", None]),
    ("$distinct(t)", ["b", "a"]),
    ("$distinct([{a: 1, b: 2}, {b: 2, a: 1}, 1, 1.0, '1'])", [{"a": 1, "b": 2}, 1, "1"]),
    ("$flatten([1, [2, [3]]])", [1, 2, [3]]),
    ("$first(n)", 3),
    ("$last(n)", 2),
    ("$first([])", None),
    ("$last(missing)", None),
    ("$slice(n, 1)", [1, 2]),
    ("$slice(n, -2, -1)", [1]),
    ("'hello'.slice(1, 3)", "el"),
    ("$groupBy(rows, 'k').b.v", [1, 3]),
    ("$keys($groupBy(rows, r => r.v > 1 ? 'high' : 'low'))", ["low", "high"]),
    ("$keys(o)", ["x", "y"]),
    ("$keys(rows)", ["k", "v"]),
    ("$keys('x')", []),
    ("$values(o)", [1, 2]),
    ("$values(null)", []),
    ("$entries({a: 1})", [{"key": "a", "value": 1}]),
    ("$lookup(o, 'x')", 1),
    ("$lookup(o, 'z')", None),
    ("$lookup(rows, 'v')", [1, 2, 3]),
    ("$merge([o, {y: 3}])", {"x": 1, "y": 3}),
    ("$merge(o, {z: 3}, null)", {"x": 1, "y": 2, "z": 3}),
    ("$pick(o, ['y', 'q'])", {"y": 2}),
    ("$omit(o, ['y'])", {"x": 1}),
    ("$omit(null, ['y'])", {}),
    ("$pick('x', ['y'])", {}),
    ("$entries('x')", []),
    ("$type($sum)", "function"),
    ("$map(['a'], function(x, y) { return x; })", ["a"]),
    ("not 0 ? 1 : 2", 1),
    ("$string(1.0)", "1"),
    ("$string(o)", '{"x":1,"y":2}'),
    ("$string(null)", "null"),
    ("$length('abc')", 3),
    ("$length(n)", 3),
    ("$length(o)", 2),
    ("$uppercase('aé')", "AÉ"),
    ("$lowercase('AB')", "ab"),
    ("'x'.toUpperCase().toLowerCase()", "x"),
    ("$toUpperCase('x')", "X"),
    ("$toLowerCase('X')", "x"),
    ("$trim('  a b ')", "a b"),
    ("$join(t, '-')", "b-a-b"),
    ("$join([1, null, true])", "1true"),
    ("$split('a,b,c', ',')", ["a", "b", "c"]),
    ("$split('a,b,c', ',', 2)", ["a", "b"]),
    ("$split('ab', '')", ["a", "b"]),
    ("$substring('hello', 1)", "ello"),
    ("$substring('hello', -3, 2)", "ll"),
    ("$contains('hello', 'ell')", True),
    ("$contains(n, '2')", True),
    ("t.includes('z')", False),
    ("$startsWith('hello', 'he')", True),
    ("$endsWith('hello', 'lo')", True),
    ("$replace('a.b.c', '.', '-')", "a-b-c"),
    ("$boolean('')", False),
    ("$boolean([])", True),
    ("$not(0)", True),
    ("$exists(o.x)", True),
    ("$exists(o.q)", False),
    ("$exists(null)", True),
    ("$type(n)", "array"),
    ("$type(null)", "null"),
    ("$type(1)", "number"),
    ("$type(true)", "boolean"),
    ("$type('')", "string"),
    ("$type(o)", "object"),
]


@pytest.mark.parametrize(("expression", "value"), TABLE)
def test_function_follows_the_table(expression: str, value: Any) -> None:
    result = evaluate_transform(expression, DATA, SCOPE)
    assert result == value
    assert type(result) is type(value)


def test_every_function_has_a_line_in_the_table() -> None:
    used = " ".join(expression for expression, _ in TABLE)
    assert [name for name in FUNCTIONS if f"${name}(" not in used] == []
    assert set(METHODS.values()) <= set(FUNCTIONS.values())


@pytest.mark.parametrize(
    "expression",
    [
        "$number('x')",
        "$average(['x'])",
        "$round(1, 99)",
        "$round(1, 1.5)",
        "$sqrt(-1)",
        "$power(0, -1)",
        "$merge([1])",
        "$uppercase([1])",
        "$replace('a', '', 'b')",
        "$sort(n, 'a..b')",
        "$split(o, ',')",
        "$range('a', 1)",
        "$power(-8, 0.5)",
        "$sum(['1e308', '1e308'])",
        "$sort(n, (a, b) => 'x')",
    ],
)
def test_wrong_arguments_are_told(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate_transform(expression, DATA, SCOPE)
