"""Paths into data."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.paths import follow, parse_path
from quintet_server.services.flowmaestro.expressions.scope import MISSING

DATA = {"a": {"b": [10, {"c d": 1}], "null": None}, "0": "zero"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0]", 10),
        ("a.b.0", 10),
        (" a . b [ 1 ] ['c d'] ", 1),
        ('["a"].b[1]["c d"]', 1),
        ("a.b.length", 2),
        ("a.null", None),
        ("a.null.x", MISSING),
        ("a.b[2]", MISSING),
        ("a.b[-1]", MISSING),
        ("0", "zero"),
        ("a.__class__", MISSING),
    ],
)
def test_path_leads_to_a_member(path: str, value: Any) -> None:
    assert follow(DATA, parse_path(path)) is value or follow(DATA, parse_path(path)) == value


@pytest.mark.parametrize(
    "path", ["", "  ", "a..b", ".a", "a b", "a[", "a[x]", "a.b()", "a" * 10_001]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ExpressionError):
        parse_path(path)


@given(st.text(max_size=30))
@settings(deadline=None)
def test_no_text_raises_anything_but_an_expression_error(text: str) -> None:
    try:
        follow(DATA, parse_path(text))
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017
