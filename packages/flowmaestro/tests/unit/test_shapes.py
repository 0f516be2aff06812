"""Bringing answers into their documented form never fails and takes nothing away."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, strategies as st

from flowmaestro import _shapes as shapes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "score", "message", "usage", "inputs", "required", "content"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(["message", "usage", "inputs", "id", "data"]), JSON)


@given(OBJECTS)
def test_message_of_any_form_is_lifted(data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    shapes.lift_message(data)
    assert {"role", "usage"} <= set(data)
    assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(data["usage"])
    assert all(data[name] == before[name] for name in before if name in ("message", "inputs"))


@given(OBJECTS)
def test_workflow_of_any_form_gets_a_schema(data: dict[str, Any]) -> None:
    shapes.describe_inputs(data)
    if "inputs" in data:
        assert data["input_schema"]["type"] == "object"


@given(JSON)
def test_results_and_triggers_of_any_form_are_mirrored(items: Any) -> None:
    shapes.mirror_results(items)
    shapes.mirror_triggers(items)
    if isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and "score" in item:
                assert item["similarity"] == item["score"]


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 200))
def test_pagination_that_is_whole_stays_as_it_is(page: int, per_page: int, total: int) -> None:
    pages = -(-total // per_page)
    whole = {
        "page": page,
        "per_page": per_page,
        "total_count": total,
        "total_pages": pages,
        "has_next": page < pages,
        "has_prev": page > 1,
        "has_more": page < pages,
    }
    for left_out in ("has_next", "has_more", "has_prev", "total_pages"):
        partly = {name: value for name, value in whole.items() if name != left_out}
        answer: dict[str, Any] = {"pagination": partly}
        shapes.fill_pagination(answer, 0)
        assert answer["pagination"] == whole
