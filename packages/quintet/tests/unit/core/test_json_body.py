"""JSON request bodies."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, timezone
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from quintet.core.json_body import encode_json
from quintet.errors import MisuseError


class State(Enum):
    DONE = "done"


@dataclass
class Point:
    x: int
    when: datetime


class Model:
    def model_dump(self, *, mode: str) -> dict[str, str]:
        return {"mode": mode}


NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, None, True]}, '{"a":[1,null,true]}'),
        ("ü€", '"ü€"'),
        (NOON, '"2026-03-01T12:00:00Z"'),
        (date(2026, 3, 1), '"2026-03-01"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ({"s": State.DONE}, '{"s":"done"}'),
        (Point(1, NOON), '{"x":1,"when":"2026-03-01T12:00:00Z"}'),
        (OrderedDict(a=1), '{"a":1}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
        (Model(), '{"mode":"json"}'),
    ],
)
def test_json_of_python_values_is_compact_utf8(value: Any, text: str) -> None:
    assert encode_json(value) == text.encode()


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(200_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (float("nan"), "NaN"),
        ([float("-inf")], "NaN"),
        (object(), "object has no JSON form"),
        (Point, "type has no JSON form"),
        (Model, "type has no JSON form"),
        ({(1, 2): 3}, "keys"),
        ({"a": {1, 2}}, "set has no JSON form"),
        (cyclic(), "ircular"),
        ("\ud800", "surrogate"),
        (datetime(2026, 3, 1), "ambiguous"),
        (deep(), "deeply"),
    ],
    ids=range(11),
)
def test_json_of_what_has_no_form_is_misuse(value: Any, hint: str) -> None:
    with pytest.raises(MisuseError, match=hint):
        encode_json(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_json_reads_back(value: Any) -> None:
    assert json.loads(encode_json(value)) == value
