"""Old and neighbouring forms brought to the documented one."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl._shapes import canonical_queries, canonical_spec, mirror, opened, shape_pending

GUIDE = {"type": "Section", "children": [{"type": "Table", "data": {"$query": "q"}}]}


def test_bare_node_becomes_the_root_with_its_props_inside() -> None:
    assert canonical_spec(GUIDE) == {
        "version": 1,
        "root": {
            "type": "Section",
            "children": [{"type": "Table", "props": {"data": {"$query": "q"}}}],
        },
    }


def test_what_is_the_pages_own_stays_beside_the_root() -> None:
    spec = {"version": 2, "layout": "report", "type": "Text", "text": "Hi"}
    root = {"type": "Text", "props": {"text": "Hi"}}
    assert canonical_spec(spec) == {"version": 2, "layout": "report", "root": root}


@pytest.mark.parametrize(
    "spec",
    [
        {"version": 1, "root": {"type": "Divider"}},
        {"root": GUIDE},
        {},
        None,
        "text",
    ],
)
def test_other_specs_stay_as_they_are(spec: Any) -> None:
    assert canonical_spec(spec) is spec


@pytest.mark.parametrize(
    ("node", "root"),
    [
        ({"type": "X", "props": {"a": 1}, "b": 2}, {"type": "X", "props": {"b": 2, "a": 1}}),
        ({"type": "X", "props": 7}, {"type": "X", "props": 7}),
        ({"type": "X", "children": "text"}, {"type": "X", "children": "text"}),
        ({"type": "X", "children": ["text"]}, {"type": "X", "children": ["text"]}),
    ],
)
def test_nonsense_is_left_to_the_verifier(node: Any, root: Any) -> None:
    assert canonical_spec(node) == {"version": 1, "root": root}


def test_queries_say_their_source() -> None:
    given: list[Any] = [{"sql": "SELECT 1"}, {"source": "kb_search", "query": "x"}, "odd"]
    assert canonical_queries(given) == [{"sql": "SELECT 1", "source": "sql"}, *given[1:]]
    assert canonical_queries("odd") == "odd"


@pytest.mark.parametrize(
    "pending",
    [None, 7, {}, {"schema": {}}, {"schema": {"type": "object"}}, {"schema": {"a": 1}}],
)
def test_schemas_that_are_none_of_choices_stay(pending: Any) -> None:
    before = repr(pending)
    shape_pending(pending)
    assert repr(pending) == before


def test_wrappers_come_off_and_names_are_mirrored() -> None:
    assert opened({"session": {"id": 1}}, "session") == {"id": 1}
    assert opened({"id": 1}, "session") == {"id": 1}
    assert opened({"session": {}, "a": 1, "b": 2}, "session") == {"session": {}, "a": 1, "b": 2}
    item: dict[str, Any] = {}
    mirror(item, "a", "b")
    assert item == {}
