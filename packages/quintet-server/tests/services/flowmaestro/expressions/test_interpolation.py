"""Texts with placeholders, into texts and into values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.expressions.errors import (
    MAX_DEPTH,
    MAX_SOURCE_LENGTH,
    ExpressionError,
)
from quintet_server.services.flowmaestro.expressions.interpolation import interpolate, resolve
from quintet_server.services.flowmaestro.expressions.placeholders import (
    MAX_PLACEHOLDERS,
    Placeholder,
    split,
)
from quintet_server.services.flowmaestro.expressions.scope import Scope

SCOPE = Scope.of(
    inputs={
        "name": "Ada",
        "n": 3.0,
        "yes": True,
        "nothing": None,
        "o": {"a": [1, 2.0, None]},
        "list": [1, "x"],
        "braces": "{{name}}",
        "big": "x" * 3_000_000,
    }
)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("", ""),
        ("Hello {{name}}!", "Hello Ada!"),
        ("{{ name }}{{n}}", "Ada3"),
        ("{{yes}} {{nothing}}", "true null"),
        ("{{o}}", '{"a":[1,2,null]}'),
        ("{{list}}", '[1,"x"]'),
        ("{{missing}}", "{{missing}}"),
        ("a {{ missing.b }} c", "a {{ missing.b }} c"),
        ("{{name.first}} {{nothing.x}}", "{{name.first}} {{nothing.x}}"),
        ("{{missing || 'you'}}", "you"),
        ("{{missing || missing}}", "{{missing || missing}}"),
        ("{{missing == null}}", "true"),
        ("{{}} {{  }}", "{{}} {{  }}"),
        ("{{braces}}", "{{name}}"),
        ("{{name", "{{name"),
        ("name}}", "name}}"),
        ("{ {name} }", "{ {name} }"),
        ("{{{name}}}", "{Ada}"),
        ('{"a":{{o}}}', '{"a":{"a":[1,2,null]}}'),
        ("{{ '}}' }}", "}}"),
        ("{{ \"{{\" }}name{{ '}}' }}", "{{name}}"),
        ("${name} $name", "${name} $name"),
        ("{{n > 2 ? 'many' : 'few'}}", "many"),
        ("{{\nname\n}}", "Ada"),
    ],
)
def test_text_follows_the_table(text: str, result: str) -> None:
    assert interpolate(text, SCOPE) == result


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("{{n}}", 3.0),
        (" {{o}}\n", {"a": [1, 2.0, None]}),
        ("{{nothing}}", None),
        ("{{missing}}", None),
        ("{{}}", None),
        ("{{yes}}", True),
        ("{{list}}{{list}}", '[1,"x"][1,"x"]'),
        ("n={{n}}", "n=3"),
        ("{{list[0]}}", 1),
        (5, 5),
        (None, None),
        ({"a": "{{n}}", "{{name}}": ["{{name}}!", 1]}, {"a": 3.0, "{{name}}": ["Ada!", 1]}),
        ("  ", "  "),
    ],
)
def test_value_keeps_its_type_if_it_is_exactly_one_placeholder(value: Any, result: Any) -> None:
    resolved = resolve(value, SCOPE)
    assert resolved == result
    assert type(resolved) is type(result)


def test_mistake_is_placed_in_the_whole_text() -> None:
    text = "Dear {{name}}, {{ n + 1 }}"
    for run in (interpolate, resolve):
        with pytest.raises(ExpressionError) as caught:
            run(text, SCOPE)
        assert caught.value.position == text.index("+")


def test_an_odd_apostrophe_is_told() -> None:
    with pytest.raises(ExpressionError, match="no closing quote"):
        interpolate("{{ don't }}", SCOPE)


def test_result_is_bounded() -> None:
    with pytest.raises(ExpressionError, match="longer than 4000000"):
        interpolate("{{big}}{{big}}", SCOPE)


def test_depth_of_a_value_is_bounded() -> None:
    value: Any = "{{n}}"
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(ExpressionError, match="nested deeper"):
        resolve(value, SCOPE)


def test_number_of_placeholders_is_bounded() -> None:
    with pytest.raises(ExpressionError, match="more than 2000 placeholders"):
        interpolate("{{n}}" * (MAX_PLACEHOLDERS + 1), SCOPE)


def test_braces_too_far_apart_are_plain_text() -> None:
    text = "{{" + "x" * (MAX_SOURCE_LENGTH + 10) + "}}"
    assert interpolate(text, SCOPE) == text


def test_hostile_quotes_cost_no_more_than_their_length() -> None:
    text = "{{'" * 1_900 + "}}"
    with pytest.raises(ExpressionError):
        interpolate(text, SCOPE)


@given(st.text(alphabet="{}'\"\\ ab", max_size=80))
@settings(deadline=None)
def test_splitting_loses_nothing(text: str) -> None:
    pieces = split(text)
    written = "".join(p.written if isinstance(p, Placeholder) else p for p in pieces)
    assert written == text
    for piece in pieces:
        if isinstance(piece, Placeholder):
            assert text[piece.position :].startswith(piece.source)


@given(st.text(alphabet="{}.|&'\" nab", max_size=60))
@settings(deadline=None)
def test_no_text_raises_anything_but_an_expression_error(text: str) -> None:
    for run in (interpolate, resolve):
        try:
            run(text, SCOPE)
        except ExpressionError as error:
            assert 0 <= error.position <= len(text)  # noqa: PT017


@given(st.text().filter(lambda text: "{{" not in text))
@settings(deadline=None)
def test_text_without_placeholders_stays_itself(text: str) -> None:
    assert interpolate(text, SCOPE) == text
    assert resolve(text, SCOPE) == text
