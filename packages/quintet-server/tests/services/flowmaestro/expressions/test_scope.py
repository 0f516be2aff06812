"""The order in which names are found."""

from __future__ import annotations

from typing import Any

from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope


def test_lookup_prefers_loop_then_shared_variables_outputs_inputs_and_flattened_keys() -> None:
    frames: dict[str, Any] = {
        "loop": {"name": "loop"},
        "variables": {"name": "variables"},
        "outputs": {"name": "outputs"},
        "inputs": {"name": "inputs"},
    }
    for source in list(frames):
        assert Scope.of(**frames).lookup("name") == source
        del frames[source]
    assert Scope.of(outputs={"node": {"name": "flattened"}}).lookup("name") == "flattened"


def test_shared_memory_is_seen_under_its_name() -> None:
    scope = Scope.of(shared={"key": 1}, inputs={"shared": "hidden"})
    assert scope.lookup("shared") == {"key": 1}


def test_flattened_keys_hide_nothing_and_the_first_node_wins() -> None:
    outputs = {"a": {"text": "first", "name": "x"}, "b": {"text": "second"}, "c": "no object"}
    scope = Scope.of(inputs={"name": "input"}, outputs=outputs)
    assert scope.lookup("text") == "first"
    assert scope.lookup("name") == "input"


def test_outputs_that_come_later_are_seen() -> None:
    outputs: dict[str, Any] = {}
    scope = Scope.of(outputs=outputs)
    assert scope.lookup("text") is MISSING
    outputs["a"] = {"text": "now"}
    assert scope.lookup("text") == "now"


def test_an_explicit_null_is_not_missing() -> None:
    scope = Scope.of(inputs={"name": None})
    assert scope.lookup("name") is None
    assert scope.lookup("other") is MISSING
    assert "name" in scope
    assert "other" not in scope


def test_a_child_hides_and_leaves_its_parent_alone() -> None:
    parent = Scope.of(inputs={"item": "outer"})
    child = parent.child({"item": "inner"})
    assert child.lookup("item") == "inner"
    assert parent.lookup("item") == "outer"


def test_the_whole_context_has_the_innermost_value_of_each_name() -> None:
    scope = Scope.of(inputs={"a": 1, "b": 1}, variables={"b": 2}, outputs={"n": {"c": 3}})
    assert scope.as_dict() == {"a": 1, "b": 2, "c": 3, "n": {"c": 3}, "shared": {}}


def test_missing_is_falsy() -> None:
    assert not MISSING


def test_a_node_whose_output_is_no_object_adds_no_names() -> None:
    assert Scope.of(outputs={"c": "text"}).as_dict() == {"c": "text", "shared": {}}
