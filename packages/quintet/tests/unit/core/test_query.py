"""Query strings."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from quintet.core.query import encode_query
from quintet.errors import MisuseError


class State(Enum):
    DONE = "done"


@pytest.mark.parametrize(
    ("params", "query"),
    [
        (None, ""),
        ({}, ""),
        ({"a": None}, ""),
        ({"a": True, "b": False}, "a=true&b=false"),
        ({"a": 5, "b": 1.5}, "a=5&b=1.5"),
        ({"cursor": "a+b/c=="}, "cursor=a%2Bb%2Fc%3D%3D"),
        ({"q": "a b&c"}, "q=a%20b%26c"),
        ({"created[gte]": 1}, "created%5Bgte%5D=1"),
        ({"tag": ["a", None, "b"]}, "tag=a&tag=b"),
        ({"tag": ()}, ""),
        ({"tag": {"b", "a"}}, "tag=a&tag=b"),
        ([("a", 1), ("a", 2)], "a=1&a=2"),
        ({"s": State.DONE}, "s=done"),
        ({"d": date(2026, 3, 1)}, "d=2026-03-01"),
        ({"d": datetime(2026, 3, 1, tzinfo=timezone.utc)}, "d=2026-03-01T00%3A00%3A00Z"),
        ({"u": UUID(int=1)}, "u=00000000-0000-0000-0000-000000000001"),
        ({"n": Decimal("1.10")}, "n=1.10"),
    ],
)
def test_query_of_python_values_is_what_servers_read(params: Any, query: str) -> None:
    assert encode_query(params) == query


@pytest.mark.parametrize(
    "params",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": b"x"},
        {"a": {"b": 1}},
        {"a": datetime(2026, 3, 1)},
        {"a": object()},
        {1: "a"},
        {"a": ["\ud800"]},
    ],
)
def test_query_of_a_value_without_obvious_text_is_misuse(params: Any) -> None:
    with pytest.raises(MisuseError):
        encode_query(params)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.text(st.characters(exclude_categories=["Cs"])),
        )
    )
)
def test_query_reads_back(pairs: list[tuple[str, str]]) -> None:
    query = encode_query(pairs)
    assert parse_qsl(query, keep_blank_values=True, max_num_fields=None) == pairs
