"""Every rule of the expressions inside placeholders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_DEPTH,
    MAX_SOURCE_LENGTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.grammar import (
    evaluate,
    evaluate_condition,
    evaluate_or_missing,
    parse,
    root_names,
)
from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope

SCOPE = Scope.of(
    inputs={
        "zero": 0,
        "empty": "",
        "no": False,
        "yes": True,
        "nothing": None,
        "n": 5,
        "text": "ten",
        "digits": "12",
        "user": {"name": "Ada", "tags": ["x", "y"], "address": None, "length": "own"},
        "items": [{"x": 1}, {"x": 2}],
        "h": {"content-type": "json", "a b": 1, "0": "zero key"},
        "node-1": {"text": "hyphen"},
        "1": {"text": "digit"},
        "3f2a-b": "uuid",
        "größe": "wide",
        "_x$": "sign",
    },
    loop={"loop": {"index": 1, "item": "it"}},
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # paths
        ("n", 5),
        ("  user.name  ", "Ada"),
        ("user . name", "Ada"),
        ("items[0].x", 1),
        ("items[ 1 ].x", 2),
        ("items.1.x", 2),
        ("items[loop.index].x", 2),
        ("items[n]", None),
        ("items[-1]", None),
        ("items.x", None),
        ("items.length", 2),
        ("text.length", 3),
        ("user.length", "own"),
        ("n.length", None),
        ("h['content-type']", "json"),
        ('h["a b"]', 1),
        ("h.content-type", "json"),
        ("h[0]", "zero key"),
        ("node-1.text", "hyphen"),
        ("1.text", "digit"),
        ("3f2a-b", "uuid"),
        ("größe", "wide"),
        ("_x$", "sign"),
        ("user.address.street.number", None),
        ("missing.path[3]", None),
        ("text.name", None),
        ("(user).name", "Ada"),
        ("(nothing || user).name", "Ada"),
        ("user[true]", None),
        ("user[nothing]", None),
        ("items[1.0].x", 2),
        ("items[0.5]", None),
        # literals
        ("42", 42),
        ("-7", -7),
        ("3.25", 3.25),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("'it''", "error"),
        ("'single'", "single"),
        ('"double"', "double"),
        (r"'it\'s'", "it's"),
        (r'"a\nb\tc\\"', "a\nb\tc\\"),
        (r"'\u00e9'", "é"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("undefined", None),
        # ||
        ("zero || 1", 0),
        ("empty || 'x'", ""),
        ("no || true", False),
        ("nothing || 'x'", "x"),
        ("missing || nothing || 'last'", "last"),
        ("missing ?? 'x'", "x"),
        ("missing || missing", None),
        # &&
        ("zero && 'x'", 0),
        ("empty && 'x'", ""),
        ("nothing && 'x'", None),
        ("yes && 'x'", "x"),
        ("yes && n && text", "ten"),
        ("missing && 1", None),
        # ==
        ("nothing == missing", True),
        ("missing == null", True),
        ("zero == null", False),
        ("n == '5'", True),
        ("'5.0' == n", True),
        ("'5' == '5.0'", False),
        ("text == 'TEN'", False),
        ("yes == 1", False),
        ("yes == 'true'", False),
        ("items == items", True),
        ("user == items", False),
        ("n != 5", False),
        ("n === 5", True),
        ("n !== 5", False),
        # relations
        ("n > 4", True),
        ("n>-5", True),
        ("n >= 5", True),
        ("n < 5", False),
        ("n <= 5", True),
        ("digits > 9", True),
        ("'10' > '9'", True),
        ("text < 1", True),
        ("text >= 0", True),
        ("nothing < 1", True),
        ("yes > 0", True),
        ("items > -1", True),
        # !
        ("!zero", True),
        ("!!n", True),
        ("!missing", True),
        ("!n == false", True),
        # precedence
        ("no && yes || 'x'", False),
        ("nothing || no && yes", False),
        ("n > 1 && n < 9", True),
        ("nothing || n > 4", True),
        ("!(n > 4)", False),
        ("n == 5 == true", True),
        # ternary
        ("n > 4 ? 'big' : 'small'", "big"),
        ("no ? 1 : yes ? 2 : 3", 2),
        ("yes ? no ? 1 : 2 : 3", 2),
        ("zero ? 1 : missing", None),
        ("nothing || n ? 'a' : 'b'", "a"),
        ("(yes ? items : user)[1].x", 2),
    ],
)
def test_expression_follows_the_table(expression: str, value: Any) -> None:
    if value == "error":
        with pytest.raises(ExpressionError):
            evaluate(expression, SCOPE)
        return
    result = evaluate(expression, SCOPE)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "name",
    [
        "__proto__",
        "constructor",
        "prototype",
        "process",
        "toString",
        "hasOwnProperty",
        "__class__",
        "__dict__",
        "__init__",
        "__globals__",
        "keys",
        "items",
        "get",
        "format",
        "upper",
        "append",
    ],
)
def test_only_own_members_are_seen_never_attributes(name: str) -> None:
    scope = Scope.of(inputs={"user": {}, "list": [1], "text": "x", "number": 1})
    assert evaluate_or_missing(name, scope) is MISSING
    for base in ("user", "list", "text", "number"):
        assert evaluate_or_missing(f"{base}.{name}", scope) is MISSING
        assert evaluate_or_missing(f"{base}['{name}'].x", scope) is MISSING


def test_names_that_look_dangerous_are_ordinary_keys() -> None:
    scope = Scope.of(inputs={"__proto__": 1, "o": {"constructor": 2}})
    assert evaluate("__proto__", scope) == 1
    assert evaluate("o.constructor", scope) == 2


@pytest.mark.parametrize(
    ("expression", "position", "says"),
    [
        ("a + b", 2, "no arithmetic"),
        ("a * 2", 2, "no arithmetic"),
        ("a b", 2, "Unexpected 'b'"),
        ("f(x)", 1, "Unexpected '('"),
        ("a.toUpperCase()", 13, "Unexpected '('"),
        ("/re/", 0, "no arithmetic"),
        ("a == ", 5, "end of the expression"),
        ("a ? b", 5, "':' is missing"),
        ("(a", 2, "')' is missing"),
        ("a[0", 3, "']' is missing"),
        ("a[]", 2, "Unexpected ']'"),
        ("a..b", 2, "A name is missing"),
        ("a.", 2, "A name is missing"),
        (".a", 0, "Unexpected '.'"),
        ("'open", 0, "no closing quote"),
        ("a = 1", 2, "Unexpected '='"),
        ("a; b", 1, "Unexpected ';'"),
        ("a & b", 2, "Unexpected '&'"),
        ("{{a}}", 0, "Unexpected '{{'"),
        ("`a`", 0, "Unexpected '`'"),
        ("a\x00", 1, "Unexpected"),
        ("9" * 301, 0, "too long"),
        ("1e999", 0, "too large"),
    ],
)
def test_mistake_is_told_with_its_position(expression: str, position: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, SCOPE)
    assert says in caught.value.message
    assert caught.value.position == position
    assert f"at character {position + 1}" in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "x" * (MAX_SOURCE_LENGTH + 1),
        "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
        "!" * (MAX_DEPTH + 1) + "a",
        "a ? b : " * (MAX_DEPTH + 1) + "c",
        "a[" * (MAX_DEPTH + 1) + "0" + "]" * (MAX_DEPTH + 1),
        "(" * 5000,
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError, match=r"longer than|nested deeper"):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(" * (MAX_DEPTH - 1) + "n" + ")" * (MAX_DEPTH - 1), 5),
        (" || ".join(["missing"] * 900 + ["n"]), 5),
        (" && ".join(["n"] * 1500), 5),
        (" == ".join(["n"] * 1200), False),
        ("user" + ".name" * 1500, None),
    ],
)
def test_long_expressions_within_the_bounds_are_fine(expression: str, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


def test_an_empty_expression_leads_nowhere() -> None:
    assert evaluate_or_missing("   ", SCOPE) is MISSING


def test_explicit_null_and_missing_are_told_apart() -> None:
    assert evaluate_or_missing("nothing", SCOPE) is None
    assert evaluate_or_missing("missing", SCOPE) is MISSING
    assert evaluate_or_missing("user.address", SCOPE) is None
    assert evaluate_or_missing("user.address.street", SCOPE) is MISSING


def test_root_names_are_those_that_are_looked_up() -> None:
    expression = parse("a.b || !c[d.e] && (f ? 'g' : h) == i.j")
    assert list(root_names(expression)) == ["a", "c", "d", "f", "h", "i"]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("{{n}} > 4", True),
        ("{{ n > 4 }}", True),
        ("{{n}} > 4 && {{user.name}} == 'Ada'", True),
        ("n > 4", True),
        ("'{{user.name}}!' == 'Ada!'", True),
        ('"{{n}}" == "5"', True),
        ("'{{missing}}' == 'null'", True),
        ("{{user}}.name == 'Ada'", True),
        ("!{{zero}}", True),
        ("{{missing}} == null", True),
        ("({{no}} || {{n}})", False),
    ],
)
def test_condition_takes_placeholders_as_parts(condition: str, value: Any) -> None:
    assert evaluate_condition(condition, SCOPE) == value


def test_what_a_variable_holds_never_becomes_part_of_a_condition() -> None:
    scope = Scope.of(inputs={"name": "x' || 'a' == 'a"})
    assert evaluate_condition("'{{name}}' == 'admin'", scope) is False
    assert evaluate_condition("{{name}} == 'admin'", scope) is False


def test_mistake_in_a_quoted_placeholder_has_its_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate_condition("n == 'ab{{ n + 1 }}'", SCOPE)
    assert caught.value.position == 13


NAMES = st.sampled_from(["n", "user", "items", "missing", "nothing", "h", "text"])
EXPRESSIONS = st.recursive(
    NAMES | st.integers(-99, 99).map(str) | st.sampled_from(["'a'", "null", "true", "1.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["||", "&&", "==", "!=", "<", ">="]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda three: "({} ? {} : {})".format(*three)),
        st.tuples(NAMES, inner).map(lambda two: "{}[{}]".format(*two)),
        inner.map(lambda one: f"({one}).name"),
    ),
    max_leaves=15,
)


@given(EXPRESSIONS)
@settings(deadline=None)
def test_every_well_formed_expression_has_a_value(expression: str) -> None:
    evaluate(expression, SCOPE)


@given(st.text(alphabet="ab1.[]()'\"!&|=<>?:{}$-_ \\\n{}", max_size=60))
@settings(deadline=None)
def test_no_text_raises_anything_but_an_expression_error(text: str) -> None:
    for run in (evaluate, evaluate_condition):
        try:
            run(text, SCOPE)
        except ExpressionError as error:
            assert 0 <= error.position <= len(text)  # noqa: PT017


@given(st.text(max_size=40))
@settings(deadline=None)
def test_no_unicode_raises_anything_but_an_expression_error(text: str) -> None:
    try:
        evaluate(text, SCOPE)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017
