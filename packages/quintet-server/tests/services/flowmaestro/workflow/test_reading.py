"""Both written forms, their aliases, and what may be left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from quintet_server.services.flowmaestro.workflow.definition import (
    InvalidDefinition,
    OnError,
    RetryRules,
    RunSettings,
)
from quintet_server.services.flowmaestro.workflow.parsing import (
    parse_definition,
    render_definition,
)

from .support import Types, graph, parsed, warnings_of

OBJECT_FORM: dict[str, Any] = {
    "name": "Triage",
    "description": "Sorts tickets",
    "version": 3,
    "entryPoint": "in",
    "nodes": {
        "in": {"type": "input", "name": "Ticket", "config": {"inputName": "ticket"}},
        "c": {"type": "if", "config": {"leftValue": "{{ticket.priority}}"}, "position": {"x": 0}},
        "h": {
            "type": "http",
            "config": {"url": "https://example.com"},
            "onError": {"strategy": "fallback", "fallbackValue": {"data": None}},
            "retry": {"maxAttempts": 3, "initialDelay": 10},
        },
        "o": {"type": "output", "config": {"outputName": "answer", "value": "{{c.branch}}"}},
    },
    "edges": [
        {"id": "e1", "source": "in", "target": "c"},
        {"id": "e2", "source": "c", "target": "h", "sourceHandle": "true"},
        {"id": "e3", "source": "c", "target": "o", "sourceHandle": False},
        {"source": "h", "target": "o", "targetHandle": "in"},
    ],
    "settings": {"timeout": 1000, "maxConcurrentNodes": 2, "enableCache": False},
}


def test_object_form_is_read() -> None:
    definition = parsed(OBJECT_FORM)
    assert (definition.name, definition.version) == ("Triage", 3)
    assert definition.description == "Sorts tickets"
    assert definition.entry_points == ("in",)
    assert list(definition.nodes) == ["in", "c", "h", "o"]
    assert definition.nodes["in"].name == "Ticket"
    assert definition.nodes["c"].type == "conditional"
    assert definition.nodes["o"].name == "answer"
    assert definition.nodes["h"].on_error == OnError("fallback", {"data": None})
    assert definition.nodes["h"].retry == RetryRules(3, 10)
    assert [edge.handle for edge in definition.edges] == [None, "true", "false", None]
    assert [edge.id for edge in definition.edges] == ["e1", "e2", "e3", "edges[3]"]
    assert definition.settings == RunSettings(1000, 2)


def test_editor_form_is_read_without_its_comments() -> None:
    definition = parsed(
        {
            "nodes": [
                {"id": "note", "type": "comment", "data": {"text": "hi"}},
                {"id": 1, "type": "step", "data": {"label": "First"}},
                {"id": "2", "type": "trigger", "data": {"inputName": "x"}, "position": {"x": 1}},
                {"id": "3", "type": "output", "data": {"outputName": "y"}},
            ],
            "edges": [
                {"id": "a", "source": "2", "target": 1},
                {"id": "b", "source": "1", "target": "3"},
                {"id": "c", "source": "note", "target": "3"},
            ],
        }
    )
    assert list(definition.nodes) == ["1", "2", "3"]
    assert [node.name for node in definition.nodes.values()] == ["First", "x", "y"]
    assert definition.entry_points == ("2",)
    assert [edge.id for edge in definition.edges] == ["a", "b"]
    assert definition.settings == RunSettings(300_000, 10)


@pytest.mark.parametrize(
    ("raw", "entry_points"),
    [
        (graph("a b", "a>b", entryPoint="b"), ("b",)),
        (graph("a b:input c:input", "a>b", entryPoint="a"), ("a", "b", "c")),
        (graph("a b:trigger", "b>a"), ("b",)),
        (graph("a b c", "b>a a>c"), ("b",)),
        (graph("a b", "a>b", entryPoint="nope"), ("a",)),
        (graph("x l:loop", "l-body>x x>l"), ("l",)),
    ],
)
def test_entry_point_is_the_named_one_else_an_input_else_a_root(
    raw: dict[str, Any], entry_points: tuple[str, ...]
) -> None:
    assert parsed(raw).entry_points == entry_points


def test_unknown_entry_point_is_a_warning() -> None:
    codes = [warning.code for warning in warnings_of(graph("a", "", entryPoint="b"))]
    assert "UNKNOWN_ENTRY_POINT" in codes


@pytest.mark.parametrize(
    ("type_name", "handle", "read"),
    [
        ("loop", "body", "body"),
        ("loop", "output-body", "body"),
        ("loop", "loop-body", "body"),
        ("loop", "done", "done"),
        ("loop", "exit", "done"),
        ("loop", "output-done", "done"),
        ("loop", "loop-exit", "done"),
        ("loop", None, None),
        ("loop", "", None),
        ("conditional", True, "true"),
        ("conditional", "False", "false"),
        ("switch", 1, "1"),
        ("switch", "case-x", "case-x"),
        ("step", "output", "output"),
    ],
)
def test_handles_have_one_spelling(type_name: str, handle: Any, read: str | None) -> None:
    raw = graph(f"a:{type_name} b c", "a-body>c")
    raw["edges"].append({"source": "a", "target": "b", "sourceHandle": handle})
    assert parsed(raw).edges[1].handle == read


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        ({"onError": {"strategy": "continue"}}, OnError("continue")),
        ({"onError": "continue"}, OnError("continue")),
        ({"config": {"onError": {"strategy": "fail"}}}, OnError("fail")),
        ({"errorStrategy": "fallback", "outputOnError": 1}, OnError("fallback", 1)),
        ({"config": {"errorStrategy": "goto", "gotoNodeId": "b"}}, OnError("goto", None, "b")),
        ({"config": {"fallbackNodeId": "b"}}, OnError("goto", None, "b")),
        (
            {"config": {"errorStrategy": "fallback", "fallbackNodeId": "b"}},
            OnError("goto", None, "b"),
        ),
        ({"onError": {"fallbackValue": []}}, OnError("fallback", [])),
        ({"onError": None}, None),
        ({"onError": {"strategy": "fallback"}}, OnError("fallback", None)),
    ],
)
def test_error_rule_is_read_in_all_spellings(node: dict[str, Any], rule: OnError | None) -> None:
    raw = graph("a b", "a>b")
    raw["nodes"]["a"] = {"type": "step", **node}
    definition = parsed(raw)
    assert definition.nodes["a"].on_error == rule
    assert definition.nodes["a"].config == {}


def test_rules_are_taken_out_of_the_configuration() -> None:
    raw = graph("a b", "a>b")
    raw["nodes"]["a"]["config"] = {"x": 1, "retry": {"maxAttempts": 2}, "onError": "continue"}
    node = parsed(raw).nodes["a"]
    assert node.config == {"x": 1}
    assert node.retry == RetryRules(max_attempts=2)


def test_retry_delays_grow_up_to_their_bound() -> None:
    rules = RetryRules(9, 100, 1000, 3)
    assert [rules.delay_ms(n) for n in (1, 2, 3, 4, 10_000)] == [100, 300, 900, 1000, 1000]


def test_null_fields_are_absent() -> None:
    raw = {
        "name": None,
        "description": None,
        "settings": None,
        "entryPoint": None,
        "nodes": {"a": {"type": "step", "name": None, "config": None, "retry": None}},
        "edges": None,
    }
    definition = parsed(raw)
    assert definition.nodes["a"].name == "step"
    assert definition.nodes["a"].config == {}
    assert definition.settings == RunSettings()


def test_reading_changes_nothing() -> None:
    import copy

    before = copy.deepcopy(OBJECT_FORM)
    parsed(OBJECT_FORM)
    assert before == OBJECT_FORM


def test_rendering_and_parsing_again_gives_the_same() -> None:
    definition = parsed(OBJECT_FORM)
    assert parsed(render_definition(definition)) == definition


WORDS = st.text(alphabet="abcxyz-_1", min_size=1, max_size=4)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    ids = draw(st.lists(WORDS, min_size=1, max_size=6, unique=True))
    nodes = {
        node: {
            "type": draw(st.sampled_from(["step", "input", "output", "conditional", "switch"])),
            "name": draw(WORDS),
            "config": draw(st.dictionaries(WORDS, st.integers() | st.text(), max_size=2)),
            "onError": draw(
                st.sampled_from(
                    [
                        None,
                        "continue",
                        {"strategy": "goto", "gotoNode": ids[-1]},
                        {"outputOnError": 1},
                    ]
                )
            )
            if node != ids[-1]
            else None,
            "retry": draw(st.none() | st.just({"maxAttempts": 4, "backoffMultiplier": 1.5})),
        }
        for node in ids
    }
    pairs = st.tuples(st.integers(0, len(ids) - 1), st.integers(0, len(ids) - 1))
    edges = [
        {
            "source": ids[min(pair)],
            "target": ids[max(pair)],
            "sourceHandle": draw(st.sampled_from([None, "true", "false", "case-a", "error"])),
        }
        for pair in draw(st.lists(pairs, max_size=10))
        if pair[0] != pair[1]
    ]
    return {"name": draw(WORDS), "nodes": nodes, "edges": edges, "settings": {"timeout": 5}}


@given(definitions())
@settings(deadline=None)
def test_every_definition_survives_rendering(raw: dict[str, Any]) -> None:
    definition = parsed(raw)
    again = parsed(render_definition(definition))
    assert again == definition
    assert again.regions == definition.regions


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "type",
                    "source",
                    "target",
                    "config",
                    "data",
                    "strategy",
                    "retry",
                    "onError",
                    "a",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("name", "version", "nodes", "edges", "settings", "entryPoint", "description"), ANYTHING
        ),
    )
)
@settings(deadline=None)
def test_no_shape_raises_anything_but_an_invalid_definition(raw: dict[str, Any]) -> None:
    try:
        parse_definition(raw, Types())
    except InvalidDefinition as error:
        assert str(error)  # noqa: PT017
