from __future__ import annotations

from typing import Any

import pytest

from quintet_server.services.amdahl.rendering.bindings import (
    bound_rows_count,
    queries_of,
    resolve,
)
from quintet_server.services.amdahl.rendering.outcome import Outcome

from .drawn import outcome

ROWS = [{"n": 1, "s": "a"}, {"n": 2, "s": None}]
OUTCOMES = {"q": outcome(ROWS), "bad": Outcome(error={"code": "timeout", "message": "m"})}


def value(**more: Any) -> dict[str, Any]:
    return {"$value": {"query": "q", "field": "n", **more}}


@pytest.mark.parametrize(
    ("part", "resolved"),
    [
        ({"$query": "q"}, ROWS),
        ({"$query": "nowhere"}, None),
        ({"$query": "bad"}, None),
        ({"$query": 5}, None),
        (value(), 1),
        (value(row=1), 2),
        (value(row=2), None),
        (value(row=-1), None),
        (value(row=True), None),
        (value(row="0"), None),
        (value(field="s", row=1), None),
        (value(field="gone"), None),
        (value(field=["n"]), None),
        (value(query="bad"), None),
        ({"$value": "q"}, None),
        ("{$query}", "{$query}"),
        ({"$query": "q", "more": 1}, {"$query": "q", "more": 1}),
    ],
)
def test_binding_is_replaced_by_what_it_names(part: Any, resolved: Any) -> None:
    assert resolve(part, OUTCOMES) == resolved
    assert resolve({"a": [part]}, OUTCOMES) == {"a": [resolved]}


def test_resolve_leaves_the_spec_and_the_rows_alone() -> None:
    spec = {"type": "Table", "props": {"data": {"$query": "q"}, "limit": 3}}
    resolved = resolve(spec, OUTCOMES)

    resolved["props"]["data"].clear()
    assert spec["props"] == {"data": {"$query": "q"}, "limit": 3}
    assert len(OUTCOMES["q"].rows) == 2


def test_queries_and_rows_of_a_part_are_found() -> None:
    part = {"a": {"$query": "q"}, "b": [value(), {"$query": "bad"}], "c": [{"$query": "q"}]}

    assert list(queries_of(part)) == ["q", "q", "bad", "q"]
    assert bound_rows_count(part, OUTCOMES) == 4
